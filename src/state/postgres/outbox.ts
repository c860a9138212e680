import type { OutboxRecord } from '../port.ts';

/**
 * One outbox row: uint32 length of a JSON list of `[topic, partition, key, headers, timestamp, length of the value]`
 * (-1: null), that list, then the values one behind the other.
 */
type Entry = [topic: string, partition: number, key: string, headers: Readonly<Record<string, string>>, timestamp: number, length: number];

/** In parts: the values are not copied here. */
export function encodeOutbox(records: readonly OutboxRecord[]): Buffer[] {
  const entries = records.map(
    ({ topic, partition, key, value, headers, timestamp }): Entry => [topic, partition, key, headers, timestamp, value?.length ?? -1],
  );
  const list = Buffer.from(JSON.stringify(entries));
  const size = Buffer.allocUnsafe(4);
  size.writeUInt32BE(list.length);
  const parts: Buffer[] = [size, list];
  for (const { value } of records) if (value) parts.push(value);
  return parts;
}

export function decodeOutbox(stored: Buffer): OutboxRecord[] {
  let at = 4 + stored.readUInt32BE(0);
  const entries = JSON.parse(stored.toString('utf8', 4, at)) as Entry[];
  return entries.map(([topic, partition, key, headers, timestamp, length]) => {
    const value = length < 0 ? null : stored.subarray(at, at + length);
    at += Math.max(0, length);
    return { topic, partition, key, value, headers, timestamp };
  });
}
