import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { openForWriting } from './connection.ts';
import { toFailure } from './failure.ts';
import { folding } from './fold.ts';
import { groupCommit, type LoadedJob } from './group.ts';
import type { JobFunction, Outcome, Reply, Request, SentJob } from './jobs.ts';

/**
 * The writer thread: the only one that changes the file. It takes everything that waits on its port into the next
 * transaction; while that one is synced to disk, the following group gathers. No timer, no added latency.
 */

/** Bounds of one transaction: a group beyond them waits for the next, so that a reply is never late by seconds. */
const mostJobs = 1000;
const mostBytes = 16 * 1024 * 1024;

const port = parentPort;
if (!port) throw new Error('writer.ts runs as a worker thread only');
const file = (workerData as { file: string }).file;
const connection = openForWriting(file);
const commit = groupCommit(connection, file);
const log = folding(connection);
const modules = new Map<string, Record<string, JobFunction>>();

const waiting: { job: SentJob; bytes: number }[] = [];
let closing = false;
let draining = false;

function accept(request: Request): void {
  if ('close' in request) {
    closing = true;
    return;
  }
  for (const [index, job] of request.jobs.entries()) waiting.push({ job, bytes: index === 0 ? request.bytes : 0 });
}

async function load(job: SentJob): Promise<LoadedJob | Outcome> {
  try {
    let loaded = modules.get(job.module);
    if (!loaded) {
      loaded = (await import(job.module)) as Record<string, JobFunction>;
      modules.set(job.module, loaded);
    }
    const run = loaded[job.name];
    if (typeof run !== 'function') throw new TypeError('no such job');
    return { id: job.id, run, args: job.args };
  } catch (thrown) {
    return { id: job.id, failure: toFailure(thrown, file) };
  }
}

const known = (job: SentJob): LoadedJob | undefined => {
  const run = modules.get(job.module)?.[job.name];
  return run && { id: job.id, run, args: job.args };
};

async function drain(): Promise<void> {
  draining = true;
  for (;;) {
    for (let next = receiveMessageOnPort(port as never); next; next = receiveMessageOnPort(port as never)) accept(next.message as Request);
    if (waiting.length === 0) break;
    const outcomes: Outcome[] = [];
    const group: LoadedJob[] = [];
    let bytes = 0;
    while (waiting.length > 0 && group.length < mostJobs && bytes < mostBytes) {
      const { job, bytes: size } = waiting.shift() as (typeof waiting)[number];
      bytes += size;
      const loaded = known(job) ?? (await load(job));
      if ('run' in loaded) group.push(loaded);
      else outcomes.push(loaded);
    }
    const started = performance.now();
    if (group.length > 0) outcomes.push(...commit(group));
    port?.postMessage({ outcomes, ms: performance.now() - started } satisfies Reply);
    log.changed();
  }
  draining = false;
  if (closing) {
    connection.close();
    port?.close();
  }
}

port.on('message', (request: Request) => {
  accept(request);
  if (!draining) void drain();
});
