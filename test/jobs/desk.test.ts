import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../src/clock/system.ts';
import { createDesk, type Desk } from '../../src/jobs/desk.ts';
import type { Job, Jobs } from '../../src/jobs/port.ts';
import { createSqliteJobs } from '../../src/jobs/sqlite/jobs.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { Scope } from '../sandbox/ehr/open.ts';
import { temporaryDatabase } from '../sqlite/temporary.ts';

function open(
  scope: Scope,
  { mostOpen = 100, attest }: { mostOpen?: number; attest?: (job: Job) => Promise<void> } = {},
): { desk: Desk; jobs: Jobs; appended: string[]; log: { away: boolean }; clock: VirtualClock } {
  const { database, remove } = temporaryDatabase();
  scope.after(remove);
  const jobs = createSqliteJobs({ database });
  const [appended, log, clock]: [string[], { away: boolean }, VirtualClock] = [[], { away: false }, new VirtualClock()];
  const append = async ({ id }: { id: string }) => {
    if (log.away) throw new Error('the log is away');
    appended.push(id);
  };
  return {
    desk: createDesk({
      ...{ jobs, append, abort: () => {}, clock, random: systemRandom, telemetry: silentTelemetry, mostOpen },
      ...(attest ? { attest } : {}),
    }),
    jobs,
    appended,
    log,
    clock,
  };
}
const asked = { type: 'clinical-draft', patientId: 'p', client: 'c', key: 'k' };
const code = (wanted: string) => (thrown: { code?: string }) => thrown.code === wanted;

test('a job is taken when it is in the log; while the log is away nobody is told so, and asking again finishes it', async (t) => {
  const { desk, appended, log } = open(t);
  log.away = true;
  await assert.rejects(desk.ask(asked));
  assert.deepEqual(appended, []);
  log.away = false;
  const job = await desk.ask(asked);
  assert.deepEqual(appended, [job.id]);
  assert.equal((await desk.ask(asked)).id, job.id);
  assert.equal(appended.length, 1, 'not again, once it is known to be there');
});

test('what was stored and never got into the log is appended by the next start, and by nobody who asks again meanwhile', async (t) => {
  const { desk, appended, log } = open(t);
  log.away = true;
  await assert.rejects(desk.ask(asked));
  log.away = false;
  await desk.start();
  assert.equal(appended.length, 1);
  await desk.stop();
});

test('keys are of who sends them: the same key of another client is another job', async (t) => {
  const { desk } = open(t);
  const [one, other] = [await desk.ask(asked), await desk.ask({ ...asked, client: 'd' })];
  assert.notEqual(one.id, other.id);
  await assert.rejects(desk.ask({ ...asked, patientId: 'q' }), code('AORTA_JOB_001'));
  assert.notEqual((await desk.ask({ ...asked, key: undefined })).id, (await desk.ask({ ...asked, key: undefined })).id);
});

test('a client has so many jobs open and no more; those that ended do not count, and asking again is always answered', async (t) => {
  const { desk } = open(t, { mostOpen: 2 });
  const first = await desk.ask(asked);
  await desk.ask({ ...asked, key: 'k2' });
  await assert.rejects(desk.ask({ ...asked, key: 'k3' }), code('AORTA_JOB_003'));
  assert.equal((await desk.ask(asked)).id, first.id);
  await desk.ask({ ...asked, client: 'd', key: 'k3' });
  await desk.cancel(first.id);
  await desk.ask({ ...asked, key: 'k3' });
});

test('a Provenance that a job owes is tried when it is due', async (t) => {
  const tried: string[] = [];
  const { desk, jobs, clock } = open(t, { attest: async (job) => void tried.push(job.id) });
  const { id } = await desk.ask(asked);
  await jobs.start({ ...((await desk.find(id)) as Job) }, clock.now());
  await jobs.finish(id, { status: 'succeeded', document: 'd', attestDue: clock.now() + 5_000 }, clock.now());
  await desk.start();
  assert.deepEqual(tried, []);
  await clock.advance(10_000);
  for (let tries = 0; tried.length === 0 && tries < 400; tries++) await new Promise((resolve) => setTimeout(resolve, 25));
  await desk.stop();
  assert.deepEqual(tried, [id]);
});

test('what a document at the EHR was made from, and who stands for it, is kept as long as the document may be looked at', async (t) => {
  const { desk, jobs, clock, appended } = open(t);
  const { id } = await desk.ask(asked);
  await jobs.start({ ...((await desk.find(id)) as Job) }, clock.now());
  await jobs.advance(id, { phase: 'writing', progress: 80, draft: '{"text":"a"}', provenance: '{"made":"from"}' }, clock.now());
  await jobs.finish(id, { status: 'succeeded', document: 'DocumentReference/d' }, clock.now());
  await desk.approve(id, 'dr-a');
  const failed = await desk.ask({ ...asked, key: 'failed' });
  await jobs.start(failed, clock.now());
  await jobs.finish(failed.id, { status: 'failed', code: 'X' }, clock.now());
  await clock.advance(40 * 86_400_000);
  await desk.start();
  await desk.stop();
  const kept = await desk.find(id);
  assert.deepEqual([kept?.provenance, kept?.approvedBy, kept?.document], ['{"made":"from"}', 'dr-a', 'DocumentReference/d']);
  assert.equal(kept?.draft, null, 'the text is at the EHR');
  assert.equal(await desk.find(failed.id), undefined, 'nothing was sent');
  const again = await desk.ask(asked);
  assert.deepEqual([again.id, again.status, again.document], [id, 'succeeded', 'DocumentReference/d']);
  assert.equal((await jobs.start(again, clock.now())).status, 'succeeded', 'also when the log has it again');
  assert.equal(appended.length, 2, 'and it is not asked for again');
});
