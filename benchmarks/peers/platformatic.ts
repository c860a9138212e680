import { Consumer, type Message, type MessageToProduce, Producer } from '@platformatic/kafka';
import type { Peer } from '../contract/peer.ts';
import type { Task } from '../contract/task.ts';
import { packageVersions } from '../contract/versions.ts';
import { destinationOf } from '../work/destination.ts';
import { decode, encode, schemaIdOf, transform } from '../work/event.ts';

/** Messages that wait for the send under way before no more are taken. */
const mostWaiting = 8_000;

/**
 * @platformatic/kafka as well as it goes: whatever came while one send was under way goes into the next, and its offsets are
 * committed meanwhile. One send at a time keeps a patient in order. The group protocol is KIP-848's.
 */
export const peer: Peer = {
  name: 'platformatic',
  what: '@platformatic/kafka, one batched send at a time, a commit after each, KIP-848 group',
  guarantee: 'at least once',
  work: ['map', 'route'],
  versions: () => packageVersions('@platformatic/kafka', 'avsc'),
  async start(task) {
    const common = { clientId: task.name, bootstrapBrokers: [...task.brokers] };
    const producer = new Producer({ ...common, acks: -1 });
    const consumer = new Consumer({
      ...common,
      groupId: task.name,
      groupProtocol: 'consumer',
      maxWaitTime: 100,
      // The defaults are 50 MB for all partitions, and as much for one of them: long pauses while it is parsed.
      maxBytes: 8 << 20,
      maxBytesPerPartition: 1 << 20,
      highWaterMark: 8_192,
      autocommit: false,
    });
    const stream = await consumer.consume({ topics: [task.input], mode: 'committed', fallbackMode: 'earliest' });
    let waiting: Message[] = [];
    let committed: Promise<void> = Promise.resolve();
    let working: Promise<void> | undefined;
    let failed: unknown;

    const work = async (): Promise<void> => {
      while (waiting.length > 0) {
        const batch = waiting;
        waiting = [];
        stream.resume();
        const messages = batch.flatMap((message) => resultOf(task, message));
        if (messages.length > 0) await producer.send({ messages });
        await committed;
        committed = consumer.commit({ offsets: nextOf(batch) });
      }
      await committed;
    };
    stream.on('data', (message) => {
      waiting.push(message);
      if (waiting.length >= mostWaiting) stream.pause();
      // Not before all of this fetch is here: it is pushed in one go.
      working ??= new Promise<void>((resolve) => setImmediate(resolve))
        .then(work)
        .catch(fail)
        .finally(() => {
          working = undefined;
        });
    });
    stream.on('error', fail);
    function fail(cause: unknown): void {
      if (failed !== undefined) return;
      failed = cause;
      // The runner sees a peer that ended, with this as the reason.
      process.nextTick(() => {
        throw cause;
      });
    }
    return {
      async stop() {
        stream.removeAllListeners('error').on('error', () => undefined);
        stream.pause();
        await working;
        await stream.close();
        await consumer.close();
        await producer.close();
      },
    };
  },
};

function resultOf(task: Task, { key, value }: Message): MessageToProduce[] {
  const event = decode(value);
  const topic = destinationOf(task, event);
  return topic === undefined ? [] : [{ topic, key, value: encode(transform(event), schemaIdOf(value)) }];
}

/** The offset after the last message of each partition. */
function nextOf(batch: readonly Message[]): { topic: string; partition: number; offset: bigint; leaderEpoch: number }[] {
  const last = new Map<number, Message>();
  for (const message of batch) last.set(message.partition, message);
  return [...last.values()].map(({ topic, partition, offset, leaderEpoch }) => ({ topic, partition, offset: offset + 1n, leaderEpoch }));
}
