import {
  allergyFields,
  contactFields,
  diagnosisFields,
  encounterFields,
  extensionFacts,
  patientFields,
  settle,
  type V2Facts,
} from 'aorta/fhir';
import type { Sources } from 'aorta/hl7';
import type { Hl7Adt } from '../../schemas/generated/hl7-adt.ts';
import { defaultsOf, everySegment, factsOf, readingOf, whenOf } from '../hl7/facts.ts';

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
  /** PID and PD1, PID-18 for a visit without a number, and what Z-segments say of the patient (`extension:<url>`). */
  readonly patient: V2Facts;
  /** PV1 and PV2, and what Z-segments say of the visit; undefined without a PV1. */
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
export const decode = (zone: string, sources: Sources) => (record: Hl7Adt) => {
  const reading = readingOf(record, sources);
  const { message } = reading;
  const defaults = defaultsOf(reading);
  const extensions = reading.extensions();
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
    patient: { ...settled([...patientFields, 'PID-18']), ...extensionFacts(extensions, 'Patient', defaults, zone) },
    visit:
      message.segment('PV1') === undefined
        ? undefined
        : { ...settled(encounterFields), ...extensionFacts(extensions, 'Encounter', defaults, zone) },
    contacts: every('NK1', contactFields),
    allergies: every('AL1', allergyFields),
    diagnoses: every('DG1', diagnosisFields),
    prior: message.segment('MRG') === undefined ? undefined : settled(priorFields),
  } satisfies AdtMessage as AdtMessage;
};
