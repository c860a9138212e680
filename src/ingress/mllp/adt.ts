import type { Hl7Adt } from '../../../schemas/generated/hl7-adt.ts';
import { topics } from '../../../schemas/topics.ts';
import { adtEvents, type IdentifierSystems, type Interpretation, mergeEvents, readAdt, readMerge, typeOf } from '../../hl7/index.ts';
import type { Serde } from '../../schema/port.ts';
import { recordOf } from './record.ts';
import type { Route } from './route.ts';

export interface AdtRouteOptions {
  readonly serde: Serde<Hl7Adt>;
  /** Zone of times without an offset. */
  readonly zone: string;
  readonly identifierSystems?: IdentifierSystems;
  /** Trigger events taken. @default A01 to A05, A08, A11 to A13, A28, A31 */
  readonly events?: ReadonlySet<string>;
  /** @default hl7.adt */
  readonly topic?: string;
  /** Topics whose flows are told of merged patients (A40). @default its own */
  readonly mergeTopics?: readonly string[];
}

/** ADT messages become records of `hl7.adt`, as their sender wrote them. */
export function adtRoute(options: AdtRouteOptions): Route {
  const { serde, topic = topics.adt.name, events = adtEvents } = options;
  const rules = { events, zone: options.zone, ...(options.identifierSystems ? { identifierSystems: options.identifierSystems } : {}) };
  return {
    type: 'ADT',
    topic,
    read(reading: Interpretation) {
      const { message } = reading;
      const own = reading.zone === undefined ? rules : { ...rules, zone: reading.zone };
      const merging = mergeEvents.has(typeOf(message).event) ? readMerge(message, own) : undefined;
      const { facts, findings } = merging ?? readAdt(message, own);
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
          ...(merging?.facts ? { merge: { identifiers: merging.facts.merged, topics: options.mergeTopics ?? [topic] } } : {}),
          build: recordOf(topic, serde, reading, facts),
        },
      };
    },
  };
}
