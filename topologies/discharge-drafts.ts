import { type Context, createHash, filter, flow, map, to } from 'aorta';
import type { JobRequested } from '../schemas/generated/job-requested.ts';
import type { TimelineEvent } from '../schemas/generated/timeline-event.ts';
import { topics } from '../schemas/topics.ts';

/** What the flow is given at start. */
export interface Resources {
  /** False: this hospital wants no drafts that nobody asked for, and the flow is not started. */
  readonly draftOnDischarge?: boolean;
}

/** Milliseconds after which nobody waits for a summary: a history that is loaded. */
const freshMs = 24 * 60 * 60_000;

/**
 * UC: a patient is discharged (ADT A03, in the patient's history), and a discharge summary is asked for: the flow
 * `clinical-drafts` writes it, preliminary and labelled. Which job it is follows from patient, encounter and time of the
 * discharge: an A03 that comes twice asks for one draft, a second discharge after a cancelled one for another.
 *
 * Skipped, each a named metric: `discharge` (any other event), `fresh` (more than a day before it became known here).
 */
export default function dischargeDrafts({ draftOnDischarge }: Resources = {}) {
  if (draftOnDischarge === false) return undefined;
  return flow('discharge-drafts', { version: '1' })
    .from(topics.timeline)
    .pipe(
      filter('discharge', ({ type }: TimelineEvent) => type === 'Discharge'),
      filter('fresh', ({ occurredAt }: TimelineEvent, { now }: Context) => occurredAt > now - freshMs),
      map('ask', asked),
      to(topics.jobRequested),
    );
}

function asked({ eventId, patientId, encounterId, occurredAt }: TimelineEvent, { now }: Context): JobRequested {
  const what = ['clinical-draft', 'discharge', patientId, encounterId ?? eventId, occurredAt];
  const jobId = `job-${createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 32)}`;
  return { eventId: jobId, jobId, patientId, type: 'clinical-draft', requestedBy: 'discharge-drafts', requestedAt: now };
}
