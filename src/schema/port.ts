/**
 * Port **Registry**: Avro schemas by subject and id, as a Confluent-compatible registry keeps them (TopicNameStrategy,
 * BACKWARD by default). Adapters: confluent/ (HTTP), embedded/ (a table). `test/schema/conformance.ts` is the suite.
 * Ids are cached for ever; an unknown id is cached negatively for a while; cached ids work while the registry is down.
 */
export type AvroSchema = string | { readonly [key: string]: unknown } | readonly AvroSchema[];

export interface RegisteredSchema {
  readonly id: number;
  readonly subject: string;
  readonly version: number;
  readonly schema: AvroSchema;
}

export interface Compatibility {
  readonly compatible: boolean;
  /** One line per problem; names the field and the reader. */
  readonly problems: readonly string[];
}

export interface Registry {
  readonly kind: 'confluent' | 'embedded';
  /** The id of `schema` under `subject`, new or known. Incompatible: AORTA_SCHEMA_* (Permanent) that names the field. */
  register(subject: string, schema: AvroSchema): Promise<number>;
  check(subject: string, schema: AvroSchema): Promise<Compatibility>;
  /** Synchronous when cached: the hot path never awaits a known id. */
  cached(id: number): AvroSchema | undefined;
  /** Unknown id: Decode. Registry down and id not cached: Transient. */
  byId(id: number): Promise<AvroSchema>;
  latest(subject: string): Promise<RegisteredSchema | undefined>;
  subjects(): Promise<readonly string[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Writes and reads values of one topic in the Confluent wire format: 0x00, 4-byte id (big-endian), Avro binary. */
export interface Serde<T> {
  readonly subject: string;
  /** CRC-64-AVRO or SHA-256 fingerprint of the writer's schema, hex; part of the graph's hash. */
  readonly fingerprint: string;
  serialize(value: T): Buffer;
  /** Resolves the writer's schema to ours. A Promise only when the writer's id was not yet cached. Rejects/throws Decode. */
  deserialize(bytes: Buffer): T | Promise<T>;
}
