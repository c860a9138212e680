import { mostMs } from '../../engine/linger.ts';
import { type Append, header } from '../../log/port.ts';
import type { GroupOutcome, LaneGroup, LaneRef } from '../../state/port.ts';
import type { History } from './history.ts';

interface Owed {
  readonly lane: string;
  readonly since: number;
}

/**
 * EmissionsLeave: what a durable group emits is on its way to the log after `mostMs` at the latest, counted from when its
 * worker knew that it is durable, or from the end of its lane's append before. Of one worker, which was never stopped, and of a
 * flow with state: without it a lane also sends what has no number, and whose append was in front is not known.
 */
export class Departures {
  readonly #history: History;
  readonly #now: () => number;
  /** Of each group that is not on its way: its first emission, by topic, partition and id. */
  readonly #owed = new Map<string, Owed>();
  /** The end of the newest append of each producer. */
  readonly #ended = new Map<string, number>();
  /** Of the newest claim; infinite while it is under way. */
  readonly #epochs = new Map<string, number>();
  /** It was stopped and went on: what it did meanwhile it did late. */
  stopped = false;

  constructor(history: History, now: () => number) {
    this.#history = history;
    this.#now = now;
  }

  durable(groups: readonly LaneGroup[], outcomes: readonly GroupOutcome[]): void {
    for (const [i, { lane, epoch, outbox }] of groups.entries()) {
      const [first] = outbox;
      // The answer may come when the worker has claimed the partition anew.
      if (epoch < (this.#epochs.get(nameOf(lane)) ?? 0)) continue;
      if (first && outcomes[i] !== 'fenced') this.#owed.set(keyOf(first), { lane: nameOf(lane), since: this.#now() });
    }
  }

  /** Its new owner sends what the last one left, in its own time. */
  claims(ref: LaneRef, epoch = Number.POSITIVE_INFINITY): void {
    const lane = nameOf(ref);
    this.#epochs.set(lane, epoch);
    for (const [key, owed] of this.#owed) if (owed.lane === lane) this.#owed.delete(key);
  }

  leave(records: readonly Append[]): void {
    for (const record of records) {
      const owed = this.#owed.get(keyOf(record));
      if (!owed) continue;
      this.#owed.delete(keyOf(record));
      const waited = this.#now() - Math.max(owed.since, this.#ended.get(producerOf(record)) ?? 0);
      if (waited > mostMs && !this.stopped)
        this.#history.violated({
          oracle: 'EmissionsLeave',
          message: `${keyOf(record)} waited for ${waited} ms with nothing in front of it`,
        });
    }
  }

  ended(records: readonly Append[]): void {
    for (const record of records) this.#ended.set(producerOf(record), this.#now());
  }
}

const nameOf = ({ lane, topic, partition }: LaneRef): string => `${lane}@${topic}/${partition}`;
const keyOf = ({ topic, partition, headers }: Append): string => `${topic}/${partition}/${headers?.[header.eventId]}`;
const producerOf = ({ headers }: Append): string => String(headers?.[header.seq] ?? '').replace(/\/\d+$/, '');
