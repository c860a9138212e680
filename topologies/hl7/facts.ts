import { fromInstant, type MessageDefaults, part, settle, toDateTime, type V2Facts, type V2Field } from 'aorta/fhir';
import { charsetOf, type Interpretation, interpret, type Message, parse, type Segment, type Sources } from 'aorta/hl7';

/** What a record says of its message. */
export interface Recorded {
  readonly charset: string;
  readonly raw: Buffer | null;
  readonly profile: string | null;
}

/** Reads the record's message as ingress did: in the charset that it found, by the source profile that it noted. */
export function readingOf(record: Recorded, sources: Sources): Interpretation {
  const charset = charsetOf(record.charset);
  const received = parse(record.raw ?? Buffer.alloc(0), charset ? { override: charset } : {});
  return interpret(received, sources.recorded(record.profile));
}

/** What the message says once for all its fields. */
export function defaultsOf({ message, zone }: Pick<Interpretation, 'message' | 'zone'>): MessageDefaults {
  const sentAt = message.text('MSH-7.1');
  const facility = [4, 3]
    .map((n) =>
      message
        .field('MSH', n)
        .components()
        .map((c) => c.text ?? ''),
    )
    .find((hd) => hd.some((text) => text !== ''));
  return { facility: facility ?? ['unknown'], ...(sentAt === undefined ? {} : { sentAt }), ...(zone === undefined ? {} : { zone }) };
}

/** The fields that the message says something about (`""` included), of the first such segments. */
export function factsOf(message: Message, names: readonly string[]): V2Facts {
  const facts: Record<string, V2Field> = {};
  for (const name of names) put(facts, name, message.field(name.slice(0, 3), Number(name.slice(4))));
  return facts;
}

/** The same of one segment; names of other segments are passed over. */
export function segmentFacts(segment: Segment, names: readonly string[]): V2Facts {
  const facts: Record<string, V2Field> = {};
  for (const name of names) if (name.startsWith(segment.name)) put(facts, name, segment.field(Number(name.slice(4))));
  return facts;
}

/** The same of every such segment, in order. */
export const everySegment = (message: Message, name: string, names: readonly string[]): V2Facts[] =>
  [...message.segments(name)].map((segment) => segmentFacts(segment, names));

function put(facts: Record<string, V2Field>, name: string, field: ReturnType<Message['field']>): void {
  if (field.state !== 'value' && field.state !== 'null') return;
  facts[name] = field.tree().map((repetition) => repetition.map((component) => component.map(storable)));
}

/** No database takes the null character (`\X00\` in the message). */
export const storable = (text: string): string => (text.includes('\u0000') ? text.replaceAll('\u0000', '\ufffd') : text);

/** Event time as FHIR dateTime. An offset in MSH-7 holds for the whole message (HL7 v2.5.1, 2.15.9.7). */
export function whenOf(occurred: string | undefined, defaults: MessageDefaults, occurredAt: number, zone: string): string {
  const field: V2Field | undefined = occurred === undefined ? undefined : settle({ 'PV1-44': [[[occurred]]] }, defaults)['PV1-44'];
  const own = defaults.zone ?? zone;
  return toDateTime(part(field?.[0], 1), own) ?? fromInstant(occurredAt, own);
}
