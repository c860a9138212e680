import type { Hl7Adt } from '../../../schemas/generated/hl7-adt.ts';
import type { Interpretation } from '../../hl7/index.ts';
import type { Serde } from '../../schema/port.ts';
import type { Accepted } from './route.ts';

/** What the rules of a message type found out about it. */
interface Facts {
  readonly sender: string;
  readonly controlId: string;
  readonly event: string;
  readonly occurredAt: number;
}

/** Builds the record of a message as its sender wrote it; `hl7.adt` and `hl7.oru` have the same fields. */
export const recordOf =
  (
    topic: string,
    serde: Serde<Hl7Adt>,
    { message, profile }: Interpretation,
    { sender, controlId, event, occurredAt }: Facts,
  ): Accepted['build'] =>
  ({ patientId, eventId }, { body, receivedAt }) => ({
    topic,
    key: patientId,
    timestamp: receivedAt,
    value: serde.serialize({
      eventId,
      patientId,
      sender,
      controlId,
      event,
      occurredAt,
      receivedAt,
      charset: message.charset.name,
      raw: body.raw,
      blobRef: body.blobRef,
      size: message.original.length,
      profile,
    }),
  });
