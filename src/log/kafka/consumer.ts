/**
 * A consumer of the group protocol, one assignment after the other. kafkajs's Runner is not used: it heartbeats only
 * between batches (K1), commits old work under a new generation (K2), starts a new assignment beside the old one's
 * handlers (K3), swallows the errors of `stop` and drops commits after it (K4), and stays dead after a crash (K11).
 *
 *   connect ─► join ─► onAssigned ─► deliver ─► (rebalance | lost | crash | stop) ─► onRevoked or onLost ─► join …
 *
 * - Delivery ends before `onRevoked` begins; heartbeats go on while it drains, and its commits carry the old generation.
 * - The next join is sent after `onRevoked` has ended (K3), whatever the group thinks of us meanwhile.
 * - Whatever breaks leads to `onError(…, true)`, a jittered pause and a fresh start, counted (K11).
 */
import { AortaError, error } from '../../errors/index.ts';
import type { Commit, ConsumerOptions, LogConsumer, PartitionEnds, TopicPartition } from '../port.ts';
import type { Connect, Surroundings } from './cluster.ts';
import { Committer } from './committer.ts';
import { Fetcher, keyOf } from './fetcher.ts';
import { type Ending, Membership, type Seat } from './membership.ts';
import { backoff, isRebalancing, reasonOf, within } from './problems.ts';
import type { FetchLimits } from './protocol.ts';

export interface ConsumerSettings {
  readonly connect: Connect;
  readonly limits: FetchLimits;
  readonly around: Surroundings;
  readonly heartbeatMs: number;
  readonly commitTimeoutMs: number;
  ends(tp: TopicPartition): Promise<PartitionEnds>;
}

interface Assignment {
  readonly seat: Seat;
  readonly generation: number;
  readonly keys: ReadonlySet<string>;
  readonly fetcher: Fetcher;
  readonly committer: Committer;
  /** Gone: commits are refused without asking the broker. */
  closed: boolean;
  /** Tells the handlers, once, that the partitions are gone. */
  lose(): void;
}

/** A `stop` that meets a join under way waits this long for it, so that the member can leave properly. */
const joinPatienceMs = 5000;

type Reason = Ending | 'stop' | Error;

export class KafkaConsumer implements LogConsumer {
  readonly #options: ConsumerOptions;
  readonly #settings: ConsumerSettings;
  readonly #rebalanceTimeoutMs: number;
  #membership: Membership;
  #assignment: Assignment | undefined;
  #generation = 0;
  #running: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #stopped = false;
  /** Ends the current wait of the run loop. */
  #interrupt: (reason: Reason) => void = () => {};
  #verdict: Error | undefined;

  constructor(options: ConsumerOptions, settings: ConsumerSettings) {
    this.#options = options;
    this.#settings = settings;
    this.#rebalanceTimeoutMs = options.rebalanceTimeoutMs ?? 60_000;
    this.#membership = this.#newMembership();
  }

