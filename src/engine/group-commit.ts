import type { Clock, Random } from '../clock/clock.ts';
import { AortaError } from '../errors/index.ts';
import type {
  EffectWrite,
  GroupOutcome,
  HeldWrite,
  LaneGroup,
  OutboxRecord,
  State,
  StateWrite,
  SuspectWrite,
  TimerWrite,
} from '../state/port.ts';
import type { Lane } from './lane.ts';
import type { Root } from './root.ts';
import { isPassing } from './supervise.ts';

/** What a turn (or the engine itself) wants written. */
export interface CommitItem {
  readonly lane: Lane;
  readonly root?: Root;
  readonly states: readonly StateWrite[] | undefined;
  readonly effects: readonly EffectWrite[] | undefined;
  readonly timers: readonly TimerWrite[] | undefined;
  readonly outbox: readonly OutboxRecord[] | undefined;
  readonly held: readonly HeldWrite[] | undefined;
  readonly suspects: readonly SuspectWrite[];
  readonly redrivesDone: readonly string[];
  /** What it writes as another lane of its co-partition, in the same transaction. */
  readonly elsewhere?: readonly CommitItem[] | undefined;
  /** Commit it in a transaction of its own. */
  readonly alone: boolean;
  readonly size: number;
  durable(): void;
  /** The database refuses exactly this item. */
  rejected(cause: unknown): void;
}

export interface GroupCommitOptions {
  readonly maxTurns: number;
  readonly maxBytes: number;
}

interface Built {
  readonly lane: Lane;
  readonly group: LaneGroup;
  readonly items: readonly CommitItem[];
}

/** Transactions at once: while the database works on one, the next is encoded and sent. */
const atOnce = 2;

/**
 * Gathers what ended turns decided and writes it in one transaction over all lanes of the flow; when there is much, in two at once, of which
 * each has partitions of its own. What has an order (a patient's turns, lanes of several sources, independent lanes) has one partition number.
 *
 * Failures: **unreachable** (Transient) or busy (Overload) → the same groups again, with the same numbers, until it answers: a lost COMMIT
 * reply is recognised by the group number. **Refused** (anything else) → the items are halved until the culprit stands
 * alone; it goes back to its lane's supervision, the others are written. **Fenced** → the lane is discarded.
 */
export class GroupCommit {
  readonly #state: State;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: GroupCommitOptions;
  readonly #onRetry: (cause: unknown, attempt: number) => void;
  #queue: CommitItem[] = [];
  #scheduled = false;
  #under = 0;
  /** Numbers of the partitions that are in a transaction. */
  readonly #writing = new Set<number>();
  /** Turns of other partitions since `#start` looked. */
  #beside = 0;
  #idle: (() => void)[] = [];
  #closed = false;

  constructor(state: State, clock: Clock, random: Random, options: GroupCommitOptions, onRetry: (cause: unknown, attempt: number) => void) {
    this.#state = state;
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#onRetry = onRetry;
  }

  get busy(): boolean {
    return this.#under > 0 || this.#queue.length > 0;
  }

