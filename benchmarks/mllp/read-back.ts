import { setTimeout as sleep } from 'node:timers/promises';
import { type Findings, OrderCheck } from '../load/order-check.ts';
import type { Cluster } from '../runner/cluster.ts';
import type { RunningListener } from './listener.ts';
import type { Place } from './senders.ts';

/**
 * Everything in the listener's topic: each message that was answered AA must be there, and those of a patient in the order in
 * which they were sent. A message whose answer the end cut off may be there too.
 */
export async function readBack(cluster: Cluster, from: Read, accepted: ReadonlyMap<string, Place>): Promise<Findings> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await once(cluster, from, accepted);
    } catch (cause) {
      // The broker of this round is young: the first group that it sees makes it create and load its offsets.
      if (!isLoading(cause) || performance.now() > deadline) throw cause;
      await sleep(500);
    }
  }
}

/** kafkajs wraps it once or twice, by where it gave up. */
function isLoading(cause: unknown): boolean {
  const { type, originalError, cause: inner } = cause as { type?: string; originalError?: unknown; cause?: unknown };
  if (type === 'GROUP_LOAD_IN_PROGRESS' || type === 'GROUP_COORDINATOR_NOT_AVAILABLE') return true;
  return [originalError, inner].some((each) => each instanceof Error && isLoading(each));
}

type Read = Pick<RunningListener, 'topic' | 'content'>;

async function once(cluster: Cluster, { topic, content }: Read, accepted: ReadonlyMap<string, Place>): Promise<Findings> {
  const check = new OrderCheck();
  const left = new Set(accepted.keys());
  const ends = new Map([...(await cluster.ends(topic))].filter(([, end]) => end > 0));
  const consumer = cluster.kafka.consumer({ groupId: `${topic}.verify`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    if (ends.size > 0)
      await new Promise<void>((resolve, reject) => {
        consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
        consumer
          .run({
            autoCommit: false,
            eachBatch: async ({ batch: { partition, messages } }) => {
              for (const { value } of messages) {
                const controlId = controlIdOf(value ? content(value) : Buffer.alloc(0));
                const place = accepted.get(controlId);
                if (place) check.add(place.patient, place.number);
                left.delete(controlId);
              }
              if (Number(messages.at(-1)?.offset ?? -1) + 1 >= (ends.get(partition) ?? 0)) ends.delete(partition);
              if (ends.size === 0) resolve();
            },
          })
          .catch(reject);
      });
  } finally {
    await consumer.disconnect();
  }
  // Gaps are no fault: a number may have been refused, or sent and never answered.
  return { ...check.findings(), missing: left.size };
}

/** MSH-10. */
function controlIdOf(message: Buffer): string {
  const first = message.subarray(0, message.indexOf(13)).toString('latin1');
  return first.split('|')[9] ?? '';
}
