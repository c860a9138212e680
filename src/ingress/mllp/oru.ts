import type { Hl7Oru } from '../../../schemas/generated/hl7-oru.ts';
import { topics } from '../../../schemas/topics.ts';
import { type IdentifierSystems, type Interpretation, oruEvents, readOru } from '../../hl7/index.ts';
import type { Serde } from '../../schema/port.ts';
import { recordOf } from './record.ts';
import type { Route } from './route.ts';

export interface OruRouteOptions {
  readonly serde: Serde<Hl7Oru>;
  /** Zone of times without an offset. */
  readonly zone: string;
  readonly identifierSystems?: IdentifierSystems;
  /** @default hl7.oru */
  readonly topic?: string;
}

/** ORU messages (results) become records of `hl7.oru`, as their sender wrote them. */
export function oruRoute({ serde, zone, identifierSystems, topic = topics.oru.name }: OruRouteOptions): Route {
  const rules = { events: oruEvents, zone, ...(identifierSystems ? { identifierSystems } : {}) };
  return {
    type: 'ORU',
    topic,
    read(reading: Interpretation) {
      const { facts, findings } = readOru(reading.message, reading.zone === undefined ? rules : { ...rules, zone: reading.zone });
      if (!facts) return { findings };
      const { sender, controlId, identifiers, event, occurredAt } = facts;
      return {
        findings,
        accepted: {
          sender,
          controlId,
          identifiers,
          event,
          occurredAt,
          build: recordOf(topic, serde, reading, facts),
        },
      };
    },
  };
}
