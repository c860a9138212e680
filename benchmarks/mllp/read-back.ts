import type { Cluster } from '../cluster.ts';
import { type Findings, OrderCheck } from '../order-check.ts';
import type { RunningListener } from './listener.ts';
import type { Place } from './senders.ts';

/**
 * Everything in the listener's topic: each message that was answered AA must be there, and those of a patient in the order in
 * which they were sent. A message whose answer the end cut off may be there too.
 */
export async function readBack(
  cluster: Cluster,
  { topic, content }: Pick<RunningListener, 'topic' | 'content'>,
  accepted: ReadonlyMap<string, Place>,
): Promise<Findings> {
  const check = new OrderCheck();
  const left = new Set(accepted.keys());
  const ends = new Map([...(await cluster.ends(topic))].filter(([, end]) => end > 0));
  // The broker of this round is minutes old at most: its coordinator may still be loading.
  const consumer = cluster.kafka.consumer({
    groupId: `${topic}.verify`,
    maxWaitTimeInMs: 100,
    retry: { retries: 40, maxRetryTime: 2_000 },
  });
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
