import fc from 'fast-check';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const megabyte = 1024 * 1024;
const observation = JSON.stringify({
  ...{ resourceType: 'Observation', id: 'o', status: 'final', subject: { reference: 'Patient/p' } },
  code: { coding: [{ system: 'http://loinc.org', code: '2345-7' }], text: 'Glucose' },
  ...{ effectiveDateTime: '2026-11-20T00:00:00Z', valueQuantity: { value: 5.5, unit: 'mg/dL' } },
});
const bundleOf = (entries: string): string => `{"resourceType":"Bundle","type":"searchset","entry":[${entries}]}`;
const times = (text: string, count: number, between = ''): string => Array.from({ length: count }, () => text).join(between);

/** Bodies that have stopped somebody's server. None of them says anything about a patient. */
export const bombs: Readonly<Record<string, string>> = {
  'brackets, 3.9 MB': '['.repeat(3.9 * megabyte),
  'brackets that close': `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  'objects, 100,000 deep': `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  'extensions, 3.9 MB deep': `{"resourceType":"Patient","id":"p","extension":${'[{"extension":'.repeat(250_000)}`,
  '10 MB': bundleOf(times(`{"resource":${observation}}`, Math.ceil((10 * megabyte) / observation.length), ',')),
  'a string of 10 MB': `{"resourceType":"Patient","id":"p","name":[{"family":"${'x'.repeat(10 * megabyte)}"}]}`,
  'escapes, 3 MB': `{"resourceType":"Patient","id":"p","name":[{"family":"${'\\\\'.repeat(1.5 * megabyte)}"}]}`,
  'two million numbers': `{"resourceType":"Bundle","entry":[${times('1', 1_900_000, ',')}]}`,
  'empty objects': bundleOf(times('{}', 900_000, ',')),
  'one key a million times': `{${times('"resourceType":"Patient"', 150_000, ',')}}`,
  'a number of 3 MB': `{"resourceType":"Patient","id":${'9'.repeat(3 * megabyte)}}`,
  'as many resources as there may be': bundleOf(
    times(`{"resource":${observation}}`, Math.floor((3.8 * megabyte) / (observation.length + 15)), ','),
  ),
};

const names = fc.constantFrom(
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'length', 'resourceType', 'id', 'entry', 'resource'],
  ...[
    'link',
    'url',
    'subject',
    'reference',
    'code',
    'coding',
    'text',
    'status',
    'valueQuantity',
    'value',
    'referenceRange',
    'meta',
    'contained',
  ],
);
const texts = fc.constantFrom(
  '',
  'Patient',
  'Patient/p',
  '#p',
  'p',
  '__proto__',
  '\u0000',
  '\ud800',
  'x'.repeat(5_000),
  '-1e999',
  '2026-13-45',
  'http://127.0.0.1:1/',
);
const { value: wrong } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(null, true, false, 0, -1, 1e308, '', [], {}),
    texts,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 4 }),
  ),
}));

export { wrong };

/** Where in a value: a path of its own choice, so that it goes down wherever there is something. */
const paths = fc.array(fc.nat(20), { minLength: 1, maxLength: 7 });
const damages = fc.constantFrom('replace', 'remove', 'twice', 'wrap', 'name');

/** A valid value, damaged in some places: what it still is, is what makes it pass the first checks. */
export const damaged = (whole: object): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(paths, damages, wrong, names), { minLength: 1, maxLength: 4 })
    .map((all) =>
      all.reduce<string>((text, [path, damage, value, name]) => damage1(text, path, damage, value, name), JSON.stringify(whole)),
    );

function damage1(text: string, path: readonly number[], damage: string, value: Json, name: string): string {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return text;
  }
  // An own member of the name __proto__ is what a parser makes of it; an assignment would not.
  const put = (target: object, key: string | number, given: unknown) =>
    Object.defineProperty(target, key, { value: given, enumerable: true, configurable: true, writable: true });
  let at = root;
  for (const [step, choice] of path.entries()) {
    if (typeof at !== 'object' || at === null) break;
    const keys = Object.keys(at);
    const key = keys[choice % Math.max(1, keys.length)];
    if (key === undefined) break;
    const below = (at as Record<string, unknown>)[key];
    if (step < path.length - 1 && typeof below === 'object' && below !== null && Object.keys(below).length > 0) {
      at = below;
      continue;
    }
    if (damage === 'replace') put(at, key, value);
    if (damage === 'remove') delete (at as Record<string, unknown>)[key];
    if (damage === 'wrap') put(at, key, [below, value]);
    if (damage === 'name' && !Array.isArray(at)) put(at, name, value);
    // The same key once more, with another value: only in text.
    if (damage === 'twice') return JSON.stringify(root).replace(`"${key}":`, `"${key}":${JSON.stringify(value)},"${key}":`);
    break;
  }
  return JSON.stringify(root);
}
