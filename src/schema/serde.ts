import { error } from '../errors/index.ts';
import type { Topic } from '../flow/topic.ts';
import { Decoder } from './codec/decoder.ts';
import { Encoder } from './codec/encoder.ts';
import { fingerprintOf, type Type, typeOf } from './codec/type.ts';
import { type CodecLimits, defaultLimits } from './codec/walk.ts';
import type { AvroSchema, Registry, Serde } from './port.ts';
import { subjectOf } from './subject.ts';

const headerBytes = 5;
/** Writers' schemas that one reader keeps decoders of. A topic sees a handful; a flood of ids must not fill the memory. */
const keptDecoders = 1_000;

export interface SerdeOptions {
  /** What one payload may cost; raise it for topics with long arrays (waveforms). */
  readonly limits?: Partial<CodecLimits>;
}

/** Reads and writes one topic's values. Made by `createSerde`. */
class AvroSerde<T> implements Serde<T> {
  readonly subject: string;
  readonly fingerprint: string;
  readonly #registry: Registry;
  readonly #type: Type;
  readonly #encoder: Encoder;
  readonly #limits: CodecLimits;
  /** By writer's id; an Error is the writer that this reader cannot read. */
  readonly #decoders = new Map<number, Decoder | Error>();
  #lastId = -1;
  #lastDecoder: Decoder | undefined;

  constructor(registry: Registry, subject: string, schema: AvroSchema, id: number, options: SerdeOptions) {
    this.#registry = registry;
    this.subject = subject;
    this.#type = typeOf(schema);
    this.fingerprint = fingerprintOf(this.#type);
    this.#limits = { ...defaultLimits, ...options.limits };
    const header = Buffer.alloc(headerBytes);
    header.writeUInt32BE(id, 1);
    this.#encoder = new Encoder(this.#type, header, subject);
    this.#decoders.set(id, new Decoder(this.#type, this.#type, id, this.#limits));
  }

  serialize(value: T): Buffer {
    return this.#encoder.encode(value);
  }

  deserialize(bytes: Buffer): T | Promise<T> {
    const id = schemaIdOf(bytes);
    if (id === this.#lastId && this.#lastDecoder) return this.#lastDecoder.decode(bytes, headerBytes) as T;
    const known = this.#decoders.get(id);
    if (known) return this.#decode(id, known, bytes);
    const cached = this.#registry.cached(id);
    if (cached !== undefined) return this.#decode(id, this.#learn(id, cached), bytes);
    return this.#registry.byId(id).then((schema) => this.#decode(id, this.#decoders.get(id) ?? this.#learn(id, schema), bytes));
  }

  #decode(id: number, decoder: Decoder | Error, bytes: Buffer): T {
    if (decoder instanceof Error) throw decoder;
    this.#lastId = id;
    this.#lastDecoder = decoder;
    return decoder.decode(bytes, headerBytes) as T;
  }

  #learn(id: number, schema: AvroSchema): Decoder | Error {
    let decoder: Decoder | Error;
    try {
      decoder = new Decoder(typeOf(schema), this.#type, id, this.#limits);
    } catch (cause) {
      // Schemas hold no PHI, so avsc's message may be told.
      decoder = error('AORTA_SCHEMA_009', {
        schemaId: id,
        subject: this.subject,
        problem: cause instanceof Error ? cause.message : String(cause),
      });
    }
    if (this.#decoders.size >= keptDecoders) {
      const oldest = this.#decoders.keys().next().value;
      if (oldest !== undefined) this.#decoders.delete(oldest);
    }
    this.#decoders.set(id, decoder);
    return decoder;
  }
}

/** Schema id of a payload in the registry wire format: 0x00, id (4 bytes, big-endian). Throws AORTA_SCHEMA_004. */
export function schemaIdOf(bytes: Buffer): number {
  if (bytes.length < headerBytes) throw error('AORTA_SCHEMA_004', { problem: `${bytes.length} bytes are too short` });
  if (bytes[0] !== 0) throw error('AORTA_SCHEMA_004', { problem: 'the first byte is not 0x00' });
  return bytes.readUInt32BE(1);
}

/**
 * Registers `schema` under `subject` and gives the serde that writes with it and reads any registered writer into it.
 * Rejects with AORTA_SCHEMA_007 (incompatible) or AORTA_SCHEMA_006 (registry down and this schema never registered from here).
 */
export async function createSerde<T>(
  registry: Registry,
  subject: string,
  schema: AvroSchema,
  options: SerdeOptions = {},
): Promise<Serde<T>> {
  return new AvroSerde<T>(registry, subject, schema, await registry.register(subject, schema), options);
}

/** The serde of a topic whose values are plain bytes: no header, no registry. */
export const bytesSerde = (subject: string): Serde<Buffer> => ({
  subject,
  fingerprint: 'bytes',
  serialize: (value) => {
    if (!Buffer.isBuffer(value)) throw error('AORTA_SCHEMA_008', { subject, problem: 'the value is not a Buffer' });
    return value;
  },
  deserialize: (bytes) => bytes,
});

/** The serde of a topic's values: registers its schema, or passes bytes through where it has none. */
export async function serdeFor<T>(registry: Registry, topic: Topic<T>, options: SerdeOptions = {}): Promise<Serde<T>> {
  const subject = subjectOf(topic.name);
  if (topic.schema === null) return bytesSerde(subject) as unknown as Serde<T>;
  return createSerde<T>(registry, subject, topic.schema, options);
}
