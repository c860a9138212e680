/**
 * Port **Jobs**: work that takes longer than a request, from its request to its result. Holds PHI (drafts). A job's id
 * follows from who asked and their key, so that asking again is the same job. Adapters: postgres/, sqlite/.
 *
 * Invariants an adapter keeps:
 * - A status only moves `queued` → `running` → `succeeded` | `failed` | `cancelled`, or `queued` → `cancelled`; each move is
 *   one conditional statement, so that of two who try one wins.
 * - What is `writing` is not cancelled any more: it may be in the EHR already.
 * - A draft is kept once, with its provenance: a repetition after a crash writes the same text.
 */
export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export type JobPhase = 'reading' | 'drafting' | 'writing';

export interface JobRequest {
  readonly id: string;
  readonly type: string;
  /** Patient id. */
  readonly patient: string;
  /** Who asked: an actor's id. */
  readonly client: string;
  /** Digest of what was asked for: the same id with another one is a mistake of the caller. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly requestedAt: number;
}

export interface Job extends JobRequest {
  readonly status: JobStatus;
  readonly phase: JobPhase | null;
  /** 0 to 100. */
  readonly progress: number;
  readonly updatedAt: number;
  /** The request is in the log. */
  readonly appended: boolean;
  /** Why it failed: a code of ours. */
  readonly code: string | null;
  /** The text as it is written, and was, whatever a model would say now. Null again when it was forgotten: the EHR has it. */
  readonly draft: string | null;
  /** What it was made from and by whom: JSON. */
  readonly provenance: string | null;
  /** Reference of what was written, at the EHR. */
  readonly document: string | null;
  /** Reference of the Provenance that was written beside it, at the EHR; null where none was, or is known. */
  readonly attested: string | null;
  /** When its Provenance is to be tried (again); null: none is owed. Milliseconds since 1970. */
  readonly attestDue: number | null;
  readonly approvedBy: string | null;
  readonly approvedAt: number | null;
}

export interface Jobs {
  readonly kind: 'postgres' | 'sqlite';
  /** Durable when resolved. The job as it is: `fresh` when it was not there. */
  request(request: JobRequest): Promise<{ readonly job: Job; readonly fresh: boolean }>;
  /** Its request is in the log. */
  appended(id: string): Promise<void>;
  /** Requests that are not in the log, of `before` or earlier: a process ended between the two. */
  owed(before: number, limit: number): Promise<readonly Job[]>;
  find(id: string): Promise<Job | undefined>;
  /** Jobs of a client that have not ended. */
  open(client: string): Promise<number>;
  /** `queued` becomes `running`; a job that ended stays so. One that is only in the log is made. */
  start(request: JobRequest, now: number): Promise<Job>;
  /** False when it is not running any more. A draft that is there stays; the result has it. */
  advance(id: string, step: JobStep, now: number): Promise<Job | undefined>;
  /** Undefined when it is not running any more. */
  finish(id: string, end: JobEnd, now: number): Promise<Job | undefined>;
  /** Ends what is queued, or running and not yet being written. Undefined: it was too late, or there is none. */
  cancel(id: string, now: number): Promise<Job | undefined>;
  /** Jobs whose Provenance is due, taken by one caller until `until`. */
  unattested(now: number, until: number, limit: number): Promise<readonly Job[]>;
  /** How a try went: where the Provenance is, if known; when it is due again, if it is owed still. */
  attested(id: string, reference: string | null, due: number | null): Promise<void>;
  /** A person stands for a draft that succeeded. The first one stays. */
  approve(id: string, by: string, now: number): Promise<Job | undefined>;
  /**
   * Of what ended before: forgets the texts, and jobs of which nothing can be at the EHR. What was made from what, where it
   * is, and who stands for it stays with a document; and the same key does not write another one. Answers how many.
   */
  prune(before: number): Promise<number>;
  close(): Promise<void>;
}

export interface JobStep {
  readonly phase: JobPhase;
  readonly progress: number;
  readonly draft?: string;
  readonly provenance?: string;
}

export interface JobEnd {
  readonly status: 'succeeded' | 'failed';
  readonly code?: string;
  readonly document?: string;
  /** A Provenance is owed to the EHR, and is tried then. */
  readonly attestDue?: number;
}
