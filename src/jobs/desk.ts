import { createHash } from 'node:crypto';
import type { Clock, Random } from '../clock/clock.ts';
import { ulid } from '../clock/ulid.ts';
import { error } from '../errors/index.ts';
import type { Telemetry } from '../telemetry/port.ts';
import type { Job, Jobs } from './port.ts';

export interface Desk {
  /**
   * Takes a job: it is stored and in the log when this resolves. The same client and key again is the same job.
   * @throws AORTA_JOB_001, AORTA_JOB_003
   */
  ask(asked: { type: string; patientId: string; client: string; key: string | undefined }): Promise<Job>;
  find(id: string): Promise<Job | undefined>;
  /** @throws AORTA_JOB_002 */
  cancel(id: string): Promise<Job | undefined>;
  /** @throws AORTA_JOB_004 */
  approve(id: string, by: string): Promise<Job | undefined>;
  /** Appends what was stored and did not get into the log, tries what is owed to an EHR, and forgets texts and failures of long ago; again and again. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface DeskOptions {
  readonly jobs: Jobs;
  /** Into the log; resolves when it is durable. */
  readonly append: (job: Job) => Promise<void>;
  /** Aborts a job that runs in this process. */
  readonly abort: (id: string) => void;
  /** Tries the Provenance that a job owes to an EHR; says itself how that went. @default none is ever owed */
  readonly attest?: (job: Job) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Jobs of a client that have not ended. @default 100 */
  readonly mostOpen?: number;
}

const sweepMs = 10_000;
/** Nobody else tries what one worker has taken for so long. */
const attestWithinMs = 120_000;
/** Whoever stored it is about to append it. */
const owedAfterMs = 15_000;
/** For texts, and for jobs that sent nothing: as long as the log may repeat a request, and a while more. */
const keepMs = 30 * 86_400_000;

export function createDesk({ jobs, append, abort, attest, clock, random, telemetry, mostOpen = 100 }: DeskOptions): Desk {
  let cancelSweep = () => {};
  let sweeping: Promise<void> = Promise.resolve();
  let stopped = false;

  const intoLog = async (job: Job): Promise<void> => {
    await append(job);
    await jobs.appended(job.id);
  };

  const sweep = async (olderThan: number): Promise<void> => {
    try {
      for (const job of await jobs.owed(clock.now() - olderThan, 100)) if (!stopped) await intoLog(job);
      await jobs.prune(clock.now() - keepMs);
    } catch (thrown) {
      telemetry.log('warn', 'jobs.sweep.failed', { error: thrown });
    }
  };
  const attestDue = async (): Promise<void> => {
    try {
      const due = attest ? await jobs.unattested(clock.now(), clock.now() + attestWithinMs, 10) : [];
      for (const job of due) if (!stopped) await attest?.(job);
    } catch (thrown) {
      telemetry.log('warn', 'jobs.attest.failed', { error: thrown });
    }
  };
  const later = () => {
    cancelSweep = clock.after(sweepMs, () => {
      sweeping = Promise.all([sweep(owedAfterMs), attestDue()]).then(() => {
        if (!stopped) later();
      });
    });
  };

  return {
    async ask({ type, patientId, client, key }) {
      const id = key === undefined ? ulid(clock, random) : idOf(client, key);
      const fingerprint = `${type} ${patientId}`;
      const there = await jobs.find(id);
      if (!there) {
        const count = await jobs.open(client);
        if (count >= mostOpen) throw error('AORTA_JOB_003', { count }, { retryAfterMs: 5_000 });
      }
      const request = { id, type, patient: patientId, client, fingerprint, requestedAt: clock.now() };
      const { job, fresh } = await jobs.request(request);
      if (job.fingerprint !== fingerprint) throw error('AORTA_JOB_001');
      if (fresh) telemetry.counter('aorta_jobs_requested_total', 'Jobs that were asked for', { type }).inc();
      // Asked again before the first append is known to be done: it is the same event, and told once.
      if (!job.appended) await intoLog(job);
      return job;
    },
    find: (id) => jobs.find(id),
    async cancel(id) {
      const cancelled = await jobs.cancel(id, clock.now());
      if (cancelled) {
        abort(id);
        return cancelled;
      }
      const job = await jobs.find(id);
      if (!job || job.status === 'cancelled') return job;
      throw error('AORTA_JOB_002', { status: job.status === 'running' ? 'being written' : job.status });
    },
    async approve(id, by) {
      const approved = await jobs.approve(id, by, clock.now());
      if (approved) return approved;
      const job = await jobs.find(id);
      if (job) throw error('AORTA_JOB_004', { status: job.status });
      return undefined;
    },
    async start() {
      await sweep(0);
      later();
    },
    async stop() {
      stopped = true;
      cancelSweep();
      await sweeping;
    },
  };
}

/** Of who asked and their key: nobody can meet another one's job by choosing the same key. */
const idOf = (client: string, key: string): string =>
  `job-${createHash('sha256')
    .update(JSON.stringify([client, key]))
    .digest('hex')
    .slice(0, 32)}`;
