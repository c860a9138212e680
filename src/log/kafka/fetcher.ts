/**
 * Reads the partitions of one assignment and hands their records over. One request at a time per broker; the next one
 * is sent as soon as an answer is handed over, so that fetching overlaps processing (K7: kafkajs waits for the handler).
 * Back-pressure is `pause` per partition; what a paused partition had fetched is kept (one fetch) and delivered first. A pause is
 * often over in a millisecond: while less than one answer is kept, partitions that were giving records are asked for through it.
 */
import { error } from '../../errors/index.ts';
import type { ConsumerHandlers, LogRecord, PartitionEnds, TopicPartition } from '../port.ts';
import { refreshMetadata, type Surroundings } from './cluster.ts';
import { FetchSession, leastInSession } from './fetchSession.ts';
import type { Cluster, ProtocolPair } from './internals.ts';
import { Portion } from './portion.ts';
import { backoff, isPassing, unreachable, within } from './problems.ts';
import { code, type Fetched, type FetchLimits, fetchRequest, isPassingCode, nameOfCode, sessionFetchRequest } from './protocol.ts';
import { BatchReader, UnreadableBatch } from './records/decode.ts';

export interface FetcherSources {
  readonly cluster: Cluster;
  readonly limits: FetchLimits;
  readonly around: Surroundings;
  readonly group: string;
  readonly handlers: Pick<ConsumerHandlers, 'onRecords' | 'onError' | 'wantsMore'>;
  /** First and next offset of a partition, asked when a position is out of range. */
  ends(tp: TopicPartition): Promise<PartitionEnds>;
  /** False when the group may have given the partitions away already (no heartbeat answered for a session). */
  fresh(): boolean;
  /** The assignment cannot go on. */
  onEnd(reason: Error | 'lost' | 'rebalance'): void;
}

/** What was fetched and is not delivered. */
interface Kept {
  readonly batches: BatchReader;
  /** Of all that came with it. */
  readonly bytes: number;
  readonly end: number;
  /** How often `#ownLater` saw it. */
  looks: number;
}

interface Position {
  readonly tp: TopicPartition;
  leader: number;
  next: number;
  paused: boolean;
  /** Fetched before the pause took effect, or during it. */
  kept: Kept | undefined;
  /** It has delivered records, and there were some and no fault when it was asked for last: only then it is asked for while it is paused. */
  flows: boolean;
  /** Monotonic milliseconds before which it is not fetched; infinite for a partition that stays stopped. */
  notBefore: number;
  problems: number;
}

/** While something is paused, a resumed partition must not wait for a long poll of the others to end. */
const impatientMs = 25;
/** What is kept for this long is copied: a view would keep the whole answer of a broker. Nearly all that is kept is delivered long before. */
const ownMs = 500;
/** Records that are handed over at once: as many can come after a pause, of each partition that goes on. */
const pieceRecords = 64;
/** How often a loop looks around when nothing wakes it. */
const idleMs = 1000;
/** How soon a reader that wants nothing more is asked again. */
const askAgainMs = 5;
/** A partition whose batch cannot be read is looked at again this often (a new codec, a repaired log). */
const unreadableRetryMs = 30_000;
const metadataMaxAgeMs = 300_000;

export const keyOf = (tp: TopicPartition): string => `${tp.topic}/${tp.partition}`;

export class Fetcher {
  readonly #from: FetcherSources;
  readonly #positions = new Map<string, Position>();
  readonly #loops = new Set<number>();
  readonly #wakers = new Set<() => void>();
  #active = false;
  readonly #counts = new Map<string, number>();
  #metadataAt = 0;
  #cancelOwn = (): void => {};

  constructor(from: FetcherSources, partitions: readonly TopicPartition[]) {
    this.#from = from;
    for (const tp of partitions) {
      this.#positions.set(keyOf(tp), { tp, leader: -1, next: -1, paused: false, kept: undefined, flows: false, notBefore: 0, problems: 0 });
    }
  }

