import { error } from '../../errors/index.ts';
import type { Writer } from '../../sqlite/jobs.ts';
import { partitionOf } from '../murmur2.ts';
import { idOf } from './slot.ts';
import { type StoredTopic, topicInWriter } from './topics.ts';

/** A record on its way to the writer thread. */
export type SentRecord = readonly [
  topic: string,
  partition: number | null,
  key: Uint8Array | string | null,
  value: Uint8Array | null,
  headers: string,
  timestamp: number,
];

/** Job: appends in order; answers partition and offset of each record, flat. All or none. */
export function append(writer: Writer, records: readonly SentRecord[]): number[] {
  const slots = new Map<number, number>();
  const placed: { slot: number; partition: number }[] = [];
  // Records without a key go to one partition a call, as the Java client's sticky partitioner does.
  let keyless: number | undefined;
  for (const [name, wanted, key] of records) {
    const topic = topicInWriter(writer, name);
    let partition = wanted;
    if (partition === null && key !== null) partition = partitionOf(key, topic.partitions);
    if (partition === null) {
      keyless ??= nextKeyless(writer);
      partition = keyless % topic.partitions;
    }
    check(topic, partition, key);
    const slot = topic.firstSlot + partition;
    slots.set(slot, (slots.get(slot) ?? 0) + 1);
    placed.push({ slot, partition });
  }
  const claim = writer.prepare('UPDATE aorta_partition SET end_offset = end_offset + ? WHERE slot = ? RETURNING end_offset');
  const next = new Map<number, number>();
  for (const [slot, count] of slots) next.set(slot, (claim.get(count, slot) as { end_offset: number }).end_offset - count);
  const insert = writer.prepare('INSERT INTO aorta_log (id, timestamp, key, value, headers) VALUES (?, ?, ?, ?, ?)');
  const appended: number[] = [];
  for (const [index, [, , key, value, headers, timestamp]] of records.entries()) {
    const { slot, partition } = placed[index] as (typeof placed)[number];
    const offset = next.get(slot) as number;
    next.set(slot, offset + 1);
    insert.run(idOf(slot, offset), timestamp, typeof key === 'string' ? Buffer.from(key) : key, value, headers);
    appended.push(partition, offset);
  }
  return appended;
}

function check(topic: StoredTopic, partition: number, key: Uint8Array | string | null): void {
  if (!Number.isInteger(partition) || partition < 0 || partition >= topic.partitions) {
    throw error('AORTA_LOG_015', { topic: topic.name, problem: `there is no partition ${partition}` });
  }
  if (topic.compacted && key === null)
    throw error('AORTA_LOG_015', { topic: topic.name, problem: 'a compacted topic takes records with keys only' });
}

function nextKeyless(writer: Writer): number {
  const next = ((writer.memo.get('keyless') as number | undefined) ?? 0) + 1;
  writer.memo.set('keyless', next);
  return next;
}
