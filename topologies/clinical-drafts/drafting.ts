import type { Reference } from 'aorta/fhir';
import type { JobRequested } from '../../schemas/generated/job-requested.ts';
import type { JobStatus } from '../../schemas/generated/job-status.ts';
import type { DocumentReference, Writer } from './document.ts';

/** How a job ended. */
export type Ended = Pick<JobStatus, 'status' | 'occurredAt' | 'code' | 'document'>;

/** What is known of the patient; what it holds is for whoever gathered it. */
export interface DraftContext {
  /** The patient at the EHR. */
  readonly subject: Reference;
  readonly encounter: Reference | undefined;
  readonly known: unknown;
}

export interface DraftedText {
  readonly text: string;
  readonly writer: Writer;
  readonly prompt: { readonly id: string; readonly version: string };
  /** JSON: what it was made from and how. */
  readonly provenance: string;
}

/**
 * What this flow does outside. Each may be done again after a crash, and changes nothing then: a job that ended stays as
 * it is, a draft that was kept is the one that is written, and the EHR creates it if it is not there.
 */
export interface Drafting {
  /** Begins, or goes on after a crash: with the document that was kept, or how the job ended. */
  begin(job: JobRequested): Promise<{ readonly ended?: Ended | undefined; readonly kept?: DocumentReference | undefined }>;
  /** @throws AORTA_JOB_005, AORTA_JOB_006, AORTA_EHR_* */
  gather(job: JobRequested, signal: AbortSignal): Promise<DraftContext | Ended>;
  /** @throws AORTA_MODEL_* */
  write(job: JobRequested, context: DraftContext, now: number, signal: AbortSignal): Promise<DraftedText | Ended>;
  /** Keeps the document; the one that was kept first, or how the job ended meanwhile. */
  keep(job: JobRequested, document: DocumentReference, provenance: string): Promise<DocumentReference | Ended>;
  /** One create at the EHR. @throws AORTA_EHR_* */
  file(job: JobRequested, document: DocumentReference, signal: AbortSignal): Promise<Ended>;
  fail(job: JobRequested, code: string, thrown: unknown): Promise<Ended>;
}

const none = () => Promise.reject(new Error('this flow was given nothing to draft with'));
/** For tools that only draw or check the flow. */
export const noDrafting: Drafting = { begin: none, gather: none, write: none, keep: none, file: none, fail: none };
