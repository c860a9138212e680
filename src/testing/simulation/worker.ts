import type { Clock } from '../../clock/clock.ts';
import { sleep } from '../../clock/system.ts';
import type { RunningFlow } from '../../engine/index.ts';
import { error } from '../../errors/index.ts';
import type { Commit, ConsumerOptions, Log, LogConsumer, TopicPartition } from '../../log/port.ts';
import { guarded, ProcessClock } from '../process.ts';
import { type CallName, calls, type PortName } from './schedule.ts';

/** What the world does to one call. */
export interface CallPlan {
  readonly outcome: 'done' | 'refused' | 'lost-reply' | 'twice';
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly kill?: 'before' | 'after';
  /** A refusal of the store's that trying again does not change. */
  readonly permanent?: boolean;
}

export interface WorkerWorld {
  readonly clock: Clock;
  /** Its place in a group is given up at once when it is dead; otherwise the group waits for it in vain. */
  readonly deadLeave?: boolean;
  plan(worker: SimulatedWorker, port: PortName, call: CallName, args: readonly unknown[]): CallPlan;
  /** The worker got the answer to a call, good or bad. */
  answered(worker: SimulatedWorker, call: CallName, args: readonly unknown[], result: unknown): void;
  /** For the trace. */
  note(line: string): void;
  kill(worker: SimulatedWorker, why: string): void;
  /** Records were handed to the flow. */
  fed(worker: SimulatedWorker, partition: TopicPartition): void;
  /** The log took these offsets. */
  committed(offsets: readonly Commit[]): void;
}

const never = <T>(): Promise<T> => new Promise(() => {});

/** One simulated process: its clock can stop, its calls go wrong as the world plans, and when it is dead nothing reaches it. */
export class SimulatedWorker {
  readonly id: number;
  readonly clock: ProcessClock;
  running: RunningFlow | undefined;
  consumer: LogConsumer | undefined;
  /** It drains after SIGTERM: no longer one of the group's future. */
  stopping = false;
  /** By a signal or a record: it was not asked. A process that has stopped is dead too, and not killed. */
  killed = false;
  readonly #world: WorkerWorld;

  constructor(id: number, world: WorkerWorld) {
    this.id = id;
    this.#world = world;
    this.clock = new ProcessClock(world.clock);
  }

  /** A port as this process sees it. */
  port<P extends object>(name: PortName, port: P, instead: Partial<P> = {}): P {
    const own: Record<string, unknown> = { ...instead };
    for (const call of calls[name]) {
      const target = (port as Record<string, unknown>)[call];
      if (typeof target !== 'function' || call in own) continue;
      own[call] = this.faulty(name, call, target.bind(port));
    }
    return guarded(port, this.clock, own as Partial<P>);
  }

  faulty<A extends unknown[], R>(port: PortName, call: CallName, target: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return (...args) => {
      if (this.clock.dead) return never();
      return this.#reply(this.#carried(port, call, target, args), (result) => this.#world.answered(this, call, args, result));
    };
  }

  async #carried<A extends unknown[], R>(port: PortName, call: CallName, target: (...args: A) => Promise<R>, args: A): Promise<R> {
    const { clock } = this.#world;
    const plan = this.#world.plan(this, port, call, args);
    const unreachable = (problem: string) =>
      port === 'state' ? error('AORTA_STATE_001', { problem }) : error('AORTA_LOG_001', { problem });
    this.#world.note(`worker ${this.id} ${call} ${plan.outcome}`);
    if (plan.kill === 'before') {
      this.#world.kill(this, `before ${call}`);
      return never();
    }
    // On its way it no longer depends on the process: what was sent arrives also when the sender is dead.
    if (plan.beforeMs > 0) await sleep(clock, plan.beforeMs);
    if (plan.permanent) throw error('AORTA_STATE_002', { problem: 'injected' });
    if (plan.outcome === 'refused') throw unreachable('injected');
    let result = await target(...args);
    if (plan.outcome === 'twice') result = await target(...args);
    if (plan.kill === 'after' && !this.clock.dead) {
      this.#world.kill(this, `after ${call}`);
      return never();
    }
    if (plan.afterMs > 0) await sleep(clock, plan.afterMs);
    if (plan.outcome === 'lost-reply') throw unreachable('injected: the reply was lost');
    return result;
  }

  /** Hands a result over when the process runs. */
  #reply<R>(result: Promise<R>, answered: (result: R | undefined) => void): Promise<R> {
    return new Promise((resolve, reject) => {
      result.then(
        (value) =>
          this.#when(() => {
            answered(value);
            resolve(value);
          }),
        (cause) =>
          this.#when(() => {
            answered(undefined);
            reject(cause);
          }),
      );
    });
  }

  #when(fn: () => void): void {
    if (this.clock.dead) return;
    if (this.clock.paused) this.clock.paused.push(fn);
    else fn();
  }

  /** Joins a group of any log; its callbacks reach the process only while it runs. */
  join(log: Log, options: ConsumerOptions): LogConsumer {
    const call = <R>(fn: () => Promise<R>): Promise<R> => new Promise((resolve, reject) => this.#when(() => fn().then(resolve, reject)));
    const consumer = log.consumer({
      ...options,
      onAssigned: (partitions, generation) => call(() => options.onAssigned(partitions, generation)),
      onRevoked: (partitions) => (this.clock.dead && this.#world.deadLeave ? Promise.resolve() : call(() => options.onRevoked(partitions))),
      onLost: (partitions) => this.#when(() => options.onLost(partitions)),
      onError: (cause, willRestart) => this.#when(() => options.onError(cause, willRestart)),
      onRecords: (partition, records, end) =>
        this.#when(() => {
          options.onRecords(partition, records, end);
          this.#world.fed(this, partition);
        }),
    });
    // The dead join nothing.
    if (this.clock.dead) consumer.start = never;
    else this.consumer = consumer;
    const commit = this.faulty('log', 'commit', async (offsets: readonly Commit[]) => {
      await consumer.commit(offsets);
      this.#world.committed(offsets);
    });
    return {
      start: () => consumer.start(),
      stop: () => consumer.stop(),
      pause: (partition) => consumer.pause(partition),
      resume: (partition) => consumer.resume(partition),
      commit,
    };
  }

  log(log: Log): Log {
    return this.port<Log>('log', log, { consumer: (options) => this.join(log, options) });
  }
}
