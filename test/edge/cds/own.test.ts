import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Canonical, createCanonical, putResource } from '../../../src/canonical/index.ts';
import { systemClock } from '../../../src/clock/system.ts';
import { ownRecord } from '../../../src/edge/cds/own.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { stores } from '../../canonical/store.ts';
import { patientsOf } from '../../sandbox/ehr/open.ts';
import { openCds } from './open.ts';

const mrn = (value: string) => ({ system: 'urn:oid:1.2', value });
const person = (id: string, ...identifiers: ReturnType<typeof mrn>[]) =>
  putResource({ resourceType: 'Patient', id, identifier: identifiers } as never, { version: 1, now: 1_000, patient: id });

const options = { clock: systemClock, ms: 60_000, failed: assert.ifError };

test("our own record is found by the EHR's identifiers, and two people behind them are nobody", async (t) => {
  const store = await (stores['SQLite'] as NonNullable<(typeof stores)[string]>)();
  t.after(() => store.remove());
  const canonical = createCanonical(store.state);
  const task = { resourceType: 'Task', id: 't1', status: 'requested' } as never;
  await store.apply(...person('A', mrn('1')), ...person('B', mrn('2')), ...putResource(task, { version: 1, now: 1_000, patient: 'A' }));
  const of = async (...identifier: object[]) =>
    (await ownRecord(canonical, { resourceType: 'Patient', id: 'x', identifier } as never, options)).record;
  const own = await of(mrn('1'), mrn('99'), { value: 'no system' });
  assert.equal(own?.patientId, 'A');
  assert.deepEqual(
    (await own?.resources('Task'))?.map(({ id }) => id),
    ['t1'],
  );
  assert.equal(await of(mrn('1'), mrn('2')), undefined);
  assert.equal(await of(mrn('3')), undefined);
  assert.equal(await of(), undefined);
  assert.equal((await ownRecord(canonical, undefined, options)).record, undefined);
});

test('a store that fails or hangs costs what it did not give, which is named; all its answers share one bound', async () => {
  const clock = new VirtualClock();
  const hangs = () => new Promise<never>(() => {});
  const patient = { resourceType: 'Patient', id: 'x', identifier: [mrn('1')] } as never;
  const failures: unknown[] = [];
  const of = (canonical: Partial<Canonical>) =>
    ownRecord(canonical as Canonical, patient, { clock, ms: 1_000, failed: (thrown) => failures.push(thrown) });
  const nobody = of({ identified: hangs });
  await clock.advance(1_000);
  const { record, gaps } = await nobody;
  assert.deepEqual([record, gaps(), failures.length], [undefined, ['record'], 1]);

  const page = { resources: [{ resourceType: 'Task', id: 't' }], cursor: 'next' } as never;
  const own = await of({
    identified: async () => ['A'],
    search: async (type, query) => {
      if (type === 'Observation') throw new Error('the disk is full');
      return query?.cursor === undefined ? page : hangs();
    },
  });
  assert.deepEqual(await own.record?.resources('Observation'), []);
  const tasks = own.record?.resources('Task');
  await clock.advance(1_000);
  assert.deepEqual(
    (await tasks)?.map(({ id }) => id),
    ['t'],
  );
  assert.deepEqual(await own.record?.resources('Condition'), []);
  assert.deepEqual(own.gaps(), ['Observation', 'Task', 'Condition']);
});

