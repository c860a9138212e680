import { parseHop } from '../../engine/hop.ts';
import { mostMs } from '../../engine/linger.ts';
import { groupOf } from '../../engine/outbox.ts';
import { type Append, header } from '../../log/port.ts';
import type { GroupOutcome, LaneGroup, LaneRef } from '../../state/port.ts';
import { type Emitting, producerOf } from '../producer.ts';
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
  readonly #flow: Emitting;
  readonly #history: Pick<History, 'violated'>;
  readonly #now: () => number;
  /**
   * Groups that are not on their way, by the hop number of what they emit. Its place and event id are not its own: two lanes
   * park one record, and a lane parks it again, after a redrive, while its first copy is tried again.
   */
  readonly #owed = new Map<string, Owed>();
  /** The end of the newest append of each producer. */
  readonly #ended = new Map<string, number>();
  /** Of the newest claim; infinite while it is under way. */
  readonly #epochs = new Map<string, number>();
  /** It was stopped and went on: what it did meanwhile it did late. */
  stopped = false;

  constructor(flow: Emitting, history: Pick<History, 'violated'>, now: () => number) {
    this.#flow = flow;
    this.#history = history;
    this.#now = now;
  }

  durable(groups: readonly LaneGroup[], outcomes: readonly GroupOutcome[]): void {
    for (const [i, { lane, epoch, group, outbox }] of groups.entries()) {
      // The answer may come when the worker has claimed the partition anew.
      if (epoch < (this.#epochs.get(nameOf(lane)) ?? 0)) continue;
      if (outbox.length === 0 || outcomes[i] === 'fenced') continue;
      this.#owed.set(keyOf(producerOf(this.#flow, lane), group), { lane: nameOf(lane), since: this.#now() });
    }
  }

  /** Its new owner sends what the last one left, in its own time. */
  claims(ref: LaneRef, epoch = Number.POSITIVE_INFINITY): void {
    const lane = nameOf(ref);
    this.#epochs.set(lane, epoch);
    for (const [key, owed] of this.#owed) if (owed.lane === lane) this.#owed.delete(key);
  }

  leave(records: readonly Append[]): void {
    for (const { topic, partition, headers } of records) {
      const hop = parseHop(headers?.[header.seq]);
      const key = hop && keyOf(hop.producer, groupOf(hop.seq));
      const owed = key && this.#owed.get(key);
      if (!owed) continue;
      this.#owed.delete(key);
      const waited = this.#now() - Math.max(owed.since, this.#ended.get(hop.producer) ?? 0);
      if (waited > mostMs && !this.stopped)
        this.#history.violated({
          oracle: 'EmissionsLeave',
          message: `${topic}/${partition}/${headers?.[header.eventId]} waited for ${waited} ms with nothing in front of it`,
        });
    }
  }

  ended(records: readonly Append[]): void {
    for (const { headers } of records) {
      const hop = parseHop(headers?.[header.seq]);
      if (hop) this.#ended.set(hop.producer, this.#now());
    }
  }
}

const nameOf = ({ lane, topic, partition }: LaneRef): string => `${lane}@${topic}/${partition}`;
const keyOf = (producer: string, group: number): string => `${producer}/${group}`;
