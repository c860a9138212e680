import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Append, Log } from '../../../src/log/port.ts';
import { createSqliteLog } from '../../../src/log/sqlite/log.ts';
import type { Database } from '../../../src/sqlite/database.ts';
import { countingTelemetry } from '../../sqlite/counting.ts';
import { temporaryDatabase } from '../../sqlite/temporary.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

const minute = 60_000;
const day = 86_400_000;
const tp = (topic: string) => ({ topic, partition: 0 });

describe('cleaning', () => {
  let clock: ManualClock;
  let database: Database;
  let remove: () => Promise<void>;
  let log: Log;
  let telemetry: ReturnType<typeof countingTelemetry>;
  beforeEach(() => {
    clock = manualClock();
    telemetry = countingTelemetry();
    ({ database, remove } = temporaryDatabase());
    log = createSqliteLog({ database, clock, telemetry });
  });
  afterEach(async () => {
    await log.close();
    await remove();
  });

  /** Moves time, then lets the next cleaning run to its end: its steps are in the writer's queue between the pings. */
  const cleaned = async (ms: number) => {
    clock.advance(ms);
    await log.ping();
    await log.ping();
    clock.advance(10 * minute);
    for (let i = 0; i < 20; i++) await log.ping();
  };
  const append = (topic: string, ...records: Omit<Append, 'topic'>[]) =>
    log.append(records.map((record) => ({ topic, partition: 0, ...record })));
  const offsets = async (topic: string) => (await log.read(tp(topic), 0, 10_000)).map((record) => record.offset);
  const ends = async (topic: string) => {
    const [first] = await log.ends(topic);
    return [first?.start, first?.end];
  };

  it('removes what is older than the retention, and keeps offsets and the end', async () => {
    await log.ensureTopics([{ name: 'adt', partitions: 2, retentionMs: 7 * day }]);
    await append('adt', { key: 'a', value: null }, { key: 'b', value: null });
    clock.advance(3 * day);
    await append('adt', { key: 'c', value: null });
    await cleaned(4 * day - 20 * minute);
    assert.deepEqual(await ends('adt'), [0, 3]);
    await cleaned(40 * minute);
    assert.deepEqual(await ends('adt'), [2, 3]);
    assert.deepEqual(await offsets('adt'), [2]);
    await cleaned(4 * day);
    assert.deepEqual(await ends('adt'), [3, 3]);
    assert.deepEqual(await append('adt', { key: 'd', value: null }), [{ partition: 0, offset: 3 }]);
    assert.equal(telemetry.count('aorta_log_cleaned_records_total'), 3);
  });

  it('keeps dead letters for their 30 days', async () => {
    await log.ensureTopics([{ name: 'adt.dlq', partitions: 1, retentionMs: 30 * day }]);
    await append('adt.dlq', { key: 'a', value: null });
    await cleaned(29 * day);
    assert.deepEqual(await offsets('adt.dlq'), [0]);
    await cleaned(2 * day);
    assert.deepEqual(await offsets('adt.dlq'), []);
  });

  it('removes only a prefix: an old time behind a young one stays', async () => {
    await log.ensureTopics([{ name: 'adt', partitions: 1, retentionMs: 7 * day }]);
    const now = clock.now();
    await append('adt', ...[now - 9 * day, now - 8 * day, now, now - 9 * day].map((timestamp) => ({ key: 'a', value: null, timestamp })));
    await cleaned(20 * minute);
    assert.deepEqual(await offsets('adt'), [2, 3]);
  });

  it('removes thousands in steps, others written in between', async () => {
    await log.ensureTopics([{ name: 'adt', partitions: 1, retentionMs: 7 * day }]);
    await append('adt', ...Array.from({ length: 3500 }, () => ({ key: 'a', value: null })));
    clock.advance(8 * day);
    await append('adt', { key: 'a', value: null });
    await cleaned(20 * minute);
    assert.deepEqual(await offsets('adt'), [3500]);
  });

  it('a raised retention counts, a lower one is not taken over', async () => {
    await log.ensureTopics([{ name: 'adt', partitions: 1, retentionMs: 7 * day }]);
    await log.ensureTopics([{ name: 'adt', partitions: 1, retentionMs: 20 * day }]);
    await log.ensureTopics([{ name: 'adt', partitions: 1, retentionMs: 8 * day }]);
    await append('adt', { key: 'a', value: null });
    await cleaned(19 * day);
    assert.deepEqual(await offsets('adt'), [0]);
    await cleaned(2 * day);
    assert.deepEqual(await offsets('adt'), []);
  });

  it('keeps the newest record of each key of a compacted topic, whatever its age', async () => {
    await log.ensureTopics([{ name: 'names', partitions: 1, retentionMs: 7 * day, compacted: true }]);
    const value = (text: string) => Buffer.from(text);
    await append('names', { key: 'a', value: value('1') }, { key: 'b', value: value('1') }, { key: 'a', value: value('2') });
    await cleaned(20 * minute);
    assert.deepEqual(await offsets('names'), [1, 2]);
    await append('names', { key: 'b', value: value('2') }, { key: 'c', value: value('1') });
    await cleaned(400 * day);
    assert.deepEqual(await offsets('names'), [2, 3, 4]);
    assert.deepEqual(await ends('names'), [0, 5]);
  });

  it('a removed key of a compacted topic is told for a day, then forgotten', async () => {
    await log.ensureTopics([{ name: 'names', partitions: 1, retentionMs: 7 * day, compacted: true }]);
    await append('names', { key: 'a', value: Buffer.from('1') }, { key: 'b', value: Buffer.from('1') }, { key: 'a', value: null });
    await cleaned(20 * minute);
    assert.deepEqual(await offsets('names'), [1, 2]);
    await cleaned(day + 20 * minute);
    assert.deepEqual(await offsets('names'), [1]);
    await append('names', { key: 'a', value: Buffer.from('again') });
    await cleaned(2 * day);
    assert.deepEqual(await offsets('names'), [1, 3]);
  });

  it('compacts thousands in steps', async () => {
    await log.ensureTopics([{ name: 'names', partitions: 1, retentionMs: 7 * day, compacted: true }]);
    await append('names', ...Array.from({ length: 3500 }, (_, i) => ({ key: `k${i % 7}`, value: Buffer.from('x') })));
    await cleaned(2 * minute);
    assert.deepEqual(await offsets('names'), [3493, 3494, 3495, 3496, 3497, 3498, 3499]);
  });

  it('a consumer behind the retention goes on at what is left, and the loss is counted', async () => {
    await log.ensureTopics([{ name: 'adt', partitions: 1, retentionMs: 7 * day }]);
    await append('adt', { key: 'a', value: null }, { key: 'a', value: null });
    await cleaned(8 * day);
    await append('adt', { key: 'a', value: null });
    const seen: number[] = [];
    const consumer = log.consumer({
      group: 'g',
      topics: ['adt'],
      onAssigned: async () => [{ ...tp('adt'), offset: 1 }],
      onRevoked: async () => {},
      onLost() {},
      onError: (problem) => assert.fail(problem),
      onRecords: (_, records) => void seen.push(...records.map((record) => record.offset)),
    });
    await consumer.start();
    while (seen.length === 0) await log.ping();
    assert.deepEqual(seen, [2]);
    assert.equal(telemetry.count('aorta_log_expired_records_total'), 1);
  });

  it('leaves no timer behind when the log is closed', async () => {
    const own = manualClock();
    const other = createSqliteLog({ database, clock: own });
    assert.ok(own.waiting > 0);
    await other.close();
    assert.equal(own.waiting, 0);
  });
});
