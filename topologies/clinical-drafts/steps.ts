import { AortaError, type Context } from 'aorta';
import type { JobRequested } from '../../schemas/generated/job-requested.ts';
import type { JobStatus } from '../../schemas/generated/job-status.ts';
import { type DocumentReference, documentOf } from './document.ts';
import type { DraftContext, DraftedText, Drafting, Ended } from './drafting.ts';

/** A job on its way through the flow: what was made so far, or how it ended. */
export interface Work {
  readonly job: JobRequested;
  readonly ended?: Ended;
  readonly context?: DraftContext;
  readonly draft?: DraftedText;
  readonly document?: DocumentReference;
}

/** Tries of a job that fails for a passing reason; the waits between them are the flow's. */
const mostAttempts = 4;

type Step = (work: Work, ctx: Context) => Promise<Work>;

/**
 * A job that ended is passed on. What fails for good ends the job, not the patient's queue: whoever asked is told why.
 * What may pass is tried again first.
 */
const step =
  (drafting: Drafting, work: Step): Step =>
  async (given, ctx) => {
    if (given.ended) return given;
    try {
      return await work(given, ctx);
    } catch (thrown) {
      const errorClass = thrown instanceof AortaError ? thrown.class : 'Defect';
      // The turn is over (the partition moved, its deadline passed): the next owner goes on.
      if (ctx.signal.aborted || errorClass === 'Fenced' || errorClass === 'Cancelled') throw thrown;
      const passing = errorClass === 'Transient' || errorClass === 'Overload';
      if (passing && ctx.attempt < mostAttempts) throw thrown;
      const ended = await drafting.fail(given.job, thrown instanceof AortaError ? thrown.code : 'AORTA_JOB_007', thrown);
      return { ...given, ended };
    }
  };

const hasEnded = (value: object): value is Ended => 'status' in value && 'occurredAt' in value;

export const begin = (drafting: Drafting) =>
  step(drafting, async (work) => {
    const { ended, kept } = await drafting.begin(work.job);
    return { ...work, ...(ended ? { ended } : {}), ...(kept ? { document: kept } : {}) };
  });

export const gather = (drafting: Drafting) =>
  step(drafting, async (work, { signal }) => {
    if (work.document) return work;
    const context = await drafting.gather(work.job, signal);
    return hasEnded(context) ? { ...work, ended: context } : { ...work, context };
  });

export const draft = (drafting: Drafting) =>
  step(drafting, async (work, { signal, now }) => {
    const { context } = work;
    if (!context) return work;
    const drafted = await drafting.write(work.job, context, now, signal);
    return hasEnded(drafted) ? { ...work, ended: drafted } : { ...work, draft: drafted };
  });

export const keep = (drafting: Drafting) =>
  step(drafting, async (work, { now }) => {
    const { job, context, draft: drafted } = work;
    if (!context || !drafted) return work;
    const made = documentOf({ jobId: job.jobId, at: now, ...context, ...drafted });
    const kept = await drafting.keep(job, made, drafted.provenance);
    return hasEnded(kept) ? { ...work, ended: kept } : { ...work, document: kept };
  });

export const file = (drafting: Drafting) =>
  step(drafting, async (work, { signal }) =>
    work.document ? { ...work, ended: await drafting.file(work.job, work.document, signal) } : work,
  );

/** What everyone downstream hears. */
export function statusOf({ job, ended }: Work): JobStatus {
  if (!ended) throw new Error('a job left the flow without an end');
  const { eventId, jobId, patientId, type } = job;
  const { status, occurredAt, code, document } = ended;
  return { eventId, jobId, patientId, type, status, occurredAt, code, document };
}