  /** Starts delivery; every partition must have its offset in `offsets`. */
  start(offsets: ReadonlyMap<string, number>): void {
    for (const [key, position] of this.#positions) position.next = offsets.get(key) as number;
    this.#active = true;
    this.#metadataAt = this.#from.around.clock.monotonic();
    for (const { tp } of this.#positions.values())
      this.#counts.set(tp.topic, this.#from.cluster.findTopicPartitionMetadata(tp.topic).length);
    this.reroute();
    this.#ownLater();
  }

  /** Nothing is delivered after this returns. */
  stop(): void {
    this.#active = false;
    this.#cancelOwn();
    for (const position of this.#positions.values()) position.kept = undefined;
    this.#wake();
  }

  pause(tp: TopicPartition): void {
    const position = this.#positions.get(keyOf(tp));
    if (position) position.paused = true;
  }

  resume(tp: TopicPartition): void {
    const position = this.#positions.get(keyOf(tp));
    if (!position?.paused) return;
    position.paused = false;
    // Not from inside the caller: it may be in the middle of its own bookkeeping.
    if (position.kept) queueMicrotask(() => this.#deliverKept(position));
    this.#wake();
  }

  #ownLater(): void {
    this.#cancelOwn = this.#from.around.clock.after(ownMs, () => {
      for (const { kept } of this.#positions.values()) if (kept && kept.looks++ === 1) kept.batches.own();
      this.#ownLater();
    });
  }

  #deliverKept(position: Position): void {
    if (!this.#active || position.paused || !position.kept) return;
    this.#deliver(position);
    this.#wake();
  }

  /** In pieces, so that a pause takes effect within a fetch: what is behind it is kept, as bytes. */
  #deliver(position: Position): void {
    while (this.#active && !position.paused && position.kept) {
      const { batches, end } = position.kept;
      let records: readonly LogRecord[];
      try {
        records = batches.take(pieceRecords);
      } catch (thrown) {
        position.kept = undefined;
        if (!(thrown instanceof UnreadableBatch)) throw thrown;
        this.#stopPartition(position, error('AORTA_LOG_010', { ...position.tp, offset: thrown.offset, problem: thrown.message }));
        return;
      }
      position.next = batches.next;
      position.problems = 0;
      if (batches.done) position.kept = undefined;
      if (records.length === 0) continue;
      try {
        position.flows = true;
        this.#from.handlers.onRecords(position.tp, records, end);
      } catch (cause) {
        this.#end(error('AORTA_LOG_017', { group: this.#from.group, handler: 'onRecords', problem: 'it threw' }, { cause }));
      }
    }
  }

  #end(reason: Error | 'lost' | 'rebalance'): void {
    if (!this.#active) return;
    this.stop();
    this.#from.onEnd(reason);
  }

  #wake(): void {
    for (const waker of [...this.#wakers]) waker();
  }

  #idle(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        this.#wakers.delete(wake);
        resolve();
      };
      const cancel = this.#from.around.clock.after(ms, wake);
      this.#wakers.add(wake);
    });
  }

  /** Finds every partition's leader in the metadata and makes sure that each leader has its loop. */
  reroute(): void {
    for (const position of this.#positions.values()) {
      const found = this.#from.cluster.findTopicPartitionMetadata(position.tp.topic).find((p) => p.partitionId === position.tp.partition);
      position.leader = found?.leader ?? -1;
    }
    // When all of them are known: a loop asks at once, for those that it finds.
    for (const { leader } of this.#positions.values()) {
      if (this.#loops.has(leader)) continue;
      this.#loops.add(leader);
      void this.#loop(leader);
    }
  }

  async #loop(leader: number): Promise<void> {
    const { around } = this.#from;
    const portion = new Portion(this.#from.limits);
    const session = new FetchSession();
    let failures = 0;
    try {
      while (this.#active) {
        if (this.#from.handlers.wantsMore?.() === false) {
          await this.#idle(askAgainMs);
          continue;
        }
        const mine = [...this.#positions.values()].filter((position) => position.leader === leader);
        if (mine.length === 0) return;
        const now = around.clock.monotonic();
        const ahead = mine.reduce((sum, { kept }) => sum + (kept?.bytes ?? 0), 0) < this.#from.limits.maxBytes;
        const wanted = mine.filter(
          (position) => (!position.paused || (ahead && position.flows)) && !position.kept && position.notBefore <= now,
        );
        if (wanted.length === 0) {
          const next = Math.min(...mine.map((position) => (position.notBefore > now ? position.notBefore - now : idleMs)));
          await this.#idle(Math.min(idleMs, next));
          continue;
        }
        try {
          const some = portion.of(wanted);
          const asked = new Map(some.map((position) => [position, position.next]));
          // What is not asked for may have records: nobody waits for others to come.
          const wait = some.length < wanted.length ? 0 : wanted.length < mine.length ? impatientMs : undefined;
          // The few of a portion are named: a session would have to forget the others.
          const inSession = some.length === wanted.length && some.length >= leastInSession ? session : undefined;
          const answers = leader === -1 ? undefined : await this.#fetch(leader, some, wait, inSession);
          if (answers) {
            const bytes = portion.got(some, this.#bytesOf(answers));
            // All that is asked for stands at its end: what is paused need not be asked again and again.
            if (bytes === 0) for (const position of some) position.flows = false;
          }
          if (!this.#active) return;
          if (!this.#from.fresh()) return this.#end('lost');
          if (around.clock.monotonic() - this.#metadataAt > metadataMaxAgeMs) await this.#freshMetadata();
          if (answers && (await this.#take(answers, asked))) {
            failures = 0;
            continue;
          }
        } catch (thrown) {
          if (!this.#active) return;
          if (!isPassing(thrown)) return this.#end(unreachable('fetch', thrown));
        }
        await this.#idle(backoff(around.random, failures++, 50, 2000));
        await this.#freshMetadata();
      }
    } catch (thrown) {
      this.#end(thrown as Error);
    } finally {
      this.#loops.delete(leader);
    }
  }

  async #freshMetadata(): Promise<void> {
    try {
      await within(this.#from.around.clock, 10_000, 'metadata', refreshMetadata(this.#from.cluster));
    } catch {
      return;
    }
    this.#metadataAt = this.#from.around.clock.monotonic();
    if (!this.#active) return;
    for (const [topic, count] of this.#counts) {
      // New partitions need an owner: join anew.
      if (this.#from.cluster.findTopicPartitionMetadata(topic).length > count) return this.#end('rebalance');
    }
    this.reroute();
  }

  /** Undefined: the broker does not know the session any more. */
  async #fetch(
    leader: number,
    wanted: readonly Position[],
    waitMs = Number.POSITIVE_INFINITY,
    session?: FetchSession,
  ): Promise<readonly Fetched[] | undefined> {
    const { maxWaitMs } = this.#from.limits;
    const limits = { ...this.#from.limits, maxWaitMs: Math.min(maxWaitMs, waitMs) };
    if (!session) {
      const partitions = wanted.map(({ tp, next }) => ({ topic: tp.topic, partition: tp.partition, offset: next }));
      return this.#ask(leader, fetchRequest(partitions, limits));
    }
    try {
      const answer = await this.#ask(leader, sessionFetchRequest(session.next(wanted), limits));
      return session.got(answer) ? answer.fetched : undefined;
    } catch (thrown) {
      session.reset();
      throw thrown;
    }
  }

  async #ask<T>(leader: number, pair: ProtocolPair<T>): Promise<T> {
    const broker = await this.#from.cluster.findBroker({ nodeId: leader });
    return broker.connectionPool.send(pair).catch(async (thrown: unknown) => {
      await broker.disconnect().catch(() => {});
      throw thrown;
    });
  }

  #bytesOf(answers: readonly Fetched[]): ReadonlyMap<Position, number> {
    const bytes = new Map<Position, number>();
    for (const answer of answers) {
      const position = this.#positions.get(keyOf(answer));
      if (position) bytes.set(position, answer.batches.length);
    }
    return bytes;
  }

  /** False when metadata must be looked at again. */
  async #take(answers: readonly Fetched[], asked: ReadonlyMap<Position, number>): Promise<boolean> {
    let settled = true;
    for (const answer of answers) {
      const position = this.#positions.get(keyOf(answer));
      if (!position || !this.#active) continue;
      // The partition moved to another broker meanwhile, and its new loop has read on.
      if (asked.get(position) !== position.next || position.kept) continue;
      if (answer.errorCode === code.none) {
        this.#read(position, answer);
        continue;
      }
      position.flows = false;
      // Nobody reads it: a partition that the flow has refused may have an offset that is out of range.
      if (position.paused) continue;
      if (answer.errorCode === code.offsetOutOfRange) await this.#outOfRange(position);
      else if (isPassingCode(answer.errorCode)) settled = false;
      else {
        const problem = nameOfCode(answer.errorCode);
        this.#stopPartition(position, error('AORTA_LOG_010', { ...position.tp, offset: position.next, problem }));
      }
    }
    return settled;
  }

  #read(position: Position, answer: Fetched): void {
    if (answer.batches.length === 0) return;
    const batches = new BatchReader(answer.batches, position.next, answer.aborted);
    position.kept = { batches, bytes: answer.batches.length, end: answer.end, looks: 0 };
    this.#deliver(position);
  }

  /** K10: loud, and once; the other partitions go on. */
  #stopPartition(position: Position, reason: Error): void {
    position.notBefore = this.#from.around.clock.monotonic() + unreadableRetryMs;
    if (position.problems++ > 0) return;
    this.#from.around.telemetry
      .counter('aorta_log_unreadable_partitions_total', 'Partitions stopped at a batch that cannot be read.')
      .inc();
    this.#from.handlers.onError(reason, false);
  }

  /**
   * Records below the log's start have expired: reading goes on at the start, counted. A position above the end means
   * that the log is not the one that was read before: the assignment ends, the flow decides at the next one.
   */
  async #outOfRange(position: Position): Promise<void> {
    const { around, group } = this.#from;
    const { start, end } = await this.#from.ends(position.tp);
    if (!this.#active) return;
    if (position.next > end) return this.#end(error('AORTA_LOG_013', { ...position.tp, offset: position.next, end }));
    if (position.next >= start) return;
    around.telemetry
      .counter('aorta_log_expired_records_total', 'Records that retention removed before they were read.')
      .inc(start - position.next);
    around.telemetry.log('error', 'log_records_expired', { group, ...position.tp, offset: position.next, count: start - position.next });
    position.next = start;
  }
}
