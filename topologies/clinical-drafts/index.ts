import { filter, flow, map, mapAsync, process, to } from 'aorta';
import type { JobRequested } from '../../schemas/generated/job-requested.ts';
import { topics } from '../../schemas/topics.ts';
import { type Drafting, noDrafting } from './drafting.ts';
import { begin, draft, file, gather, keep, statusOf, type Work } from './steps.ts';
import { told } from './told.ts';

/** What the flow is given at start. Tools that only draw or check it give nothing. */
export interface Resources {
  readonly drafting?: Drafting;
}

/**
 * UC: a discharge summary is drafted for a clinician. A job (asked for at the edge, or by another flow) becomes one
 * DocumentReference at the EHR: preliminary, labelled as made by an AI, created if it is not there. Nothing is finalised.
 *
 * Asked for once, done once: the request's event id is the job's; a job that ended stays so; the document is kept before
 * it is sent, and its identifier follows from the job. A cancelled job ends before the EHR is written to, or not at all.
 *
 * Skipped, each a named metric: `clinical-draft` (another type of job), `told-before` (the request came twice).
 */
export default function clinicalDrafts({ drafting = noDrafting }: Resources = {}) {
  return flow('clinical-drafts', { version: '1' })
    .from(topics.jobRequested)
    .pipe(
      filter('clinical-draft', ({ type }: JobRequested) => type === 'clinical-draft'),
      map((job): Work => ({ job })),
      mapAsync('begin', begin(drafting), { deadlineMs: 5_000 }),
      mapAsync('context', gather(drafting), { readOnly: true, deadlineMs: 20_000 }),
      // Longer than an answer may take: that is why it is a job. Written again after a crash, or by a second owner, it
      // costs once more and changes nothing: the text that is kept first is the one that counts.
      mapAsync('draft', draft(drafting), { readOnly: true, deadlineMs: 90_000 }),
      mapAsync('keep', keep(drafting), { deadlineMs: 5_000 }),
      // Breaker, limiter and bulkhead of the EHR are its client's. Not `call`: a second owner may send the same document at
      // the same time, as the EHR creates it if it is not there; so the session may be shorter than the EHR is slow.
      mapAsync('document', file(drafting), { deadlineMs: 20_000 }),
      map('status', statusOf),
      process('told', told),
      to(topics.jobStatus),
    );
}
