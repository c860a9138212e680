/**
 * One assignment of a consumer, from its arrival to its end:
 *
 *   onAssigned ─► deliver ─► (rebalance | lost | stop | crash) ─► onRevoked, or onLost ─► over
 *
 * - Delivery ends before `onRevoked` begins; heartbeats go on while it drains, and its commits carry this generation.
 * - Lost while it drains: `onLost` at once, commits refused; the assignment is over only when the drain has ended (K3).
 * - Lost while `onAssigned` runs: `onLost` at once, for it may wait for its store for hours, and what it claims is another's by
 *   then. A rebalance meanwhile waits for it, so that a drain gives back what it took; the broker waits no longer than its time-out.
 */
import { AortaError, error } from '../../errors/index.ts';
import type { Commit, ConsumerHandlers, PartitionEnds, TopicPartition } from '../port.ts';
import type { Surroundings } from './cluster.ts';
import { Committer } from './committer.ts';
import { Fetcher, keyOf } from './fetcher.ts';
import type { Ending, Membership, Seat } from './membership.ts';
import { reasonOf } from './problems.ts';
import type { FetchLimits } from './protocol.ts';

export type Reason = Ending | 'stop' | Error;

export interface AssignmentSources {
  readonly group: string;
  readonly handlers: ConsumerHandlers;
  readonly membership: Membership;
  readonly limits: FetchLimits;
  readonly around: Surroundings;
  ends(tp: TopicPartition): Promise<PartitionEnds>;
}

export class Assignment {
  readonly generation: number;
  readonly fetcher: Fetcher;
  readonly #from: AssignmentSources;
  readonly #seat: Seat;
  readonly #keys: ReadonlySet<string>;
  readonly #committer: Committer;
  readonly #ending: Promise<void>;
  #wake: () => void = () => {};
  #reason: Reason | undefined;
  /** Commits are refused without asking the broker. */
  #closed = false;
  #gone = false;
  #draining = false;
  /** `onAssigned` runs. */
  #assigning = false;
  #told = false;

  constructor(from: AssignmentSources, seat: Seat, generation: number) {
    this.#from = from;
    this.#seat = seat;
    this.generation = generation;
    this.#keys = new Set(seat.partitions.map(keyOf));
    this.#committer = new Committer((offsets) => from.membership.commit(seat, offsets));
    this.#ending = new Promise((resolve) => {
      this.#wake = resolve;
    });
    const { membership, limits, around, group, handlers } = from;
    const { cluster } = membership;
    const fresh = () => membership.fresh;
    this.fetcher = new Fetcher(
      { cluster, limits, around, group, handlers, ends: from.ends, fresh, onEnd: (reason) => this.end(reason) },
      seat.partitions,
    );
  }

  /** Ends delivery now and the assignment soon; the first reason counts. */
  end(reason: Reason): void {
    if (reason === 'lost') this.#gone = true;
    this.#reason ??= reason;
    this.fetcher.stop();
    this.#wake();
    if (this.#gone && (this.#draining || this.#assigning)) this.lose();
  }

  /** Tells the handlers, once, that the partitions are gone. */
  lose(): void {
    this.#closed = true;
    const { partitions } = this.#seat;
    if (this.#told || partitions.length === 0) return;
    this.#told = true;
    try {
      this.#from.handlers.onLost(partitions);
    } catch (thrown) {
      this.#from.around.telemetry.log('error', 'log_handler_threw', { group: this.#from.group, operator: 'onLost', error: thrown });
    }
  }

  /** Refuses what is not, or no longer, held under this generation (AORTA_LOG_005). */
  async commit(offsets: readonly Commit[]): Promise<void> {
    for (const { topic, partition, generation = this.generation } of offsets) {
      if (this.#closed || generation !== this.generation || !this.#keys.has(keyOf({ topic, partition }))) {
        throw error('AORTA_LOG_005', { group: this.#from.group, topic, partition });
      }
    }
    await this.#committer.commit(offsets);
  }

  /** Resolves with why the assignment ended, when nothing of it runs any more. */
  async run(): Promise<Reason> {
    const { membership, around, group, handlers } = this.#from;
    const { partitions } = this.#seat;
    const { generation } = this;
    membership.startHeartbeats(this.#seat, (ending) => this.end(ending));
    around.telemetry.log('info', 'log_assigned', { group, generation, partitions: partitions.length });
    let accepted = partitions.length === 0;
    try {
      if (!accepted) {
        this.#assigning = true;
        const own = await this.#calling('onAssigned', () => handlers.onAssigned(partitions, generation)).finally(() => {
          this.#assigning = false;
        });
        accepted = !this.#told;
        const offsets = await this.#offsets(own);
        if (!this.#reason) this.fetcher.start(offsets);
      }
      await this.#ending;
    } catch (thrown) {
      this.end(thrown as Error);
    }
    if (this.#gone || !accepted) this.lose();
    else if (partitions.length > 0) await this.#drain();
    await this.#committer.settled();
    this.#closed = true;
    membership.stopHeartbeats();
    const reason = this.#reason as Reason;
    around.telemetry.log('info', 'log_released', { group, generation, reason: reason instanceof Error ? reasonOf(reason) : reason });
    return reason;
  }

  async #drain(): Promise<void> {
    const { handlers } = this.#from;
    this.#draining = true;
    try {
      await this.#calling('onRevoked', () => handlers.onRevoked(this.#seat.partitions));
    } catch (thrown) {
      if (!(this.#reason instanceof Error)) this.#reason = thrown as Error;
      this.lose();
    }
  }

  async #calling<T>(handler: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (cause) {
      if (cause instanceof AortaError) throw cause;
      throw error('AORTA_LOG_017', { group: this.#from.group, handler, problem: (cause as Error)?.name ?? 'unknown' }, { cause });
    }
  }

  /** Where each partition starts: as `onAssigned` said, else the committed offset, else the start of the log. */
  async #offsets(own: readonly Commit[]): Promise<ReadonlyMap<string, number>> {
    const offsets = new Map(own.map((commit) => [keyOf(commit), commit.offset]));
    const open = this.#seat.partitions.filter((tp) => !offsets.has(keyOf(tp)));
    for (const commit of await this.#from.membership.committed(open)) offsets.set(keyOf(commit), commit.offset);
    for (const tp of open) if (!offsets.has(keyOf(tp))) offsets.set(keyOf(tp), (await this.#from.ends(tp)).start);
    return offsets;
  }

  /** K4: what was confirmed is really there (AORTA_LOG_014). Lost partitions are another's business. */
  async readBack(): Promise<void> {
    const expected = this.#committer.last;
    if (this.#told || expected.size === 0) return;
    const partitions = this.#seat.partitions.filter((tp) => expected.has(keyOf(tp)));
    const found = new Map((await this.#from.membership.committed(partitions)).map((commit) => [keyOf(commit), commit.offset]));
    for (const tp of partitions) {
      const wanted = expected.get(keyOf(tp)) as number;
      const actual = found.get(keyOf(tp)) ?? -1;
      if (actual !== wanted) throw error('AORTA_LOG_014', { group: this.#from.group, ...tp, expected: wanted, actual });
    }
  }
}
