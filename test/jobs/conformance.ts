import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobRequest, Jobs } from '../../src/jobs/port.ts';

export const jobRequest = (id: string, more: Partial<JobRequest> = {}): JobRequest => ({
  ...{ id, type: 'clinical-draft', patient: 'p1', client: 'c1', fingerprint: 'f1', requestedAt: 1_000, ...more },
});

/** What every adapter of port Jobs does. */
export function jobsConformance(name: string, make: () => Promise<{ open(): Promise<Jobs>; remove(): Promise<void> }>): void {
  const using = async (work: (jobs: Jobs) => Promise<void>) => {
    const { open, remove } = await make();
    const jobs = await open();
    try {
      await work(jobs);
    } finally {
      await jobs.close();
      await remove();
    }
  };

  test(`${name}: a job is made once, however many ask for it at once; what was asked for first stays`, () =>
    using(async (jobs) => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => jobs.request(jobRequest('j1', { fingerprint: `f${n}`, requestedAt: 1_000 + n }))),
      );
      assert.equal(answers.filter(({ fresh }) => fresh).length, 1);
      assert.equal(new Set(answers.map(({ job }) => job.fingerprint)).size, 1);
      assert.deepEqual(
        { ...answers[0]?.job, fingerprint: '', requestedAt: 0, updatedAt: 0 },
        {
          ...{ ...jobRequest('j1'), fingerprint: '', requestedAt: 0, updatedAt: 0, status: 'queued', phase: null, progress: 0 },
          ...{
            appended: false,
            code: null,
            draft: null,
            provenance: null,
            document: null,
            attested: null,
            attestDue: null,
            approvedBy: null,
            approvedAt: null,
          },
        },
      );
    }));

  test(`${name}: requests that are not in the log are found, oldest first, until they are`, () =>
    using(async (jobs) => {
      for (const [id, at] of [
        ['b', 2_000],
        ['a', 1_000],
        ['c', 9_000],
      ] as const)
        await jobs.request(jobRequest(id, { requestedAt: at }));
      assert.deepEqual(
        (await jobs.owed(5_000, 10)).map(({ id }) => id),
        ['a', 'b'],
      );
      assert.deepEqual(
        (await jobs.owed(5_000, 1)).map(({ id }) => id),
        ['a'],
      );
      await jobs.appended('a');
      await jobs.start(jobRequest('b'), 3_000);
      assert.deepEqual(await jobs.owed(5_000, 10), []);
    }));

  test(`${name}: runs from queued to its end, and never back`, () =>
    using(async (jobs) => {
      await jobs.request(jobRequest('j'));
      assert.equal(await jobs.advance('j', { phase: 'reading', progress: 10 }, 2), undefined, 'not before it runs');
      assert.equal((await jobs.start(jobRequest('j'), 3)).status, 'running');
      assert.equal((await jobs.start(jobRequest('j'), 4)).status, 'running', 'after a crash');
      assert.equal((await jobs.advance('j', { phase: 'drafting', progress: 40 }, 5))?.progress, 40);
      const first = await jobs.advance('j', { phase: 'writing', progress: 80, draft: 'Entwurf “ä”?', provenance: '{}' }, 6);
      assert.deepEqual([first?.draft, first?.provenance, first?.phase], ['Entwurf “ä”?', '{}', 'writing']);
      const again = await jobs.advance('j', { phase: 'writing', progress: 80, draft: 'another', provenance: '[]' }, 7);
      assert.deepEqual([again?.draft, again?.provenance], ['Entwurf “ä”?', '{}'], 'the first text stays');
      assert.equal(await jobs.cancel('j', 8), undefined, 'it may be in the EHR already');
      const end = await jobs.finish('j', { status: 'succeeded', document: 'DocumentReference/1', attestDue: 20 }, 9);
      assert.deepEqual([end?.document, end?.attestDue], ['DocumentReference/1', 20]);
      assert.equal(await jobs.finish('j', { status: 'failed', code: 'X' }, 10), undefined);
      assert.equal(await jobs.cancel('j', 11), undefined);
      const ended = await jobs.start(jobRequest('j'), 12);
      assert.deepEqual([ended.status, ended.progress, ended.code, ended.updatedAt], ['succeeded', 100, null, 9]);
    }));

  test(`${name}: is cancelled while queued or read, by one of many; who runs it hears of it at the next step`, () =>
    using(async (jobs) => {
      await jobs.request(jobRequest('q'));
      const ends = await Promise.all(Array.from({ length: 5 }, () => jobs.cancel('q', 2)));
      assert.equal(ends.filter((end) => end?.status === 'cancelled').length, 1);
      assert.equal((await jobs.start(jobRequest('q'), 3)).status, 'cancelled');
      await jobs.start(jobRequest('r'), 3);
      await jobs.advance('r', { phase: 'reading', progress: 10 }, 3);
      const [cancelled, writing] = await Promise.all([
        jobs.cancel('r', 4),
        jobs.advance('r', { phase: 'writing', progress: 80, draft: 'd' }, 4),
      ]);
      assert.equal([cancelled, writing].filter((each) => each !== undefined).length, 1, 'one of the two wins');
      assert.equal(await jobs.cancel('none', 5), undefined);
    }));

  test(`${name}: a Provenance that is owed is taken by one of many when it is due, until it is there or given up`, () =>
    using(async (jobs) => {
      for (const id of ['1', '2', '3']) {
        await jobs.start(jobRequest(id), 3);
        await jobs.finish(id, { status: 'succeeded', document: 'd', ...(id === '3' ? {} : { attestDue: 10 * Number(id) }) }, 9);
      }
      assert.deepEqual(await jobs.unattested(9, 50, 5), []);
      const taken = await Promise.all(Array.from({ length: 4 }, () => jobs.unattested(15, 50, 5)));
      assert.deepEqual(
        taken.flat().map(({ id }) => id),
        ['1'],
      );
      await jobs.attested('1', 'Provenance/p', null);
      await jobs.attested('2', null, 60);
      assert.deepEqual(await jobs.unattested(55, 99, 5), []);
      assert.deepEqual(
        (await jobs.unattested(60, 99, 5)).map(({ id }) => id),
        ['2'],
      );
      assert.deepEqual([(await jobs.find('1'))?.attested, (await jobs.find('1'))?.updatedAt], ['Provenance/p', 9]);
    }));

  test(`${name}: counts what a client has open, keeps the first approval, and forgets what ended long ago`, () =>
    using(async (jobs) => {
      for (const id of ['1', '2', '3']) await jobs.request(jobRequest(id));
      await jobs.request(jobRequest('other', { client: 'c2' }));
      await jobs.cancel('3', 2_000);
      assert.deepEqual([await jobs.open('c1'), await jobs.open('c2'), await jobs.open('c3')], [2, 1, 0]);
      assert.equal(await jobs.approve('1', 'dr-a', 3), undefined, 'there is nothing to approve yet');
      await jobs.start(jobRequest('1'), 3_000);
      await jobs.advance('1', { phase: 'writing', progress: 80, draft: 'text', provenance: '{}' }, 3_000);
      await jobs.finish('1', { status: 'succeeded', document: 'd' }, 3_000);
      // Sent, and no answer came: the EHR may have it.
      await jobs.request(jobRequest('4'));
      await jobs.start(jobRequest('4'), 3_000);
      await jobs.advance('4', { phase: 'writing', progress: 80, draft: 'text', provenance: '{}' }, 3_000);
      await jobs.finish('4', { status: 'failed', code: 'X' }, 3_000);
      assert.equal((await jobs.approve('1', 'dr-a', 4_000))?.approvedBy, 'dr-a');
      const second = await jobs.approve('1', 'dr-b', 5_000);
      assert.deepEqual([second?.approvedBy, second?.approvedAt], ['dr-a', 4_000]);
      assert.equal(await jobs.prune(2_500), 1);
      assert.equal((await jobs.find('1'))?.draft, 'text', 'not yet');
      assert.equal(await jobs.prune(99_000), 2);
      assert.equal(await jobs.prune(99_000), 0);
      assert.deepEqual([await jobs.find('3'), (await jobs.find('2'))?.status], [undefined, 'queued']);
      const [written, lost] = [await jobs.find('1'), await jobs.find('4')];
      assert.deepEqual([written?.draft, written?.provenance, written?.document, written?.approvedBy], [null, '{}', 'd', 'dr-a']);
      assert.deepEqual([lost?.status, lost?.draft, lost?.provenance], ['failed', null, '{}']);
    }));
}
