import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock/clock.ts';
import { error } from '../errors/index.ts';
import type { Telemetry } from '../telemetry/port.ts';
import { coded, fromFailure } from './failure.ts';
import type { Pack, Reply, Request, SentJob } from './jobs.ts';
import { type Parcel, parcel } from './parcel.ts';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (failure: Error) => void;
  readonly since: number;
}

/** The main thread's end of the writer thread. Jobs are done in the order of `send`. */
export interface Channel {
  send(module: string, name: string, build: (pack: Pack) => unknown): Promise<unknown>;
  /** Waits for everything sent, then ends the thread. */
  close(): Promise<void>;
}

export interface ChannelOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Milliseconds after which a job without an answer rejects as Transient (a hung disk); its outcome is then unknown. */
  readonly replyTimeoutMs: number;
}

export function openChannel({ file, clock, telemetry, replyTimeoutMs }: ChannelOptions): Channel {
  const pending = new Map<number, Pending>();
  let worker: Worker | undefined;
  let ended: Promise<void> = Promise.resolve();
  let closed = false;
  let lastId = 0;
  let outgoing: SentJob[] = [];
  let bytes: Parcel = parcel();
  let cancelWatch: (() => void) | undefined;

  const commits = telemetry.counter('aorta_sqlite_commits_total', 'Transactions of the writer thread.');
  const jobs = telemetry.counter('aorta_sqlite_jobs_total', 'Jobs done by the writer thread.');
  const seconds = telemetry.histogram(
    'aorta_sqlite_commit_seconds',
    'Duration of a transaction, sync to disk included.',
    [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  );
  const stopSampling = telemetry.sampled(
    'aorta_sqlite_jobs_waiting',
    'Jobs sent to the writer thread without an answer yet.',
    {},
    () => pending.size,
  );

  const settle = (id: number): Pending | undefined => {
    const found = pending.get(id);
    pending.delete(id);
    if (pending.size === 0) {
      cancelWatch?.();
      cancelWatch = undefined;
      // An idle writer does not keep the process alive; one with work does.
      worker?.unref();
    }
    return found;
  };

  const rejectAll = (problem: string) => {
    for (const id of [...pending.keys()]) settle(id)?.reject(error('AORTA_SQLITE_003', { problem }));
  };

  const onReply = (reply: Reply) => {
    commits.inc();
    jobs.inc(reply.outcomes.length);
    seconds.observe(reply.ms / 1000);
    for (const outcome of reply.outcomes) {
      const waiter = settle(outcome.id);
      if ('failure' in outcome) waiter?.reject(fromFailure(outcome.failure));
      else waiter?.resolve(outcome.value);
    }
  };

  const start = (): Worker => {
    const started = new Worker(new URL('./writer.ts', import.meta.url), { workerData: { file }, name: 'aorta-sqlite' });
    started.on('message', onReply);
    started.on('error', (problem: Error) => telemetry.log('error', 'sqlite.writer.failed', { error: problem }));
    ended = new Promise((resolve) => {
      started.on('exit', () => {
        if (worker === started) worker = undefined;
        // The outcome of what was in work is unknown: callers repeat, and every job of ours is safe to repeat.
        rejectAll('the writer thread stopped; it starts again with the next write');
        resolve();
      });
    });
    return started;
  };

  const watch = (ms: number) => {
    cancelWatch = clock.after(ms, () => {
      // The main thread may have been the slow one: let replies that are already here in first.
      clock.soon(() => {
        const now = clock.monotonic();
        for (const [id, { since }] of pending) {
          if (now - since < replyTimeoutMs) break;
          settle(id)?.reject(error('AORTA_SQLITE_003', { problem: `no answer from the disk for ${replyTimeoutMs} ms` }));
        }
        const oldest = pending.values().next().value;
        if (oldest) watch(Math.max(1, replyTimeoutMs - (now - oldest.since)));
      });
    });
  };

  const sendAlone = (to: Worker, job: SentJob) => {
    try {
      to.postMessage({ jobs: [job], bytes: 0 } satisfies Request);
    } catch (thrown) {
      settle(job.id)?.reject(coded(thrown, file));
    }
  };

  const flush = () => {
    if (outgoing.length === 0) return;
    const request: Request = { jobs: outgoing, bytes: bytes.size };
    const transfer = bytes.chunks;
    outgoing = [];
    bytes = parcel();
    worker ??= start();
    worker.ref();
    try {
      worker.postMessage(request, transfer);
    } catch {
      // One job holds what cannot be cloned (a function, a detached buffer): it fails, its neighbours are sent.
      for (const job of request.jobs) sendAlone(worker, job);
    }
  };

  worker = start();
  worker.unref();

  return {
    send(module, name, build) {
      if (closed) return Promise.reject(error('AORTA_SQLITE_008'));
      const parcelOfThisTick = bytes;
      let args: unknown;
      try {
        args = build((b) => parcelOfThisTick.add(b));
      } catch (thrown) {
        return Promise.reject(thrown);
      }
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject, since: clock.monotonic() });
        if (!cancelWatch) watch(replyTimeoutMs);
        if (outgoing.length === 0) queueMicrotask(flush);
        outgoing.push({ id, module, name, args });
      });
    },
    async close() {
      if (!closed) {
        closed = true;
        flush();
        stopSampling();
        worker?.ref();
        worker?.postMessage({ close: true } satisfies Request);
      }
      await ended;
    },
  };
}