test('a chart review of which the store gave nothing says so in its cards', async (t) => {
  const canonical = { identified: async () => Promise.reject(new Error('the disk is full')) } as never;
  const { url, ehr, metric } = await openCds(t, { canonical });
  let cards: { detail: string }[] = [];
  for (const patientId of patientsOf(ehr)) {
    ({ cards } = (await ehr.cds.call({ base: url, service: 'chart-review', patientId })).body as { cards: typeof cards });
    if (cards.length > 0) break;
  }
  assert.match(cards[0]?.detail ?? '', /Not read completely: Aorta's own record\.$/);
  assert.ok((await metric('aorta_cds_calls_total', { outcome: 'incomplete' })) > 0);
});

test('our own record is read to its end: the newest result is in it, and beyond the bound it says that there is more', async (t) => {
  const store = await (stores['SQLite'] as NonNullable<(typeof stores)[string]>)();
  t.after(() => store.remove());
  const canonical = createCanonical(store.state);
  const results = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) =>
      putResource({ resourceType: 'Observation', id: `o${String(from + n).padStart(5, '0')}` } as never, {
        version: 1,
        now: 1_000,
        patient: 'A',
      }),
    ).flat();
  await store.apply(...person('A', mrn('1')), ...results(0, 700));
  const of = async () => {
    const { record, gaps } = await ownRecord(canonical, { resourceType: 'Patient', id: 'x', identifier: [mrn('1')] } as never, options);
    const all = await record?.resources('Observation');
    await record?.resources('Observation');
    await record?.resources('Task');
    return { all, gaps: gaps() };
  };
  const whole = await of();
  assert.deepEqual([whole.all?.length, whole.all?.at(-1)?.id, whole.gaps], [700, 'o00699', []]);
  await store.apply(...results(700, 2_100));
  const part = await of();
  assert.deepEqual([part.all?.length, part.gaps], [2_000, ['Observation']]);
});

test('a chart review says what Aorta heard by itself: a critical result, an allergy that conflicts, and open discharge tasks', async (t) => {
  const store = await (stores['SQLite'] as NonNullable<(typeof stores)[string]>)();
  t.after(() => store.remove());
  const canonical = createCanonical(store.state);
  const { url, ehr } = await openCds(t, { canonical });
  const patientId = patientsOf(ehr).find((id) => {
    const drugs = ehr.store.search('MedicationRequest', new URLSearchParams({ patient: id, status: 'active' }));
    return drugs.some((each) => JSON.stringify(each).includes('Simvastatin'));
  });
  const identifiers = (ehr.store.read('Patient', patientId ?? '') as unknown as { identifier: ReturnType<typeof mrn>[] }).identifier;
  const put = (resource: object) => putResource(resource as never, { version: 1, now: Date.now(), patient: 'A' });
  const hour = new Date(Date.now() - 3_600_000).toISOString();
  await store.apply(
    ...person('A', ...identifiers),
    ...put({
      ...{ resourceType: 'Observation', id: 'k', status: 'final', effectiveDateTime: hour, code: { text: 'Potassium' } },
      ...{ valueQuantity: { value: 6.9, unit: 'mmol/L' }, interpretation: [{ coding: [{ code: 'HH' }] }] },
    }),
    ...put({
      resourceType: 'AllergyIntolerance',
      id: 'al',
      code: { text: 'Simvastatin' },
      criticality: 'high',
      patient: { reference: 'Patient/A' },
    }),
    ...put({ resourceType: 'Task', id: 'done', status: 'completed', description: 'Done' }),
    ...put({
      resourceType: 'Task',
      id: 'open',
      status: 'requested',
      description: 'Medication reconciliation',
      restriction: { period: { end: '2020-01-01' } },
    }),
  );
  const { body } = await ehr.cds.call({ base: url, service: 'chart-review', patientId: patientId ?? '' });
  const { cards } = body as { cards: { summary: string; indicator: string; detail: string }[] };
  assert.deepEqual(
    cards.map(({ indicator }) => indicator),
    ['critical', 'critical', 'warning'],
  );
  assert.match(cards[0]?.summary ?? '', /^Allergy conflict: Simvastatin/);
  assert.match(cards[1]?.detail ?? '', /\*\*critical\*\* Potassium: 6\.9 mmol\/L \(high/);
  assert.match(cards[2]?.summary ?? '', /^1 discharge task pending, 1 overdue$/);
});
