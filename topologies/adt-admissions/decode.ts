import { error } from 'aorta';
import { encounterFields, fromInstant, part, patientFields, settle, toDateTime, type V2Facts, type V2Field } from 'aorta/fhir';
import { charsetOf, type Message, parse } from 'aorta/hl7';
import type { Hl7Adt } from '../../schemas/generated/hl7-adt.ts';

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
}

/** Where bodies above 256 KiB are. */
export interface BlobReader {
  get(ref: string): Promise<Buffer>;
}

export const fetchBody = (blob: BlobReader) => async (record: Hl7Adt) => {
  if (record.blobRef === null) throw error('AORTA_HL7_001', { problem: 'the record has neither bytes nor a reference to them' });
  return { ...record, raw: await blob.get(record.blobRef) };
};

/** Reads the fields that reach FHIR, and nothing else of the message: it may be megabytes long. */
export const decode = (zone: string) => (record: Hl7Adt) => {
  const charset = charsetOf(record.charset);
  const message = parse(record.raw ?? Buffer.alloc(0), charset ? { charset } : {});
  const sentAt = message.text('MSH-7.1');
  const facility = [4, 3]
    .map((n) =>
      message
        .field('MSH', n)
        .components()
        .map((c) => c.text ?? ''),
    )
    .find((hd) => hd.some((text) => text !== ''));
  const settled = (facts: V2Facts) => settle(facts, { facility: facility ?? ['unknown'], ...(sentAt === undefined ? {} : { sentAt }) });
  const occurred = message.text('EVN-6.1') ?? message.text('EVN-2.1') ?? sentAt;
  const when = toDateTime(withOffsetOf(sentAt, occurred), zone) ?? fromInstant(record.occurredAt, zone);
  return {
    event: record.event,
    eventId: record.eventId,
    occurredAt: record.occurredAt,
    when,
    sender: record.sender,
    controlId: record.controlId,
    patient: settled(factsOf(message, [...patientFields, 'PID-18'])),
    visit: message.segment('PV1') === undefined ? undefined : settled(factsOf(message, encounterFields)),
  } satisfies AdtMessage as AdtMessage;
};

/** An offset in MSH-7 holds for the whole message (HL7 v2.5.1, 2.15.9.7). */
function withOffsetOf(sentAt: string | undefined, occurred: string | undefined): string | undefined {
  const field: V2Field | undefined =
    occurred === undefined ? undefined : settle({ 'PV1-44': [[[occurred]]] }, { facility: [], ...(sentAt ? { sentAt } : {}) })['PV1-44'];
  return part(field?.[0], 1);
}

function factsOf(message: Message, names: readonly string[]): V2Facts {
  const facts: Record<string, V2Field> = {};
  for (const name of names) {
    const field = message.field(name.slice(0, 3), Number(name.slice(4)));
    if (field.state !== 'value' && field.state !== 'null') continue;
    facts[name] = field.tree().map((repetition) => repetition.map((component) => component.map(storable)));
  }
  return facts;
}

/** No database takes the null character (`\X00\` in the message). */
const storable = (text: string): string => (text.includes('\u0000') ? text.replaceAll('\u0000', '\ufffd') : text);
