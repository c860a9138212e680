import type { Hl7Adt } from '../../../schemas/generated/hl7-adt.ts';
import { topics } from '../../../schemas/topics.ts';
import { adtEvents, type IdentifierSystems, type Message, readAdt } from '../../hl7/index.ts';
import type { Serde } from '../../schema/port.ts';
import type { Route } from './route.ts';

export interface AdtRouteOptions {
  readonly serde: Serde<Hl7Adt>;
  /** Zone of times without an offset. */
  readonly zone: string;
  readonly identifierSystems?: IdentifierSystems;
  /** Trigger events taken. @default A01, A02, A03, A08, A11, A12, A13 */
  readonly events?: ReadonlySet<string>;
  /** @default hl7.adt */
  readonly topic?: string;
}

/** ADT messages become records of `hl7.adt`, as their sender wrote them. */
export function adtRoute(options: AdtRouteOptions): Route {
  const { serde, topic = topics.adt.name, events = adtEvents } = options;
  const rules = { events, zone: options.zone, ...(options.identifierSystems ? { identifierSystems: options.identifierSystems } : {}) };
  return {
    type: 'ADT',
    read(message: Message) {
      const { facts, findings } = readAdt(message, rules);
      if (!facts) return { findings };
      const { sender, controlId, event, occurredAt, identifiers } = facts;
      return {
        findings,
        accepted: {
          sender,
          controlId,
          identifiers,
          build: ({ patientId, eventId }, { body, receivedAt }) => ({
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
            }),
          }),
        },
      };
    },
  };
}
