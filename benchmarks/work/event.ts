import avro from 'avsc';
import { type Hl7Adt, hl7AdtSchema } from '../../schemas/generated/hl7-adt.ts';

/** Bytes of one event in Avro, without the 5-byte header. */
export const eventBytes = 1024;

/** Plain avsc, as a hand-written loop uses it: the peers decode without Aorta's bounds, which makes them faster. */
const type = avro.Type.forSchema(hl7AdtSchema as never);

/** What makes the event of 1,024 bytes. */
const rawBytes = 923;
const body = Buffer.from(
  `MSH|^~\\&|ADT1|MCM|LABADT|MCM|198808181126|SECURITY|ADT^A01|MSG00001|P|2.5.1\rEVN|A01|198808181123\r${'ZZZ|filler|'.repeat(100)}`,
);

/**
 * Event number `seq` of patient number `patient`. `controlId` carries the number, so that the order can be checked;
 * `eventId` the intended time in fractional milliseconds, on whatever clock its reader has too, so that latency can be
 * measured; `at` is the time of day.
 */
export function eventOf(patient: number, seq: number, intended: number, at = intended): Hl7Adt {
  return {
    eventId: intended.toFixed(3).padStart(26, '0'),
    patientId: keyOf(patient),
    sender: 'ADT1|MCM',
    controlId: String(seq).padStart(8, '0'),
    event: triggers[seq % triggers.length] as string,
    occurredAt: Math.floor(at),
    receivedAt: Math.floor(at),
    charset: 'UTF-8',
    raw: body.subarray(0, rawBytes),
    blobRef: null,
    size: rawBytes,
    profile: null,
  };
}

const keyPrefix = '01BENCH';

export const keyOf = (patient: number): string => `${keyPrefix}${String(patient).padStart(19, '0')}`;

/** Triggers by number: what the `route` work tells apart. */
export const triggers = ['A01', 'A02', 'A08', 'A03'] as const;

/** Where `route` sends an event; undefined: dropped. */
export const routes: Readonly<Record<string, 'admissions' | 'transfers' | 'discharges'>> = {
  A01: 'admissions',
  A02: 'transfers',
  A03: 'discharges',
};

/** What every peer does between decode and encode. */
export const transform = (event: Hl7Adt): Hl7Adt => ({ ...event, sender: 'BENCH|OUT' });

/** Changes of `chain`, each a step of its own where the peer has steps. */
export const chainLength = 10;

/** All of them in a loop. */
export function chained(event: Hl7Adt): Hl7Adt {
  let changed = event;
  for (let i = 0; i < chainLength; i++) changed = transform(changed);
  return changed;
}

export const decode = (bytes: Buffer): Hl7Adt => type.fromBuffer(bytes.subarray(5)) as Hl7Adt;

export function encode(event: Hl7Adt, schemaId: number): Buffer {
  const payload = type.toBuffer(event);
  const bytes = Buffer.allocUnsafe(payload.length + 5);
  bytes[0] = 0;
  bytes.writeUInt32BE(schemaId, 1);
  payload.copy(bytes, 5);
  return bytes;
}

/** The schema id of an encoded event: every peer writes with the id that it reads. */
export const schemaIdOf = (bytes: Buffer): number => bytes.readUInt32BE(1);

/** Milliseconds that the call for an event takes: the same for every peer, and no two neighbours alike. */
export function callTime({ patientId, controlId }: Pick<Hl7Adt, 'patientId' | 'controlId'>, [from, to]: readonly [number, number]): number {
  const [seq, patient] = [Number(controlId), Number(patientId.slice(keyPrefix.length))];
  return from + ((seq * 7919 + patient * 104_729) % (to - from + 1));
}

/** The asynchronous call: it takes its time and no processor. */
export const call = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
