import type { Registry } from '../../../src/schema/port.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import { type Entry, entrySchema, entryTopic } from './entry.ts';

type Writer = { serialize(entry: Entry): Buffer };

/** Version 2 of an entry: one more field, with a default. */
export const newer = { ...entrySchema, fields: [...entrySchema.fields, { name: 'note', type: 'string', default: '' }] } as const;
/** What no reader of an entry can read: `seq` has become a text. */
export const broken = {
  ...entrySchema,
  fields: entrySchema.fields.map((field) => (field.name === 'seq' ? { name: 'seq', type: 'string' } : field)),
};

/** Registers version 2 for the run's topic, and writes with it. */
export async function writerOfNewer(registry: Registry, run: string): Promise<Writer> {
  const serde = await serdeFor(registry, { ...entryTopic(run), schema: newer });
  return { serialize: (entry) => serde.serialize({ ...entry, note: 'new' } as Entry) };
}

/** Registers the broken version where nobody compares it, and writes with it all the same. */
export async function writerOfBroken(registry: Registry, run: string): Promise<Writer> {
  const serde = await serdeFor(registry, { ...entryTopic(`forced.${run}`), schema: broken });
  return { serialize: (entry) => serde.serialize({ ...entry, seq: String(entry.seq) } as unknown as Entry) };
}

/** Registers one more version, which no other has: `note` under a name of its own, with a default. */
export async function writerOfVersion(registry: Registry, run: string, version: number): Promise<Writer> {
  const field = `note${version}`;
  const schema = { ...entrySchema, fields: [...entrySchema.fields, { name: field, type: 'string', default: '' }] };
  const serde = await serdeFor(registry, { ...entryTopic(run), schema });
  return { serialize: (entry) => serde.serialize({ ...entry, [field]: 'new' } as Entry) };
}
