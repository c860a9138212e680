import type { Context } from 'aorta';
import type { TimelineRow } from 'aorta/canonical';
import { placeOf, type V2Facts } from 'aorta/fhir';
import type { TimelineEvent, TimelineEventType } from '../../schemas/generated/timeline-event.ts';

/** What a message tells the timeline. */
export interface Told {
  readonly eventId: string;
  readonly occurredAt: number;
  readonly sender: string;
  readonly controlId: string;
  readonly visit: V2Facts | undefined;
}

/** The event as everyone downstream gets it: what the message said, and what it turned out to belong to. */
export function eventOf(
  told: Told,
  ctx: Context,
  type: TimelineEventType,
  links: { readonly encounter: string | null; readonly cancels?: string | null },
): TimelineEvent {
  const place = placeOf(told.visit?.['PV1-3']?.[0]);
  return {
    eventId: told.eventId,
    patientId: ctx.key,
    type,
    occurredAt: told.occurredAt,
    recordedAt: ctx.now,
    system: told.sender,
    messageId: told.controlId,
    encounterId: links.encounter,
    ward: place?.ward ?? null,
    room: place?.room ?? null,
    bed: place?.bed ?? null,
    cancels: links.cancels ?? null,
  };
}

/** The same as a row of the timeline; `sequence` is the order of arrival. */
export const rowOf = (told: Told, event: TimelineEvent, sequence: number): TimelineRow => ({
  patient: event.patientId,
  event_id: event.eventId,
  occurred_at: event.occurredAt,
  sequence,
  type: event.type,
  recorded_at: event.recordedAt,
  sender: event.system,
  message_id: event.messageId,
  encounter: event.encounterId,
  facility: placeOf(told.visit?.['PV1-3']?.[0])?.facility ?? null,
  ward: event.ward,
  room: event.room,
  bed: event.bed,
  cancels: event.cancels,
});
