import { topic } from 'aorta';
import { type Hl7Adt, hl7AdtSchema } from './generated/hl7-adt.ts';
import { type Hl7Oru, hl7OruSchema } from './generated/hl7-oru.ts';
import { type JobRequested, jobRequestedSchema } from './generated/job-requested.ts';
import { type JobStatus, jobStatusSchema } from './generated/job-status.ts';
import { type TimelineEvent, timelineEventSchema } from './generated/timeline-event.ts';

/** The topics of Aorta's own flows. Key: patient id. */
export const topics = {
  /** HL7 v2 ADT messages, as accepted by MLLP ingress. */
  adt: topic<Hl7Adt>('hl7.adt', hl7AdtSchema, { partitions: 12, retentionDays: 7, merges: true }),
  /** HL7 v2 ORU messages (results), as accepted by MLLP ingress. */
  oru: topic<Hl7Oru>('hl7.oru', hl7OruSchema, { partitions: 12, retentionDays: 7, merges: true }),
  /** What happened to a patient, for everyone downstream. */
  timeline: topic<TimelineEvent>('patient.timeline', timelineEventSchema, { partitions: 12, retentionDays: 7 }),
  /** Work that was asked for. */
  jobRequested: topic<JobRequested>('job.requested', jobRequestedSchema, { partitions: 12, retentionDays: 7 }),
  /** How it ended. */
  jobStatus: topic<JobStatus>('job.status', jobStatusSchema, { partitions: 12, retentionDays: 7 }),
};
