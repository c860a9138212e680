import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compose, retrieve } from '../../src/assist/index.ts';
import { linkPatients, putResource, putTimeline } from '../../src/canonical/effects.ts';
import { createCanonical } from '../../src/canonical/index.ts';
import { systemClock } from '../../src/clock/system.ts';
import { createFhirClient, createHttp } from '../../src/fhir/client/index.ts';
import type { Model } from '../../src/model/index.ts';
import { deadlineGuard } from '../../src/runtime/ehr-deadline.ts';
import { stores } from '../canonical/store.ts';
import { openEhr, type Scope, sixScopes } from '../sandbox/ehr/open.ts';

const now = Date.now();
const resource = (patient: string, id: string, body: object) => putResource({ id, ...body } as never, { version: 1, now, patient });

async function opened(scope: Scope) {
  const store = await (stores['SQLite'] as NonNullable<(typeof stores)[string]>)();
  scope.after(() => store.remove());
  const canonical = createCanonical(store.state);
  const signal = new AbortController().signal;
  return { store, known: (id: string) => retrieve(id, { canonical, client: undefined, clock: systemClock, perReadMs: 1_000, signal }) };
}

test('the newest result and the last event are read, however many there are and whatever their ids', async (t) => {
  const { store, known } = await opened(t);
  await store.apply(...resource('p', 'p', { resourceType: 'Patient' }));
  const lab = (n: number) => {
    const value = { effectiveDateTime: new Date(now - (300 - n) * 3_600_000).toISOString(), valueQuantity: { value: n, unit: 'mmol/L' } };
    return resource('p', `o${String(n).padStart(4, '0')}`, { resourceType: 'Observation', code: { text: 'Potassium' }, ...value });
  };
  await store.apply(...Array.from({ length: 300 }, (_, n) => lab(n)).flat());
  const event = (n: number) =>
    putTimeline({
      ...{
        patient: 'p',
        event_id: `e${n}`,
        occurred_at: now - 1_000_000 + n,
        sequence: n,
        recorded_at: now,
        sender: 's',
        message_id: `m${n}`,
      },
      ...{ type: n === 599 ? 'Transfer' : 'Update', encounter: null, facility: null, ward: null, room: null, bed: null, cancels: null },
    });
  await store.apply(...Array.from({ length: 600 }, (_, n) => event(n)));
  const found = await known('p');
  assert.ok(found);
  assert.ok(
    found.resources.some(({ resource: { id } }) => id === 'o0299'),
    'the newest result',
  );
  assert.deepEqual([found.events.map(({ type }) => type), found.gaps], [['Transfer'], []]);
});

test('of a merged patient both names are taken out before a model is asked', async (t) => {
  const { store, known } = await opened(t);
  const named = (id: string, family: string) => resource(id, id, { resourceType: 'Patient', name: [{ family }] });
  const note = { resourceType: 'Condition', code: { text: 'Asthma of Zzbefore' } };
  await store.apply(...named('a', 'Zznow'), ...named('b', 'Zzbefore'), ...resource('b', 'c1', note));
  await store.apply(linkPatients('b', 'a'));
  const found = await known('a');
  assert.ok(found);
  assert.ok(found.resources.some(({ resource: { id } }) => id === 'c1'));
  const told: string[] = [];
  const model: Model = {
    ...{ provider: 'p', name: 'm', version: '1' },
    async *stream(request) {
      told.push(JSON.stringify(request));
      yield { kind: 'end', reason: 'stop', usage: { inputTokens: 0, outputTokens: 0 } };
    },
  };
  const signal = new AbortController().signal;
  const question = 'How is Zznow, once Zzbefore?';
  for await (const _ of compose({ task: 'assist', question, retrieved: found, model, now, maxOutputTokens: 10, signal }));
  assert.match(told.join(''), /Asthma of \[NAME-\d\]/);
  assert.doesNotMatch(told.join(''), /Zz/);
});

test('the number by which a patient is looked for at the EHR stands in no URL', async (t) => {
  const { ehr, backend } = await openEhr(t);
  const identifier = { system: 'urn:id:HOSP', value: 'ZZMRN' };
  const there = ehr.store.create({ resourceType: 'Patient', identifier: [identifier] } as never);
  const { store } = await opened(t);
  await store.apply(...resource('p', 'p', { resourceType: 'Patient', identifier: [identifier] }));
  const [inner, urls, token] = [createHttp({ timeoutMs: 10_000 }), [] as string[], await (await backend()).token(sixScopes)];
  t.after(() => inner.close());
  const client = createFhirClient({
    ...{ base: ehr.fhirBase, clock: systemClock, guard: deadlineGuard(systemClock) },
    http: {
      send(request) {
        urls.push(request.url);
        return inner.send(request);
      },
      close: async () => {},
    },
    tokens: { get: async () => token.value, refused: () => false },
  });
  const signal = new AbortController().signal;
  const found = await retrieve('p', { canonical: createCanonical(store.state), client, clock: systemClock, perReadMs: 10_000, signal });
  assert.deepEqual([found?.atEhr?.id, found?.gaps], [there.id, []]);
  assert.ok(urls.length > 5);
  assert.doesNotMatch(urls.join(), /ZZMRN/);
});
