import type { Context } from 'aorta';
import type { TimelineRow } from 'aorta/canonical';
import { placeOf } from 'aorta/fhir';
import type { TimelineEvent, TimelineEventType } from '../../schemas/generated/timeline-event.ts';
import type { Step, StepKind } from './steps.ts';

const timelineType: Record<StepKind, TimelineEventType> = {
  admit: 'Admission',
  transfer: 'Transfer',
  discharge: 'Discharge',
  update: 'Update',
  'cancel-admit': 'Cancellation',
  'cancel-transfer': 'Cancellation',
  'cancel-discharge': 'Cancellation',
};

/** The event as everyone downstream gets it: what the message said, and what it turned out to belong to. */
export function eventOf(step: Step, ctx: Context, encounter: string | null, cancels: string | null): TimelineEvent {
  const place = placeOf(step.visit?.['PV1-3']?.[0]);
  return {
    eventId: step.eventId,
    patientId: ctx.key,
    type: timelineType[step.kind],
    occurredAt: step.occurredAt,
    recordedAt: ctx.now,
    system: step.sender,
    messageId: step.controlId,
    encounterId: encounter,
    ward: place?.ward ?? null,
    room: place?.room ?? null,
    bed: place?.bed ?? null,
    cancels,
  };
}

/** The same as a row of the timeline; `sequence` is the order of arrival. */
export const rowOf = (step: Step, event: TimelineEvent, sequence: number): TimelineRow => ({
  patient: event.patientId,
  event_id: event.eventId,
  occurred_at: event.occurredAt,
  sequence,
  type: event.type,
  recorded_at: event.recordedAt,
  sender: event.system,
  message_id: event.messageId,
  encounter: event.encounterId,
  facility: placeOf(step.visit?.['PV1-3']?.[0])?.facility ?? null,
  ward: event.ward,
  room: event.room,
  bed: event.bed,
  cancels: event.cancels,
});