  push(item: CommitItem): void {
    this.#queue.push(item);
    if (this.#under === 0 || (!this.#writing.has(partitionOf(item)) && ++this.#beside >= this.#many)) this.#schedule();
  }

  /** Takes queued items back: the patient's later turns when an earlier one was refused, or a lane that is gone. */
  withdraw(where: (item: CommitItem) => boolean): CommitItem[] {
    const taken = this.#queue.filter(where);
    if (taken.length > 0) this.#queue = this.#queue.filter((item) => !where(item));
    return taken;
  }

  /** Resolves when nothing is queued or being written. */
  drained(): Promise<void> {
    if (!this.busy) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
  }

  #schedule(): void {
    if (this.#scheduled || this.#under >= atOnce) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.#start();
    });
  }

  #start(): void {
    this.#beside = 0;
    while (this.#under < atOnce && this.#queue.length > 0 && !this.#closed) {
      const items = this.#take();
      if (items.length === 0) return;
      void this.#run(items);
    }
    if (this.#under === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #run(items: readonly CommitItem[]): Promise<void> {
    const partitions = new Set(items.map(partitionOf));
    for (const partition of partitions) this.#writing.add(partition);
    this.#under++;
    await this.#write(items);
    this.#under--;
    for (const partition of partitions) this.#writing.delete(partition);
    this.#start();
  }

  /** Turns for which a transaction beside another is worth its price. */
  get #many(): number {
    return this.#options.maxTurns / 4;
  }

  /** In the order of the queue; none: what waits is better written when the transaction under way has ended. */
  #take(): CommitItem[] {
    const free = this.#under === 0 ? this.#queue : this.#queue.filter((item) => !this.#writing.has(partitionOf(item)));
    if (this.#under > 0 && free.length < this.#many) return [];
    const ours = this.#under === 0 && free.length >= 2 * this.#many ? halfOf(free) : undefined;
    const taken = new Set<CommitItem>();
    let bytes = 0;
    for (const item of free) {
      if (ours && !ours.has(partitionOf(item))) continue;
      if (taken.size > 0 && (item.alone || bytes + item.size > this.#options.maxBytes || taken.size >= this.#options.maxTurns)) break;
      bytes += item.size;
      taken.add(item);
      if (item.alone) break;
    }
    this.#queue = this.#queue.filter((item) => !taken.has(item));
    return [...taken];
  }

  async #write(items: readonly CommitItem[]): Promise<void> {
    const live = items.filter((item) => item.lane.owned);
    if (live.length === 0) return;
    const built = this.#build(live);
    let outcomes: readonly GroupOutcome[] | undefined;
    try {
      outcomes = await this.#untilAnswered(built.map((b) => b.group));
    } catch (cause) {
      return this.#refused(live, built, cause);
    }
    if (!outcomes) return;
    for (const [i, b] of built.entries()) {
      if (outcomes[i] === 'fenced') b.lane.groupFenced(b.group);
      else b.lane.groupDurable(b.group, b.items);
    }
  }

  async #refused(items: readonly CommitItem[], built: readonly Built[], cause: unknown): Promise<void> {
    for (const b of built) b.lane.groupFailed(b.items);
    if (items.length === 1) return (items[0] as CommitItem).rejected(cause);
    const middle = items.length >> 1;
    await this.#write(items.slice(0, middle));
    // The first half may have had the culprit; later turns of its patient were taken back by then.
    await this.#write(items.slice(middle).filter((item) => !item.lane.withdrawn(item)));
  }

  #build(items: readonly CommitItem[]): Built[] {
    const byLane = new Map<Lane, CommitItem[]>();
    const add = (item: CommitItem): void => {
      const list = byLane.get(item.lane);
      if (list) list.push(item);
      else byLane.set(item.lane, [item]);
    };
    for (const item of items) {
      add(item);
      const { elsewhere } = item;
      if (elsewhere) for (const part of elsewhere) add(part);
    }
    // A patient's rows over several sources are written in the order of its turns: by one group, whose fence names the others.
    const carriers = new Map<readonly Lane[], { readonly lane: Lane; readonly items: CommitItem[] }>();
    for (const item of items) {
      const { siblings } = item.lane;
      const carrier = carriers.get(siblings);
      if (carrier) carrier.items.push(item);
      else carriers.set(siblings, { lane: item.lane, items: [item] });
    }
    const carried = (lane: Lane): readonly CommitItem[] => {
      const carrier = carriers.get(lane.siblings);
      return carrier?.lane === lane ? carrier.items : [];
    };
    return [...byLane].map(([lane, list]) => ({ lane, items: list, group: lane.buildGroup(list, carried(lane)) }));
  }

  async #untilAnswered(groups: readonly LaneGroup[]) {
    for (let attempt = 1; ; attempt++) {
      try {
        const outcomes = await this.#state.transact(groups);
        return outcomes;
      } catch (cause) {
        if (!(cause instanceof AortaError) || !isPassing(cause)) throw cause;
        this.#onRetry(cause, attempt);
        const delay = this.#random.next() * Math.min(5000, 100 * 2 ** Math.min(attempt, 10));
        await new Promise<void>((resolve) => this.#clock.after(delay, resolve));
        if (this.#closed) return undefined;
      }
    }
  }
}

const partitionOf = (item: CommitItem): number => item.lane.partition.partition;

/** Half of the partitions, so that the others are left for the next transaction. */
function halfOf(items: readonly CommitItem[]): ReadonlySet<number> {
  const all = [...new Set(items.map(partitionOf))];
  return new Set(all.slice(0, Math.ceil(all.length / 2)));
}
