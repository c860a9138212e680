/**
 * A consumer of the group protocol, one assignment (assignment.ts) after the other. kafkajs's Runner is not used: it
 * heartbeats only between batches (K1), commits old work under a new generation (K2), lets a new owner start beside the
 * old one's handlers (K3), swallows the errors of `stop` and drops commits after it (K4), and stays dead after a crash
 * (K11).
 *
 *   connect ─► join ─► assignment ─► join ─► …
 *
 * - The next join is sent when the assignment is over, whatever the group thinks of us meanwhile.
 * - Whatever breaks leads to `onError(…, true)`, a jittered pause and a fresh start, counted (K11).
 */
import { AortaError, error } from '../../errors/index.ts';
import type { Commit, ConsumerOptions, LogConsumer, PartitionEnds, TopicPartition } from '../port.ts';
import { Assignment } from './assignment.ts';
import type { Connect, Surroundings } from './cluster.ts';
import { Membership, type Seat } from './membership.ts';
import { backoff, isRebalancing, reasonOf, within } from './problems.ts';
import type { FetchLimits } from './protocol.ts';

export interface ConsumerSettings {
  readonly connect: Connect;
  readonly limits: FetchLimits;
  readonly around: Surroundings;
  readonly heartbeatMs: number;
  readonly commitTimeoutMs: number;
  ends(tp: TopicPartition): Promise<PartitionEnds>;
  /** `stop` has ended, well or not. */
  readonly onStopped: () => void;
}

/** A `stop` that meets a join under way leaves the group, and waits this long for that and for the answer to the join. */
const joinPatienceMs = 5000;
/** Longest pause before a restart. */
const restartCapMs = 10_000;

export class KafkaConsumer implements LogConsumer {
  readonly #options: ConsumerOptions;
  readonly #settings: ConsumerSettings;
  readonly #rebalanceTimeoutMs: number;
  #membership: Membership;
  #assignment: Assignment | undefined;
  #generation = 0;
  #starting: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #stopped = false;
  /** Ends the current wait of the run loop. */
  #interrupt: () => void = () => {};

  constructor(options: ConsumerOptions, settings: ConsumerSettings) {
    this.#options = options;
    this.#settings = settings;
    this.#rebalanceTimeoutMs = options.rebalanceTimeoutMs ?? 60_000;
    this.#membership = this.#newMembership();
  }

  /** Resolves when the brokers answer and the topics exist; the join goes on behind it. May be repeated after a failure. */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((thrown) => {
      this.#starting = undefined;
      throw thrown;
    });
    return this.#starting;
  }

  /** `stop` was called: its caller has the outcome. */
  get stopping(): boolean {
    return this.#stopping !== undefined;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(this.#settings.onStopped);
    return this.#stopping;
  }

  pause(partition: TopicPartition): void {
    this.#assignment?.fetcher.pause(partition);
  }

  resume(partition: TopicPartition): void {
    this.#assignment?.fetcher.resume(partition);
  }

  async commit(offsets: readonly Commit[]): Promise<void> {
    const [first] = offsets;
    if (!first) return;
    if (!this.#assignment) throw error('AORTA_LOG_005', { group: this.#options.group, topic: first.topic, partition: first.partition });
    await this.#assignment.commit(offsets);
  }

  heartbeatAgeMs(): number {
    return this.#membership.heartbeatAgeMs;
  }

  #newMembership(): Membership {
    const { group, topics, sessionTimeoutMs = 30_000 } = this.#options;
    const { connect, around, heartbeatMs, commitTimeoutMs } = this.#settings;
    const rebalanceTimeoutMs = this.#rebalanceTimeoutMs;
    const beat = Math.max(1, Math.min(heartbeatMs, Math.floor(sessionTimeoutMs / 4)));
    return new Membership(connect, { group, topics, sessionTimeoutMs, rebalanceTimeoutMs, heartbeatMs: beat, commitTimeoutMs }, around);
  }

  async #start(): Promise<void> {
    if (this.#stopped) throw error('AORTA_LOG_016', { operation: 'start' });
    await this.#membership.connect();
    if (!this.#stopped) this.#running = this.#run();
  }

  /** Awaited by nobody but `stop`; never rejects. */
  async #run(): Promise<void> {
    const { around } = this.#settings;
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
        if (reason === 'lost' && !this.#membership.fresh)
          throw error('AORTA_LOG_008', { operation: 'heartbeat', problem: 'no answer for a session' });
        failures = 0;
      } catch (thrown) {
        if (this.#stopped) break;
        // A busy group rebalances again while we join; that is no crash.
        if (isRebalancing(thrown)) continue;
        this.#report(thrown, failures + 1);
        connected = false;
        await this.#membership.leave().catch(() => {});
        await this.#membership.close();
        this.#membership = this.#newMembership();
        await this.#pauseFor(backoff(around.random, failures++, 250, restartCapMs));
      }
    }
  }

  #report(thrown: unknown, attempt: number): void {
    const { telemetry } = this.#settings.around;
    const { group } = this.#options;
    const problem = reasonOf(thrown);
    telemetry.counter('aorta_log_consumer_restarts_total', 'Consumers restarted after a crash.', { group }).inc();
    telemetry.log('warn', 'log_consumer_restarts', { group, reason: problem, attempt });
    try {
      this.#options.onError(thrown instanceof AortaError ? thrown : error('AORTA_LOG_011', { group, problem }, { cause: thrown }), true);
    } catch (defect) {
      telemetry.log('error', 'log_handler_threw', { group, operator: 'onError', error: defect });
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
    // From here on the old partitions may be another's: nothing of them can be committed or read back any more.
    this.#assignment = undefined;
    const joined = this.#membership.join();
    const seat = await Promise.race([joined, stopped]);
    if (!this.#stopped) return seat;
    // Now, not when the join has ended: all others wait for each other in it, and would then wait for this one's session.
    const { clock } = this.#settings.around;
    await within(clock, joinPatienceMs, 'leave group', this.#membership.leave()).catch(() => {});
    await within(clock, joinPatienceMs, 'join', joined).catch(() => {});
    return undefined;
  }

  async #hold(seat: Seat): ReturnType<Assignment['run']> {
    const { limits, around, ends } = this.#settings;
    const from = { group: this.#options.group, handlers: this.#options, membership: this.#membership, limits, around, ends };
    const assignment = new Assignment(from, seat, ++this.#generation);
    this.#assignment = assignment;
    this.#interrupt = () => assignment.end('stop');
    return assignment.run();
  }

  /** K4: drain, commit, read back, leave, disconnect; the first thing that goes wrong is what it rejects with. */
  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#interrupt();
    const problems: unknown[] = [];
    const note = (thrown: unknown): void => void problems.push(thrown);
    await this.#starting?.catch(() => {});
    if (this.#running) {
      await within(this.#settings.around.clock, this.#rebalanceTimeoutMs, 'drain', this.#running).catch((thrown) => {
        // The drain did not end: the partitions go, whatever still runs is refused.
        this.#assignment?.lose();
        note(thrown);
      });
    }
    await this.#assignment?.readBack().catch(note);
    await this.#membership.leave().catch(note);
    await this.#membership.close();
    if (problems.length > 0) throw problems[0];
  }
}
