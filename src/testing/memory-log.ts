import type { Clock } from '../clock/clock.ts';
import { sleep } from '../clock/system.ts';
import { AortaError, error } from '../errors/index.ts';
import { partitionOf } from '../log/murmur2.ts';
import type {
  Append,
  Appended,
  Commit,
  ConsumerOptions,
  Keeping,
  Log,
  LogConsumer,
  LogRecord,
  PartitionEnds,
  TopicPartition,
  TopicSpec,
} from '../log/port.ts';

/** What may go wrong with one call. `lost-reply`: it was done, and the caller is told that it was not. */
export type Fault = 'none' | 'refused' | 'lost-reply';

export interface MemoryLogOptions {
  readonly clock: Clock;
  /** Milliseconds of each append. */
  readonly latencyMs?: () => number;
  readonly fault?: (call: 'append' | 'commit' | 'ends') => Fault;
  /** Records handed over at once. */
  readonly batch?: () => number;
  /** Milliseconds for which a rebalance waits for a member that is still taking its partitions. @default 3000 */
  readonly assigningMs?: number;
}

/** Virtual milliseconds. */
const rebalanceTimeoutMs = 3000;

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;

const partitionOfKey = (key: string): TopicPartition => {
  const slash = key.lastIndexOf('/');
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) };
};

interface Group {
  generation: number;
  members: MemoryConsumer[];
  owners: Map<string, MemoryConsumer>;
  committed: Map<string, number>;
  rebalance: Promise<void>;
}

/** One partition. Offsets may have gaps (compaction) and a start above 0 (retention). */
interface Partition {
  start: number;
  next: number;
  records: LogRecord[];
}

/** Index of the first record at or above an offset. */
function indexFrom(records: readonly LogRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle] as LogRecord).offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The log port in memory, on a virtual clock: partitions, groups with eager rebalance, generations, faults. For tests. */
export class MemoryLog implements Log {
  readonly kind = 'memory';
  readonly options: MemoryLogOptions;
  readonly #topics = new Map<string, Partition[]>();
  readonly #groups = new Map<string, Group>();
  readonly #tails = new Map<string, Promise<unknown>>();

  /** What consumers give as the age of their last heartbeat. */
  heartbeatAge: () => number = () => 0;

