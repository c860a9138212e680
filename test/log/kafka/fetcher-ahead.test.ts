import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemRandom } from '../../../src/clock/system.ts';
import { Fetcher } from '../../../src/log/kafka/fetcher.ts';
import type { Cluster, ProtocolPair } from '../../../src/log/kafka/internals.ts';
import { code, type Fetched } from '../../../src/log/kafka/protocol.ts';
import type { TopicPartition } from '../../../src/log/port.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { batchOf } from './fetch-answer.ts';
import { namedIn } from './fetch-question.ts';

const records = 40;
const maxBytes = 100_000;

type Asked = readonly { readonly partition: number; readonly offset: number }[];

/** `records` of a partition from an offset on, each with its offset as value and `width` bytes. */
function given(partition: number, offset: number, width = 10): Fetched {
  const values = Array.from({ length: records }, (_, i) => `${offset + i}`.padEnd(width));
  return { topic: 't', partition, errorCode: code.none, start: 0, end: 1_000_000, aborted: [], batches: batchOf(values, offset) };
}

const failed = (partition: number, errorCode: number): Fetched => ({
  ...{ topic: 't', partition, errorCode, start: 0, end: 0, aborted: [], batches: Buffer.alloc(0) },
});

/** A fetcher of some partitions whose broker answers as `answer` says, 5 ms later. */
function reading(partitions: number, answer: (asked: Asked, n: number) => readonly Fetched[], offsets = 0) {
  const clock = new VirtualClock();
  const questions: Asked[] = [];
  const seen: [partition: number, offset: number][] = [];
  const problems: string[] = [];
  const send = async (pair: ProtocolPair<unknown>): Promise<readonly Fetched[]> => {
    const asked = await namedIn(pair);
    questions.push(asked);
    const answered = answer(asked, questions.length - 1);
    await new Promise<void>((resolve) => void clock.after(5, resolve));
    return answered;
  };
  const cluster = {
    findTopicPartitionMetadata: () => Array.from({ length: partitions }, (_, partitionId) => ({ partitionId, leader: 1 })),
    findBroker: async () => ({ connectionPool: { send }, disconnect: async () => {} }),
    refreshMetadata: async () => {},
  } as unknown as Cluster;
  const all = Array.from({ length: partitions }, (_, partition): TopicPartition => ({ topic: 't', partition }));
  const onRecords = { after: (_at: TopicPartition): void => {} };
  const fetcher = new Fetcher(
    {
      cluster,
      limits: { maxWaitMs: 100, maxBytes, maxBytesPerPartition: maxBytes },
      around: { clock, random: systemRandom, telemetry: silentTelemetry },
      group: 'g',
      handlers: {
        onRecords(at, delivered) {
          for (const { value, offset } of delivered) {
            assert.equal(Number(value?.toString()), offset);
            seen.push([at.partition, offset]);
          }
          onRecords.after(at);
        },
        onError: (thrown) => problems.push(thrown.message),
      },
      ends: async (tp) => ({ ...tp, start: 0, end: 10 }),
      fresh: () => true,
      onEnd: (reason) => problems.push(String(reason)),
    },
    all,
  );
  const start = async (): Promise<void> => {
    fetcher.start(new Map(all.map(({ partition }) => [`t/${partition}`, offsets])));
    await clock.advance(1);
  };
  return { clock, fetcher, all, questions, seen, problems, onRecords, start };
}

/** Questions that name the partition. */
const naming = (questions: readonly Asked[], partition: number) =>
  questions.filter((asked) => asked.some((at) => at.partition === partition));

const more = (asked: Asked) => asked.map(({ partition, offset }) => given(partition, offset));

describe('asking ahead', () => {
  it('a paused partition that was giving records is asked for once more, and gives them when it goes on: in order, once', async () => {
    const { clock, fetcher, all, questions, seen, problems, onRecords, start } = reading(1, more);
    onRecords.after = (at) => fetcher.pause(at);
    await start();
    await clock.advance(3000);
    assert.equal(seen.length, records, 'nothing comes while it is paused');
    // Less than an answer is kept after the first; then one partition has what it may have.
    assert.deepEqual(
      questions.map(([at]) => at?.offset),
      [0, records],
    );
    for (let n = 2; n < 10; n++) {
      fetcher.resume(all[0] as TopicPartition);
      await clock.advance(0);
      assert.equal(seen.length, records * n, 'without a question');
      await clock.advance(100);
    }
    fetcher.stop();
    assert.deepEqual(
      seen.map(([, offset]) => offset),
      Array.from({ length: seen.length }, (_, i) => i),
    );
    assert.deepEqual(problems, []);
  });

  it('one that the flow has refused is left alone, whatever its offset is; another one goes on', async () => {
    const { clock, fetcher, all, questions, seen, problems, start } = reading(2, (asked) =>
      asked.map(({ partition, offset }) => (partition === 0 ? failed(0, code.offsetOutOfRange) : given(1, offset))),
    );
    fetcher.pause(all[0] as TopicPartition);
    await start();
    await clock.advance(1000);
    fetcher.stop();
    assert.deepEqual(naming(questions, 0), []);
    assert.ok(seen.length > 10 * records);
    assert.deepEqual(problems, []);
  });

  it("a fault of one that is paused is nobody's, until it goes on", async () => {
    const { clock, fetcher, all, questions, problems, onRecords, start } = reading(1, (asked, n) =>
      n === 0 ? more(asked) : [failed(0, code.offsetOutOfRange)],
    );
    onRecords.after = (at) => fetcher.pause(at);
    await start();
    await clock.advance(3000);
    assert.equal(questions.length, 2, 'and it is not asked for again');
    assert.deepEqual(problems, []);
    fetcher.resume(all[0] as TopicPartition);
    await clock.advance(1000);
    fetcher.stop();
    assert.match(problems.join(), /AORTA_LOG_013|end/);
  });

  it('one that is paused at the end of the log is not asked for again and again', async () => {
    const { clock, fetcher, all, questions, onRecords, start } = reading(3, (asked, n) => (n === 0 ? more(asked) : []));
    onRecords.after = (at) => fetcher.pause(at);
    await start();
    await clock.advance(5000);
    fetcher.stop();
    assert.ok(
      all.every(({ partition }) => naming(questions, partition).length <= 3),
      `${questions.length} questions in 5 s`,
    );
  });

  it('no more than one answer and what was on its way is kept', async () => {
    const width = maxBytes / records / 4;
    const { clock, fetcher, questions, onRecords, start } = reading(20, (asked) => {
      // As the broker does: as many as fit.
      return asked.slice(0, 4).map(({ partition, offset }) => given(partition, offset, width));
    });
    onRecords.after = (at) => fetcher.pause(at);
    await start();
    await clock.advance(5000);
    fetcher.stop();
    const ahead = questions.flat().filter(({ offset }) => offset > 0);
    assert.ok(questions.length <= 20, `${questions.length} questions`);
    assert.ok(ahead.length > 0);
  });

  it('what was fetched ahead is not delivered after the end', async () => {
    const { clock, fetcher, all, seen, onRecords, start } = reading(1, more);
    onRecords.after = (at) => fetcher.pause(at);
    await start();
    await clock.advance(100);
    fetcher.resume(all[0] as TopicPartition);
    fetcher.stop();
    await clock.advance(1000);
    assert.equal(seen.length, records);
  });
});
