import { allergyFields, contactFields, diagnosisFields, encounterFields, patientFields, settle, type V2Facts } from 'aorta/fhir';
import type { Hl7Adt } from '../../schemas/generated/hl7-adt.ts';
import { defaultsOf, everySegment, factsOf, messageOf, whenOf } from '../hl7/facts.ts';

/** An ADT message as this flow needs it: who, when, and the fields it says something about (`""` included). */
export interface AdtMessage {
  readonly event: string;
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
  /** The same as FHIR dateTime, with the sender's offset and precision. */
  readonly when: string;
  readonly sender: string;
  readonly controlId: string;
  /** PID and PD1, and PID-18 for a visit without a number. */
  readonly patient: V2Facts;
  /** PV1 and PV2; undefined without a PV1. */
  readonly visit: V2Facts | undefined;
  /** Repeating segments. None of a kind says nothing of it; some are the whole list (HL7 v2.5.1, 2.10.4: snapshot mode). */
  readonly contacts: readonly V2Facts[];
  readonly allergies: readonly V2Facts[];
  readonly diagnoses: readonly V2Facts[];
  /** MRG: the numbers that the patient had before. */
  readonly prior: V2Facts | undefined;
}

const priorFields = [1, 3, 5, 7].map((n) => `MRG-${n}`);

/** Reads the fields that reach FHIR, and nothing else of the message: it may be megabytes long. */
export const decode = (zone: string) => (record: Hl7Adt) => {
  const message = messageOf(record);
  const defaults = defaultsOf(message);
  const settled = (names: readonly string[]) => settle(factsOf(message, names), defaults);
  const every = (name: string, names: readonly string[]) => everySegment(message, name, names).map((facts) => settle(facts, defaults));
  const occurred = message.text('EVN-6.1') ?? message.text('EVN-2.1') ?? defaults.sentAt;
  return {
    event: record.event,
    eventId: record.eventId,
    occurredAt: record.occurredAt,
    when: whenOf(occurred, defaults, record.occurredAt, zone),
    sender: record.sender,
    controlId: record.controlId,
    patient: settled([...patientFields, 'PID-18']),
    visit: message.segment('PV1') === undefined ? undefined : settled(encounterFields),
    contacts: every('NK1', contactFields),
    allergies: every('AL1', allergyFields),
    diagnoses: every('DG1', diagnosisFields),
    prior: message.segment('MRG') === undefined ? undefined : settled(priorFields),
  } satisfies AdtMessage as AdtMessage;
};
