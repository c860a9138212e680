import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AortaError } from '../../../src/errors/index.ts';
import type { ConsumerOptions, Log, TopicPartition } from '../../../src/log/port.ts';
import { createSqliteLog } from '../../../src/log/sqlite/log.ts';
import type { Database } from '../../../src/sqlite/database.ts';
import { temporaryDatabase } from '../../sqlite/temporary.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

const topic = 'adt';
const codeOf = (thrown: unknown) => (thrown instanceof AortaError ? thrown.code : String(thrown));

/** What the suite cannot ask of every adapter: time-outs and failures under a clock of the test's own. */
describe('a consumer of the embedded log', () => {
  let clock: ManualClock;
  let database: Database;
  let remove: () => Promise<void>;
  let log: Log;
  beforeEach(async () => {
    clock = manualClock();
    ({ database, remove } = temporaryDatabase());
    log = createSqliteLog({ database, clock });
    await log.ensureTopics([{ name: topic, partitions: 2, retentionMs: 7 * 86_400_000 }]);
  });
  afterEach(async () => {
    await log.close();
    await remove();
  });

  const append = (count: number, partition = 0, size = 10) =>
    log.append(Array.from({ length: count }, () => ({ topic, partition, key: 'a', value: Buffer.alloc(size) })));
  const settled = async (done: () => boolean) => {
    for (let i = 0; i < 1000 && !done(); i++) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(done(), 'did not happen');
  };
  const consumerOf = (options: Partial<ConsumerOptions> = {}) => {
    const events: string[] = [];
    const seen: [partition: number, offset: number][] = [];
    const names = (partitions: readonly TopicPartition[]) => partitions.map(({ partition }) => partition).join();
    const consumer = log.consumer({
      group: 'g',
      topics: [topic],
      rebalanceTimeoutMs: 5000,
      ...options,
      async onAssigned(partitions, generation) {
        events.push(`assigned ${names(partitions)} ${generation}`);
        return (await options.onAssigned?.(partitions, generation)) ?? [];
      },
      async onRevoked(partitions) {
        events.push(`revoking ${names(partitions)}`);
        await options.onRevoked?.(partitions);
      },
      onLost: (partitions) => void events.push(`lost ${names(partitions)}`),
      onError: (problem, willRestart) => void events.push(`${codeOf(problem)} ${willRestart}`),
      onRecords(tp, records, end) {
        seen.push(...records.map((record): [number, number] => [tp.partition, record.offset]));
        options.onRecords?.(tp, records, end);
      },
    });
    return { consumer, events, seen };
  };

  it('that does not drain in time loses its partitions, is fenced, and comes back when it has drained', async () => {
    let drained: () => void = () => {};
    let stuck = true;
    const slow = consumerOf({ onRevoked: () => (stuck ? new Promise<void>((resolve) => (drained = resolve)) : Promise.resolve()) });
    await slow.consumer.start();
    const other = consumerOf();
    const joined = other.consumer.start();
    await settled(() => slow.events.includes('revoking 0,1'));
    clock.advance(4999);
    assert.deepEqual(other.events, []);
    clock.advance(1);
    await joined;
    assert.deepEqual(other.events, ['assigned 0,1 2']);
    assert.deepEqual(slow.events.slice(1), ['revoking 0,1', 'lost 0,1']);
    await assert.rejects(slow.consumer.commit([{ topic, partition: 0, offset: 1 }]), (thrown) => codeOf(thrown) === 'AORTA_LOG_005');
    stuck = false;
    drained();
    await settled(() => slow.events.length === 4 && other.events.length === 3);
    assert.match(slow.events[3] as string, /^assigned [01] 3$/);
    assert.deepEqual(other.events.slice(1, 2), ['revoking 0,1']);
  });

  it('whose onAssigned fails gives the partitions up, says so, and joins again later', async () => {
    let failing = 2;
    await append(3);
    const { consumer, events, seen } = consumerOf({
      async onAssigned() {
        if (failing-- > 0) throw new Error('database away');
        return [];
      },
    });
    await consumer.start();
    assert.deepEqual(events, ['assigned 0,1 1', 'lost 0,1', 'AORTA_LOG_017 true']);
    await assert.rejects(consumer.commit([{ topic, partition: 0, offset: 1 }]), (thrown) => codeOf(thrown) === 'AORTA_LOG_005');
    clock.advance(1000);
    await settled(() => events.length === 6);
    clock.advance(1999);
    await settled(() => events.length === 6);
    clock.advance(1);
    await settled(() => seen.length === 3);
    assert.equal(events.at(-1), 'assigned 0,1 3');
  });

  it('whose onRecords throws restarts and reads again from what is committed', async () => {
    await append(3);
    let failing = true;
    const { consumer, events, seen } = consumerOf({
      onRecords() {
        if (!failing) return;
        failing = false;
        throw new Error('defect');
      },
    });
    await consumer.start();
    await settled(() => events.includes('AORTA_LOG_017 true'));
    await append(1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(seen.length, 3, 'delivered while it was down');
    clock.advance(1000);
    await settled(() => seen.length === 7);
  });

  it('whose onRevoked throws is told, and the partitions go on to the next one', async () => {
    const { consumer, events } = consumerOf({ onRevoked: () => Promise.reject(new Error('defect')) });
    await consumer.start();
    const other = consumerOf();
    await other.consumer.start();
    assert.ok(events.includes('AORTA_LOG_017 true'));
    assert.equal(other.events.length, 1);
  });

  it('refuses to read from above the end of the log', async () => {
    const { consumer, events } = consumerOf({ onAssigned: async () => [{ topic, partition: 1, offset: 1 }] });
    await consumer.start();
    assert.deepEqual(events.slice(1), ['lost 0,1', 'AORTA_LOG_013 true']);
  });

  it('stops while it is down, and is not heard of again', async () => {
    const { consumer, events } = consumerOf({ onAssigned: () => Promise.reject(new Error('defect')) });
    await consumer.start();
    await consumer.stop();
    const before = events.length;
    clock.advance(100_000);
    await log.ping();
    assert.equal(events.length, before);
  });

  it('gets pieces bounded in records and bytes, and every partition its turn', async () => {
    await append(1200, 0);
    await append(10, 1, 400_000);
    const pieces: [partition: number, records: number][] = [];
    const { consumer, seen } = consumerOf({ onRecords: (tp, records) => void pieces.push([tp.partition, records.length]) });
    await consumer.start();
    await settled(() => seen.length === 1210);
    assert.deepEqual(
      pieces.filter(([partition]) => partition === 0).map(([, count]) => count),
      [500, 500, 200],
    );
    assert.deepEqual(
      pieces.filter(([partition]) => partition === 1).map(([, count]) => count),
      [3, 3, 3, 1],
    );
    assert.equal(new Set(pieces.slice(0, 2).map(([partition]) => partition)).size, 2, 'one partition had both of the first turns');
  });

  it('is woken by an append, without any timer', async () => {
    const { consumer, seen } = consumerOf();
    await consumer.start();
    await append(1);
    await settled(() => seen.length === 1);
  });

  it('of an unknown topic does not start', async () => {
    await assert.rejects(consumerOf({ topics: ['nothing'] }).consumer.start(), (thrown) => codeOf(thrown) === 'AORTA_LOG_002');
  });

  it('more than there are partitions wait without any, and take over', async () => {
    const members = [consumerOf(), consumerOf(), consumerOf()];
    for (const { consumer } of members) await consumer.start();
    assert.equal(members[2]?.events.length, 0);
    await members[0]?.consumer.stop();
    assert.match(members[2]?.events[0] ?? '', /^assigned [01] 4$/);
  });

  it('everything is refused once the log is closed', async () => {
    const { consumer } = consumerOf();
    await consumer.start();
    await log.close();
    await assert.rejects(append(1), (thrown) => codeOf(thrown) === 'AORTA_LOG_016');
    await assert.rejects(consumer.commit([{ topic, partition: 0, offset: 1 }]), (thrown) => codeOf(thrown) === 'AORTA_LOG_005');
  });
});
