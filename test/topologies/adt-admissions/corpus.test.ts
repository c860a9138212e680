import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Encounter } from '../../../src/fhir/r4.ts';
import { adtEvents, parse, readAdt, validateHeader } from '../../../src/hl7/index.ts';
import { structureProblems } from '../../fhir/structure.ts';
import { PatientRun } from './run.ts';

/** One folder a scenario: messages of one patient as bytes, in order of sending, and what comes of them. */
interface Expected {
  readonly about: string;
  /** Members that must be there; `null`: must not. Arrays whole. */
  readonly patient?: object;
  /** In order of their first event. `stays` as `PatientRun.stays` writes them. */
  readonly encounters?: readonly (object & { readonly stays?: readonly string[] })[];
  /** `<type> <ward/room/bed>` by event time. */
  readonly timeline?: readonly string[];
  /** Control id of a cancellation → of what it takes back. */
  readonly cancels?: Readonly<Record<string, string>>;
  readonly locations?: readonly string[];
  readonly skipped?: readonly string[];
  /** Code of each message's first finding at ingress. */
  readonly refused?: readonly string[];
}

const root = new URL('../../corpus/adt/', import.meta.url);
const scenarios = readdirSync(root).sort();
const messagesOf = (name: string): Buffer[] =>
  readdirSync(new URL(`${name}/`, root))
    .filter((file) => file.endsWith('.hl7'))
    .sort()
    .map((file) => readFileSync(new URL(`${name}/${file}`, root)));

function includes(actual: unknown, expected: unknown, path: string): void {
  if (expected === null || typeof expected !== 'object') {
    assert.equal(actual, expected ?? undefined, path);
    return;
  }
  assert.ok(typeof actual === 'object' && actual !== null, `${path} is missing`);
  if (Array.isArray(expected)) assert.equal((actual as unknown[]).length, expected.length, `${path}: length`);
  for (const [name, value] of Object.entries(expected)) includes((actual as Record<string, unknown>)[name], value, `${path}.${name}`);
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

function check(run: PatientRun, expected: Expected): void {
  for (const type of ['Patient', 'RelatedPerson', 'Encounter', 'Location', 'AllergyIntolerance', 'Condition']) {
    for (const resource of run.resources<{ resourceType: string; id?: string }>(type)) assert.deepEqual(structureProblems(resource), []);
  }
  const timeline = run.timeline;
  if (expected.patient) includes(run.patient, expected.patient, 'Patient');
  if (expected.encounters) {
    const order = timeline.map((row) => row.encounter);
    const found = [...run.encounters].sort((a, b) => order.indexOf(a.id as string) - order.indexOf(b.id as string));
    assert.equal(found.length, expected.encounters.length, 'encounters');
    for (const [index, { stays, ...members }] of expected.encounters.entries()) {
      includes(found[index], members, `Encounter ${index}`);
      if (stays) assert.deepEqual(run.stays(found[index] as Encounter), stays);
    }
  }
  const told = timeline.map((row) =>
    [row.type, [row.ward, row.room, row.bed].filter((part) => part !== null).join('/')].filter((text) => text !== '').join(' '),
  );
  if (expected.timeline) assert.deepEqual(told, expected.timeline);
  for (const [cancel, target] of Object.entries(expected.cancels ?? {})) {
    const by = (id: string) => timeline.find((row) => row.message_id === id);
    assert.equal(by(cancel)?.cancels, by(target)?.event_id, `${cancel} takes back ${target}`);
  }
  if (expected.locations) assert.deepEqual(run.locations.map((each) => each.name).sort(), expected.locations);
  assert.deepEqual([...run.skipped].sort(), expected.skipped ?? []);
}

describe('ADT corpus', () => {
  it('has at least seventy messages of all events taken', () => {
    const events = scenarios.flatMap(messagesOf).map((bytes) => /EVN.(A\d\d)/.exec(bytes.toString('latin1'))?.[1]);
    assert.ok(events.length >= 70);
    assert.deepEqual([...new Set(events)].filter((event) => adtEvents.has(event ?? '')).sort(), [...adtEvents].sort());
  });

  for (const name of scenarios) {
    const expected = JSON.parse(readFileSync(new URL(`${name}/expected.json`, root), 'utf8')) as Expected;
    const messages = messagesOf(name);
    if (expected.refused) {
      it(`${name}: ${expected.about}`, () => {
        const codes = messages.map((bytes) => {
          const message = parse(bytes);
          return [...validateHeader(message), ...readAdt(message, { events: adtEvents, zone: 'UTC' }).findings][0]?.code;
        });
        assert.deepEqual(codes, expected.refused);
      });
      continue;
    }
    it(`${name}: ${expected.about}, in every order of arrival`, async () => {
      for (const order of permutations(messages)) {
        const run = await new PatientRun().send(...order);
        check(run, expected);
      }
    });
  }
});
