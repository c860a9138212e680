import type { Cluster } from './cluster.ts';
import { decode } from './event.ts';

export interface Findings {
  readonly messages: number;
  readonly patients: number;
  /** Events before an earlier one of their patient. */
  readonly outOfOrder: number;
  readonly duplicates: number;
  /** Events that are missing: of a whole backlog all, else those of which a later one of their patient is there. */
  readonly missing: number;
}

/** Checks one patient's numbers as they come: 0, 1, 2, … in order and once. */
export class OrderCheck {
  readonly #seen = new Map<string, Set<number>>();
  readonly #highest = new Map<string, number>();
  #messages = 0;
  #outOfOrder = 0;
  #duplicates = 0;

  add(patient: string, seq: number): void {
    this.#messages++;
    const seen = this.#seen.get(patient) ?? new Set();
    this.#seen.set(patient, seen);
    const highest = this.#highest.get(patient) ?? -1;
    if (seen.has(seq)) this.#duplicates++;
    else if (seq < highest) this.#outOfOrder++;
    seen.add(seq);
    this.#highest.set(patient, Math.max(highest, seq));
  }

  /** `expected`: events that must be there, where the whole input was worked off. */
  findings(expected = 0): Findings {
    let gaps = 0;
    let unique = 0;
    for (const [patient, seen] of this.#seen) {
      gaps += (this.#highest.get(patient) ?? -1) + 1 - seen.size;
      unique += seen.size;
    }
    const missing = Math.max(gaps, expected - unique);
    return { messages: this.#messages, patients: this.#seen.size, outOfOrder: this.#outOfOrder, duplicates: this.#duplicates, missing };
  }
}

/** Reads the whole output. */
export async function verify(cluster: Cluster, topic: string, expected = 0): Promise<Findings> {
  const check = new OrderCheck();
  const ends = await cluster.ends(topic);
  const open = new Set([...ends].filter(([, end]) => end > 0).map(([partition]) => partition));
  if (open.size === 0) return check.findings(expected);
  const consumer = cluster.kafka.consumer({ groupId: `${topic}.verify`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
      consumer
        .run({
          autoCommit: false,
          eachBatch: async ({ batch: { partition, messages } }) => {
            for (const { value, offset } of messages) {
              if (value) {
                const { patientId, controlId } = decode(value);
                check.add(patientId, Number(controlId));
              }
              if (Number(offset) + 1 >= (ends.get(partition) ?? 0)) open.delete(partition);
            }
            if (open.size === 0) resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return check.findings(expected);
}