  async start(): Promise<void> {
    if (this.#running) return;
    if (this.#stopped) throw error('AORTA_LOG_016', { operation: 'start' });
    await this.#membership.connect();
    this.#running = this.#run();
  }

  /** `stop` was called: its caller has the outcome. */
  get stopping(): boolean {
    return this.#stopping !== undefined;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  pause(partition: TopicPartition): void {
    this.#assignment?.fetcher.pause(partition);
  }

  resume(partition: TopicPartition): void {
    this.#assignment?.fetcher.resume(partition);
  }

  async commit(offsets: readonly Commit[]): Promise<void> {
    if (offsets.length === 0) return;
    const assignment = this.#assignment;
    for (const commit of offsets) {
      const stale = commit.generation !== undefined && commit.generation !== assignment?.generation;
      if (!assignment || assignment.closed || stale || !assignment.keys.has(keyOf(commit))) {
        throw error('AORTA_LOG_005', { group: this.#options.group, topic: commit.topic, partition: commit.partition });
      }
    }
    await (assignment as Assignment).committer.commit(offsets);
  }

  #newMembership(): Membership {
    const { group, topics, sessionTimeoutMs = 30_000 } = this.#options;
    const { connect, around, heartbeatMs, commitTimeoutMs } = this.#settings;
    const rebalanceTimeoutMs = this.#rebalanceTimeoutMs;
    const beat = Math.max(1, Math.min(heartbeatMs, Math.floor(sessionTimeoutMs / 4)));
    return new Membership(connect, { group, topics, sessionTimeoutMs, rebalanceTimeoutMs, heartbeatMs: beat, commitTimeoutMs }, around);
  }

  /** Awaited by nobody but `stop`; never rejects. */
  async #run(): Promise<void> {
    const { around } = this.#settings;
    const restarts = around.telemetry.counter('aorta_log_consumer_restarts_total', 'Consumers restarted after a crash.', {
      group: this.#options.group,
    });
    let failures = 0;
    let connected = true;
    while (!this.#stopped) {
      try {
        if (!connected) await this.#membership.connect();
        connected = true;
        const seat = await this.#join();
        if (!seat) break;
        const reason = await this.#hold(seat);
        if (reason instanceof Error) throw reason;
        failures = 0;
      } catch (thrown) {
        if (this.#stopped) break;
        // A busy group rebalances again while we join; that is no crash.
        if (isRebalancing(thrown)) continue;
        restarts.inc();
        const problem = reasonOf(thrown);
        this.#options.onError(
          thrown instanceof AortaError ? thrown : error('AORTA_LOG_011', { group: this.#options.group, problem }, { cause: thrown }),
          true,
        );
        around.telemetry.log('warn', 'log_consumer_restarts', { group: this.#options.group, reason: problem, attempt: failures + 1 });
        connected = false;
        await this.#membership.leave().catch(() => {});
        await this.#membership.close();
        this.#membership = this.#newMembership();
        await this.#pauseFor(backoff(around.random, failures++, 250, 30_000));
      }
    }
  }

  #pauseFor(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#settings.around.clock.after(ms, resolve);
      this.#interrupt = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Nothing when `stop` came first: the join may wait for other members for as long as the rebalance time-out. */
  async #join(): Promise<Seat | undefined> {
    const stopped = new Promise<undefined>((resolve) => {
      this.#interrupt = () => resolve(undefined);
    });
    const joined = this.#membership.join();
    const seat = await Promise.race([joined, stopped]);
    if (!this.#stopped) return seat;
    await within(this.#settings.around.clock, joinPatienceMs, 'join', joined).catch(() => {});
    return undefined;
  }

  /** One assignment from its arrival to its end. Resolves with why it ended, when nothing of it runs any more. */
  async #hold(seat: Seat): Promise<Reason> {
    const { around, limits } = this.#settings;
    const { group } = this.#options;
    const generation = ++this.#generation;
    let ended: Reason | undefined;
    let lost = false;
    let told = false;
    let wake: () => void = () => {};
    const ending = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const end = (reason: Reason): void => {
      if (reason === 'lost') lost = true;
      ended ??= reason;
      fetcher.stop();
      wake();
    };
    const membership = this.#membership;
    const fetcher = new Fetcher(
      {
        cluster: membership.cluster,
        limits,
        around,
        group,
        handlers: this.#options,
        ends: (tp) => this.#settings.ends(tp),
        fresh: () => membership.fresh,
        onEnd: end,
      },
      seat.partitions,
    );
    const committer = new Committer((offsets) => membership.commit(seat, offsets));
    const assignment: Assignment = {
      seat,
      generation,
      keys: new Set(seat.partitions.map(keyOf)),
      fetcher,
      committer,
      closed: false,
      lose: () => {
        assignment.closed = true;
        if (told || seat.partitions.length === 0) return;
        told = true;
        this.#options.onLost(seat.partitions);
      },
    };
    this.#assignment = assignment;
    this.#interrupt = end;
    let draining = false;
    membership.startHeartbeats(seat, (reason) => {
      end(reason);
      if (reason === 'lost' && draining) assignment.lose();
    });
    if (this.#stopped) end('stop');
    around.telemetry.log('info', 'log_assigned', { group, generation, partitions: seat.partitions.length });

    let accepted = seat.partitions.length === 0;
    try {
      if (!accepted) {
        const own = await this.#calling('onAssigned', () => this.#options.onAssigned(seat.partitions, generation));
        accepted = true;
        const offsets = await this.#offsets(seat.partitions, own);
        if (!ended) fetcher.start(offsets);
      }
      await ending;
    } catch (thrown) {
      end(thrown as Error);
    }

    if (lost || !accepted) assignment.lose();
    else if (seat.partitions.length > 0) {
      draining = true;
      await this.#calling('onRevoked', () => this.#options.onRevoked(seat.partitions)).catch((thrown) => {
        if (!(ended instanceof Error)) ended = thrown as Error;
        assignment.lose();
      });
    }
    await committer.settled();
    assignment.closed = true;
    if (this.#stopped && !told) this.#verdict = await this.#readBack(assignment);
    membership.stopHeartbeats();
    around.telemetry.log('info', 'log_released', {
      group,
      generation,
      reason: ended instanceof Error ? reasonOf(ended) : (ended as string),
    });
    return ended as Reason;
  }

  async #calling<T>(handler: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (cause) {
      if (cause instanceof AortaError) throw cause;
      throw error('AORTA_LOG_017', { group: this.#options.group, handler, problem: (cause as Error)?.name ?? 'unknown' }, { cause });
    }
  }

  /** Where each partition starts: as `onAssigned` said, else the committed offset, else the start of the log. */
  async #offsets(partitions: readonly TopicPartition[], own: readonly Commit[]): Promise<ReadonlyMap<string, number>> {
    const offsets = new Map(own.map((commit) => [keyOf(commit), commit.offset]));
    const open = partitions.filter((tp) => !offsets.has(keyOf(tp)));
    for (const commit of await this.#membership.committed(open)) offsets.set(keyOf(commit), commit.offset);
    for (const tp of open) if (!offsets.has(keyOf(tp))) offsets.set(keyOf(tp), (await this.#settings.ends(tp)).start);
    return offsets;
  }

  /** K4: what was committed is really there. */
  async #readBack({ seat, committer }: Assignment): Promise<Error | undefined> {
    const expected = committer.last;
    if (expected.size === 0) return undefined;
    const partitions = seat.partitions.filter((tp) => expected.has(keyOf(tp)));
    try {
      const found = new Map((await this.#membership.committed(partitions)).map((commit) => [keyOf(commit), commit.offset]));
      for (const tp of partitions) {
        const wanted = expected.get(keyOf(tp)) as number;
        const actual = found.get(keyOf(tp)) ?? -1;
        if (actual !== wanted) return error('AORTA_LOG_014', { group: this.#options.group, ...tp, expected: wanted, actual });
      }
      return undefined;
    } catch (thrown) {
      return thrown as Error;
    }
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#interrupt('stop');
    const { clock } = this.#settings.around;
    try {
      if (this.#running) await within(clock, this.#rebalanceTimeoutMs, 'drain', this.#running);
    } catch (thrown) {
      // The drain did not end: the partitions go, whatever still runs is refused.
      this.#assignment?.lose();
      this.#verdict = thrown as Error;
    }
    await this.#membership.leave().catch((thrown) => {
      this.#verdict ??= thrown as Error;
    });
    await this.#membership.close();
    if (this.#verdict) throw this.#verdict;
  }
}
