import { Decoder } from './codec/decoder.ts';
import { typeOf } from './codec/type.ts';
import type { Registry } from './port.ts';
import { schemaIdOf } from './serde.ts';

/** A payload as its writer meant it, for people: no reader's schema, bounded like every other decoding. */
export async function inspect(registry: Registry, bytes: Buffer): Promise<{ readonly schemaId: number; readonly value: unknown }> {
  const schemaId = schemaIdOf(bytes);
  const type = typeOf(await registry.byId(schemaId));
  return { schemaId, value: new Decoder(type, type, schemaId).decode(bytes, 5) };
}
