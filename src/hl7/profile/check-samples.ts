import { isRecord, type Problems, path, shown, strange } from './check-values.ts';

const texts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === 'string');
const isText = (value: unknown): boolean => typeof value === 'string';

const facts: Readonly<Record<string, readonly [is: (value: unknown) => boolean, expected: string]>> = {
  ack: [(value) => value === 'AA' || value === 'AE' || value === 'AR', 'AA, AE or AR'],
  errors: [texts, 'a list of error codes'],
  skip: [isText, 'a reason'],
  event: [isText, 'a trigger event'],
  occurredAt: [(value) => isText(value) && !Number.isNaN(Date.parse(value as string)), 'a time as ISO 8601'],
  charset: [isText, 'a charset'],
  identifiers: [
    (value) => Array.isArray(value) && value.every((each) => isRecord(each) && isText(each['system']) && isText(each['value'])),
    'a list of { system, value }',
  ],
  class: [isText, 'a patient class (PV1-2)'],
  location: [(value) => isRecord(value) && strange(value, ['ward', 'room', 'bed'], '').length === 0, '{ ward, room, bed }'],
  fields: [
    (value) => isRecord(value) && Object.entries(value).every(([place, text]) => path(place) && (text === null || isText(text))),
    'texts (or null) by path',
  ],
  extensions: [(value) => isRecord(value) && Object.values(value).every(isText), 'texts by URL'],
  unknownSegments: [texts, 'a list of names'],
};

export function sampleProblems(value: unknown, key: string): Problems {
  if (!Array.isArray(value)) return [`${key}: expected a list`];
  return value.flatMap((sample: unknown, n) => {
    const at = `${key}[${n}]`;
    if (!isRecord(sample)) return [`${at}: expected { file, expect }`];
    const { file, expect } = sample;
    const found = strange(sample, ['file', 'expect'], at);
    if (typeof file !== 'string' || file === '' || file.startsWith('/') || file.split(/[\\/]/).includes('..'))
      found.push(`${at}.file: expected a path below the profile's folder, got ${shown(file)}`);
    if (!isRecord(expect)) return [...found, `${at}.expect: expected { ack, … }`];
    found.push(...strange(expect, Object.keys(facts), `${at}.expect`));
    if (expect['ack'] === undefined) found.push(`${at}.expect.ack is missing`);
    for (const [name, [is, expected]] of Object.entries(facts))
      if (expect[name] !== undefined && !is(expect[name])) found.push(`${at}.expect.${name}: expected ${expected}`);
    return found;
  });
}