  constructor(options: MemoryLogOptions) {
    this.options = options;
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    for (const { name, partitions } of topics) {
      const known = this.#topics.get(name);
      if (!known)
        this.#topics.set(
          name,
          Array.from({ length: partitions }, () => ({ start: 0, next: 0, records: [] })),
        );
    }
  }

  async keeping(topics: readonly string[]): Promise<ReadonlyMap<string, Keeping>> {
    const forever = { retentionMs: Number.POSITIVE_INFINITY, retentionBytes: Number.POSITIVE_INFINITY };
    return new Map(topics.filter((topic) => this.#topics.has(topic)).map((topic) => [topic, forever]));
  }

  async partitions(topic: string): Promise<number> {
    return this.#partitions(topic).length;
  }

  #partitions(topic: string): Partition[] {
    const partitions = this.#topics.get(topic);
    if (!partitions) throw error('AORTA_LOG_001', { problem: `no topic ${topic}` }, { class: 'Permanent' });
    return partitions;
  }

  append(records: readonly Append[]): Promise<readonly Appended[]> {
    // Calls keep their order: one after the other.
    const before = this.#tails.get('append') ?? Promise.resolve();
    const run = before.then(() => this.#append(records));
    this.#tails.set(
      'append',
      run.catch(() => {}),
    );
    return run;
  }

  async #append(records: readonly Append[]): Promise<readonly Appended[]> {
    const { clock, latencyMs, fault } = this.options;
    const outcome = fault?.('append') ?? 'none';
    if (latencyMs) await sleep(clock, latencyMs());
    if (outcome === 'refused') throw error('AORTA_LOG_001', { problem: 'injected' });
    const appended = records.map((record) => this.put(record));
    if (outcome === 'lost-reply') throw error('AORTA_LOG_001', { problem: 'injected: the reply was lost' });
    return appended;
  }

  /** Appends at once, without faults. */
  put({ topic, partition, key, value, headers, timestamp }: Append): Appended {
    const partitions = this.#partitions(topic);
    const at = partition ?? (key === null ? 0 : partitionOf(key, partitions.length));
    const into = partitions[at] as Partition;
    const record: LogRecord = {
      offset: into.next++,
      timestamp: timestamp ?? this.options.clock.now(),
      key: key === null ? null : Buffer.from(key),
      value,
      headers: headers ?? {},
    };
    into.records.push(record);
    for (const group of this.#groups.values()) group.owners.get(keyOf({ topic, partition: at }))?.wake();
    return { partition: at, offset: record.offset };
  }

  consumer(options: ConsumerOptions): MemoryConsumer {
    return new MemoryConsumer(this, options);
  }

  group(name: string): Group {
    let group = this.#groups.get(name);
    if (!group) {
      group = { generation: 0, members: [], owners: new Map(), committed: new Map(), rebalance: Promise.resolve() };
      this.#groups.set(name, group);
    }
    return group;
  }

  async ends(topic: string): Promise<readonly PartitionEnds[]> {
    if (this.options.fault?.('ends') === 'refused') throw error('AORTA_LOG_001', { problem: 'injected' });
    return this.#partitions(topic).map(({ start, next }, partition) => ({ topic, partition, start, end: next }));
  }

  async committed(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    const found = new Map<number, number>();
    for (const [key, offset] of this.group(group).committed) {
      const at = partitionOfKey(key);
      if (at.topic === topic) found.set(at.partition, offset);
    }
    return found;
  }

  async read({ topic, partition }: TopicPartition, from: number, limit: number): Promise<readonly LogRecord[]> {
    const found = this.#partitions(topic)[partition];
    if (!found) return [];
    const first = indexFrom(found.records, Math.max(from, found.start));
    return found.records.slice(first, first + limit);
  }

  /** All records of a topic that were ever appended, by partition. */
  all(topic: string): readonly (readonly LogRecord[])[] {
    return (this.#topics.get(topic) ?? []).map(({ records }) => records);
  }

  /** Names of all topics. */
  topics(): readonly string[] {
    return [...this.#topics.keys()];
  }

  /** Start, end and what lies from an offset on; a position below the start goes on at the start (out of range). */
  tail({ topic, partition }: TopicPartition, from: number, limit: number): { records: readonly LogRecord[]; end: number } {
    const found = this.#topics.get(topic)?.[partition];
    if (!found) return { records: [], end: 0 };
    const first = indexFrom(found.records, Math.max(from, found.start));
    return { records: found.records.slice(first, first + limit), end: found.next };
  }

  /** Retention: everything below the offset is gone for consumers. */
  trim({ topic, partition }: TopicPartition, before: number): void {
    const found = this.#partitions(topic)[partition];
    if (found) found.start = Math.min(found.next, Math.max(found.start, before));
  }

  /** Compaction, or a transaction's markers: offsets that no record has. */
  gap({ topic, partition }: TopicPartition, offsets: number): void {
    const found = this.#partitions(topic)[partition];
    if (found) found.next += offsets;
  }

  /** The topic is deleted and made anew under its name: empty, from offset 0, without committed offsets. */
  recreate(topic: string): void {
    this.#topics.set(
      topic,
      this.#partitions(topic).map(() => ({ start: 0, next: 0, records: [] })),
    );
    for (const group of this.#groups.values())
      for (const key of [...group.committed.keys()]) if (partitionOfKey(key).topic === topic) group.committed.delete(key);
  }

  async ping(): Promise<void> {}
  async close(): Promise<void> {}
}

export class MemoryConsumer implements LogConsumer {
  readonly #log: MemoryLog;
  readonly #options: ConsumerOptions;
  #assigned = new Map<string, { partition: TopicPartition; position: number; paused: boolean }>();
  #generation = -1;
  /** Of the assignment whose commits are taken: also while it is being revoked. */
  #committable = -1;
  /** The assignment whose `onAssigned` runs. */
  #assigning: { readonly share: readonly TopicPartition[]; readonly begun: Promise<boolean> } | undefined;
  /** Nothing is delivered any more. */
  #revoking = false;
  #alive = false;
  #waking = false;
  /** The group has given them away, and it has not learnt it yet. */
  #unaware: readonly TopicPartition[] = [];

  constructor(log: MemoryLog, options: ConsumerOptions) {
    this.#log = log;
    this.#options = options;
  }

  heartbeatAgeMs(): number {
    return this.#log.heartbeatAge();
  }

  async start(): Promise<void> {
    this.#alive = true;
    const group = this.#log.group(this.#options.group);
    await this.#rebalance(group, () => {
      if (this.#alive && !group.members.includes(this)) group.members.push(this);
    });
  }

  async stop(): Promise<void> {
    if (!this.#alive) return;
    const group = this.#log.group(this.#options.group);
    if (this.#unaware.length > 0) {
      this.#alive = false;
      await this.#options.onRevoked(this.#unaware);
    }
    await this.#rebalance(group, () => {
      this.#alive = false;
      group.members = group.members.filter((member) => member !== this);
    });
  }

  /** The process is gone: no revoke. The group notices after the session time-out. */
  async crash(): Promise<void> {
    this.#alive = false;
    this.#assigned.clear();
    const group = this.#log.group(this.#options.group);
    await this.#rebalance(group, () => {
      group.members = group.members.filter((member) => member !== this);
    });
  }

  /** The group gave the partitions away while the process was paused; it learns of it when it wakes. */
  async expire(): Promise<() => Promise<void>> {
    const group = this.#log.group(this.#options.group);
    const mine = [...group.owners].filter(([, owner]) => owner === this).map(([key]) => partitionOfKey(key));
    const held = this.#assigned;
    this.#assigned = new Map();
    this.#committable = -1;
    // Cut off again before it has learnt of the first time: it still has what it had.
    if (mine.length > 0) this.#unaware = mine;
    await this.#rebalance(group, () => {
      group.members = group.members.filter((member) => member !== this);
    });
    return async () => {
      held.clear();
      if (!this.#alive) return;
      const lost = this.#unaware;
      this.#unaware = [];
      this.#options.onLost(lost);
      await this.#rebalance(group, () => {
        if (this.#alive && !group.members.includes(this)) group.members.push(this);
      });
    };
  }

  /** The group rebalances though nobody came or went: all is revoked and assigned anew. */
  async rebalance(): Promise<void> {
    await this.#rebalance(this.#log.group(this.#options.group), () => {});
  }

  async #rebalance(group: Group, change: () => void): Promise<void> {
    const run = group.rebalance.then(async () => {
      await Promise.all(group.members.map((member) => member.#revoke()));
      change();
      group.generation++;
      group.owners.clear();
      const partitions: TopicPartition[] = [];
      for (const topic of this.#options.topics) {
        const count = await this.#log.partitions(topic);
        for (let partition = 0; partition < count; partition++) partitions.push({ topic, partition });
      }
      const shares = new Map<MemoryConsumer, TopicPartition[]>(group.members.map((member) => [member, []]));
      // Partition p of every topic to one member, as the real logs deal them.
      partitions.forEach((partition) => {
        const member = group.members[partition.partition % group.members.length];
        if (!member) return;
        shares.get(member)?.push(partition);
        group.owners.set(keyOf(partition), member);
      });
      // Not awaited: one member's slow assignment does not hold the others.
      for (const [member, share] of shares) member.#assign(group, share, group.generation);
    });
    group.rebalance = run.catch(() => {});
    await run;
  }

  async #revoke(): Promise<void> {
    // The group waits for a member that still takes its partitions, or drains, but not for ever: it may be dead or stopped.
    const { clock, assigningMs = rebalanceTimeoutMs } = this.#log.options;
    const inTime = (work: Promise<boolean>, ms = rebalanceTimeoutMs) => Promise.race([work, sleep(clock, ms).then(() => false)]);
    this.#revoking = true;
    const under = this.#assigning;
    const taken = under === undefined || (await inTime(under.begun, assigningMs));
    const mine = [...this.#assigned.values()].map(({ partition }) => partition);
    // What comes later belongs to the old generation: it must not begin to deliver.
    this.#generation = -1;
    this.#assigning = undefined;
    if (!taken && this.#alive) this.#options.onLost(under?.share ?? []);
    else if (mine.length > 0 && !(await inTime(this.#options.onRevoked(mine).then(() => true))) && this.#alive) this.#options.onLost(mine);
    this.#assigned.clear();
    this.#committable = -1;
    this.#revoking = false;
  }

  #assign(group: Group, share: readonly TopicPartition[], generation: number): void {
    this.#generation = generation;
    this.#committable = generation;
    const assigning = { share, begun: this.#take(group, share, generation) };
    this.#assigning = assigning;
    void assigning.begun.then(() => {
      if (this.#assigning === assigning) this.#assigning = undefined;
    });
  }

  /** False: it did not come to own them. */
  async #take(group: Group, share: readonly TopicPartition[], generation: number): Promise<boolean> {
    const current = () => this.#alive && this.#generation === generation;
    let starts: readonly Commit[] | undefined;
    while (!starts && current()) {
      try {
        starts = await this.#options.onAssigned(share, generation);
      } catch (cause) {
        if (current()) this.#options.onError(cause as Error, true);
        if (this.#revoking) return false;
        await sleep(this.#log.options.clock, 500);
      }
    }
    if (!starts || !current()) return false;
    for (const partition of share) {
      const start = starts.find((s) => s.topic === partition.topic && s.partition === partition.partition)?.offset;
      this.#assigned.set(keyOf(partition), { partition, position: start ?? group.committed.get(keyOf(partition)) ?? 0, paused: false });
    }
    this.wake();
    return true;
  }

  /** There may be something to deliver. */
  wake(): void {
    if (this.#waking || this.#revoking || !this.#alive) return;
    this.#waking = true;
    this.#log.options.clock.soon(() => {
      this.#waking = false;
      if (!this.#alive || this.#revoking) return;
      let more = false;
      for (const assigned of this.#assigned.values()) {
        if (assigned.paused) continue;
        const { records, end } = this.#log.tail(assigned.partition, assigned.position, this.#log.options.batch?.() ?? 100);
        const last = records.at(-1);
        if (!last) continue;
        assigned.position = last.offset + 1;
        more ||= assigned.position < end;
        this.#options.onRecords(assigned.partition, records, end);
      }
      if (more) this.wake();
    });
  }

  pause(partition: TopicPartition): void {
    const assigned = this.#assigned.get(keyOf(partition));
    if (assigned) assigned.paused = true;
  }

  resume(partition: TopicPartition): void {
    const assigned = this.#assigned.get(keyOf(partition));
    if (assigned) assigned.paused = false;
    this.wake();
  }

  async commit(offsets: readonly Commit[]): Promise<void> {
    const group = this.#log.group(this.#options.group);
    const fault = this.#log.options.fault?.('commit') ?? 'none';
    const stale = (commit: Commit) => (commit.generation ?? this.#committable) !== this.#committable;
    if (fault === 'refused') throw error('AORTA_LOG_001', { problem: 'injected' });
    for (const commit of offsets) {
      if (!this.#alive || group.owners.get(keyOf(commit)) !== this || stale(commit)) {
        throw new AortaError('AORTA_LOG_001', 'Fenced', 'the generation is no longer current');
      }
    }
    for (const commit of offsets) group.committed.set(keyOf(commit), commit.offset);
    if (fault === 'lost-reply') throw error('AORTA_LOG_001', { problem: 'injected: the reply was lost' });
  }
}
