import type { Cluster } from '../runner/cluster.ts';

/** Milliseconds without a record after which what is missing is missing. Joining the group takes part of them. */
const quietMs = 10_000;

type Messages = readonly { readonly value: Buffer | null }[];

/** Reads all that stands in the topics now, once, in a group of its own. */
export async function readAll(
  cluster: Cluster,
  topics: readonly string[],
  groupId: string,
  each: (topic: string, messages: Messages) => void,
): Promise<void> {
  const ends = new Map<string, number>();
  for (const topic of topics) for (const [partition, end] of await cluster.ends(topic)) if (end > 0) ends.set(`${topic}/${partition}`, end);
  const open = new Set(ends.keys());
  if (open.size === 0) return;
  const consumer = cluster.kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  let timer: NodeJS.Timeout | undefined;
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    let at = performance.now();
    await new Promise<void>((resolve, reject) => {
      // A transactional peer's last offset is a marker that nobody is given: then quiet is the end.
      timer = setInterval(() => performance.now() - at > quietMs && resolve(), 250);
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
      consumer
        .run({
          autoCommit: false,
          eachBatch: async ({ batch }) => {
            at = performance.now();
            each(batch.topic, batch.messages);
            const last = Number(batch.messages.at(-1)?.offset ?? -1);
            const name = `${batch.topic}/${batch.partition}`;
            if (last + 1 >= (ends.get(name) ?? 0)) open.delete(name);
            if (open.size === 0) resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    clearInterval(timer);
    await consumer.disconnect();
  }
}
