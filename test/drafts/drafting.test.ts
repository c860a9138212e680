import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/clock/system.ts';
import { createDrafting } from '../../src/drafts/drafting.ts';
import { error } from '../../src/errors/index.ts';
import { createSqliteJobs } from '../../src/jobs/sqlite/jobs.ts';
import { createModel } from '../../src/model/index.ts';
import { createSqliteState } from '../../src/state/sqlite/state.ts';
import { silentTelemetry as telemetry } from '../../src/telemetry/port.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { temporaryDatabase } from '../sqlite/temporary.ts';

const job = { jobId: 'j1', patientId: 'p', type: 'clinical-draft', requestedBy: 'c', requestedAt: 1 };
const document = { resourceType: 'DocumentReference', identifier: [{ system: 's', value: 'v' }] };

test('a document that the EHR says is there, but not where, ends its job without a reference that leads nowhere', async (t) => {
  const { database, remove } = temporaryDatabase();
  t.after(remove);
  await createSqliteState({ database }).migrate();
  const model = createModel({ provider: 'builtin' }, { clock: systemClock, telemetry });
  const client = { base: 'http://x', create: async () => ({ created: false }) } as never;
  const drafting = createDrafting({
    jobs: createSqliteJobs({ database }),
    canonical: undefined as never,
    client,
    model,
    clock: systemClock,
    telemetry,
  });
  assert.deepEqual(await drafting.begin(job), {});
  await drafting.keep(job, document as never, '{}');
  const { status, document: reference } = await drafting.file(job, document as never, new AbortController().signal);
  assert.deepEqual([status, reference], ['succeeded', null]);
});

test('a Provenance that fails is owed and tried again, for what may pass; an answer that is lost makes no twin; the draft is there at once', async (t) => {
  const { database, remove } = temporaryDatabase();
  t.after(remove);
  await createSqliteState({ database }).migrate();
  const { jobs, clock } = { jobs: createSqliteJobs({ database }), clock: new VirtualClock() };
  const there = new Map<string, string>();
  let failing: 'AORTA_EHR_004' | 'AORTA_EHR_005' | 'lost' | undefined = 'AORTA_EHR_004';
  let [asked, owed] = [0, ''];
  const attests = {
    base: 'http://x',
    async create({ resourceType }: { resourceType: string }, condition: string) {
      asked++;
      owed = condition;
      if (failing !== undefined && failing !== 'lost') throw error(failing, { what: 'create Provenance', status: 500 });
      const created = !there.has(condition);
      there.set(condition, resourceType);
      if (failing === 'lost') throw error('AORTA_EHR_004', { what: 'create Provenance', status: 502 });
      return { created, id: 'pr' };
    },
  };
  const drafting = createDrafting({
    ...{ jobs, canonical: undefined as never, clock, telemetry, attests: attests as never },
    client: { base: 'http://x', create: async () => ({ created: true, id: 'd1' }) } as never,
    model: createModel({ provider: 'builtin' }, { clock, telemetry }),
  });
  const provenance = JSON.stringify({ model: {}, prompt: {}, usage: {}, cited: [] });
  const draft = async (jobId: string) => {
    await drafting.begin({ ...job, jobId });
    await drafting.keep({ ...job, jobId }, document as never, provenance);
    return drafting.file({ ...job, jobId }, document as never, new AbortController().signal);
  };
  const sweep = async (afterMs: number) => {
    await clock.advance(afterMs);
    for (const due of await jobs.unattested(clock.now(), clock.now() + 120_000, 10)) await drafting.attest(due);
  };
  assert.equal((await draft('j1')).status, 'succeeded');
  assert.deepEqual([asked, owed, (await jobs.find('j1'))?.attested], [1, 'target=DocumentReference/d1', null]);
  failing = 'lost';
  await sweep(30_000);
  assert.equal(asked, 1, 'not yet');
  await sweep(50_000);
  assert.deepEqual([asked, there.size, (await jobs.find('j1'))?.attested], [2, 1, null]);
  failing = undefined;
  await sweep(200_000);
  assert.deepEqual([asked, there.size, (await jobs.find('j1'))?.attested], [3, 1, 'Provenance/pr']);

  failing = 'AORTA_EHR_005';
  assert.equal((await draft('j2')).status, 'succeeded');
  await sweep(86_400_000);
  assert.deepEqual([asked, (await jobs.find('j2'))?.attestDue], [4, null], 'what is refused is not asked again');
  failing = 'AORTA_EHR_004';
  assert.equal((await draft('j3')).status, 'succeeded');
  for (let hours = 0; hours < 9 * 24; hours++) await sweep(3_600_000);
  assert.ok(asked > 100 && asked < 200, `${asked}`);
  assert.equal((await jobs.find('j3'))?.attestDue, null, 'given up after a week');
});
