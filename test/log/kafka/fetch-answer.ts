import { EncodedBatch, payloadSize } from '../../../src/log/kafka/records/encode.ts';
import type { Append } from '../../../src/log/port.ts';

/** A batch as a broker gives it: one record for each value, from an offset on. */
export function batchOf(values: readonly string[], offset = 0): Buffer {
  const records = values.map((value): Append => ({ topic: 't', key: 'k', value: Buffer.from(value) }));
  const encoded = new EncodedBatch(records, records.map(payloadSize), { producerId: -1n, producerEpoch: -1, sequence: -1 }, 1, 'none');
  const bytes = Buffer.alloc(encoded.size);
  encoded.write(bytes, 0);
  bytes.writeBigInt64BE(BigInt(offset), 0);
  return bytes;
}
