import type { ProtocolPair } from '../../../src/log/kafka/internals.ts';
import { Reader } from '../../../src/log/kafka/protocol.ts';

/** What a fetch request without a session names, in its order. */
export async function namedIn(pair: ProtocolPair<unknown>): Promise<{ topic: string; partition: number; offset: number }[]> {
  const { buffer } = (await pair.request.encode()) as { readonly buffer: Buffer };
  const reader = new Reader(buffer);
  reader.at = 25;
  const named = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.text();
    for (let count = reader.int32(); count > 0; count--) {
      const partition = reader.int32();
      reader.at += 4;
      named.push({ topic, partition, offset: reader.offset() });
      reader.at += 12;
    }
  }
  return named;
}
