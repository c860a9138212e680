import type { Clock, Random } from '../../clock/clock.ts';
import { error } from '../../errors/index.ts';
import type { Append, Log } from '../../log/port.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { Admitted, Waiting } from './request.ts';

/** An append that identity has stored as owed, with everyone who waits for it (the sender, and its repeats). */
export interface Pending {
  readonly seq: number;
  readonly eventId: string;
  readonly append: Append;
  done: boolean;
  /** Called when it is in the log. */
  readonly appended?: () => void;
  waiters: { readonly waiting: Waiting; readonly result: Admitted }[];
}

const firstDelay = 50;
const longestDelay = 5_000;

/**
 * Appends batches strictly one after the other: `aorta-seq` rises per partition, and readers drop what is at or below
 * the highest seen, so an append that overtook a failed one would make its retry disappear. A failed batch answers its
 * waiters and is tried again, with full jitter, until it is in; nothing later goes before it.
 */
export class AppendPump {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #telemetry: Telemetry;
  readonly #queue: Pending[][] = [];
  readonly #pending = new Map<string, Pending>();
  #running = false;
  #abandoned = false;
  #cancelRetry: () => void = () => {};
  #changed: (() => void)[] = [];
  /** All appends up to this seq are in the log. */
  settledThrough = 0;
  /** The last attempt failed. */
  failing = false;

  constructor(parts: { log: Log; clock: Clock; random: Random; telemetry: Telemetry }) {
    this.#log = parts.log;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#telemetry = parts.telemetry;
  }

  /** Appends accepted and not known to be marked as settled, by event id. */
  find(eventId: string): Pending | undefined {
    return this.#pending.get(eventId);
  }

  get owed(): number {
    let count = 0;
    for (const batch of this.#queue) count += batch.length;
    return count;
  }

  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /** Appended, and not yet marked as settled in the identity store. */
  unmarked(): Pending[] {
    return [...this.#pending.values()].filter((each) => each.done);
  }

  /** The identity store knows that everything up to `seq` is in the log. */
  marked(seq: number): void {
    for (const [eventId, each] of this.#pending) {
      if (each.seq > seq) return;
      if (each.done) this.#pending.delete(eventId);
    }
  }

  push(batch: readonly Pending[]): void {
    if (batch.length === 0) return;
    for (const each of batch) this.#pending.set(each.eventId, each);
    this.#queue.push([...batch]);
    if (!this.#running) void this.#run();
  }

  /** Resolves when at most `batches` wait or are being appended. */
  async room(batches: number): Promise<void> {
    while (this.#queue.length > batches && !this.#abandoned) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  /** Gives up retrying: what is owed is appended by the next start. Answers who still waits. */
  abandon(reason: Error): void {
    this.#abandoned = true;
    this.#cancelRetry();
    for (const batch of this.#queue) for (const each of batch) fail(each, reason);
    this.#notify();
  }

  async #run(): Promise<void> {
    this.#running = true;
    let attempt = 0;
    for (let batch = this.#queue[0]; batch && !this.#abandoned; batch = this.#queue[0]) {
      const started = this.#clock.monotonic();
      try {
        await this.#log.append(batch.map((each) => each.append));
      } catch (cause) {
        this.failing = true;
        attempt++;
        this.#telemetry.counter('aorta_ingress_append_failures_total', 'Appends of ingress that failed and are tried again.').inc();
        this.#telemetry.log('error', 'ingress.append.failed', { error: cause, attempt, count: batch.length });
        const reason = error('AORTA_INGRESS_002', { store: 'the log' }, { cause });
        for (const each of batch) fail(each, reason);
        await this.#pause(Math.min(longestDelay, firstDelay * 2 ** Math.min(attempt, 10)) * (0.5 + this.#random.next() / 2));
        continue;
      }
      this.failing = false;
      attempt = 0;
      appendSeconds(this.#telemetry).observe((this.#clock.monotonic() - started) / 1000);
      this.#telemetry.counter('aorta_ingress_admitted_total', 'Records made durable by ingress.').inc(batch.length);
      this.#queue.shift();
      for (const each of batch) {
        each.done = true;
        this.settledThrough = Math.max(this.settledThrough, each.seq);
      }
      for (const each of batch) each.appended?.();
      for (const each of batch) {
        const waiters = each.waiters;
        each.waiters = [];
        for (const waiter of waiters) waiter.waiting.resolve(waiter.result);
      }
      this.#notify();
    }
    this.#running = false;
  }

  #pause(ms: number): Promise<void> {
    if (this.#abandoned) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      this.#cancelRetry = () => {
        cancel();
        resolve();
      };
    });
  }

  #notify(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const each of waiting) each();
  }
}

function fail(each: Pending, reason: Error): void {
  const waiters = each.waiters;
  each.waiters = [];
  for (const waiter of waiters) waiter.waiting.reject(reason);
}

const appendSeconds = (telemetry: Telemetry) =>
  telemetry.histogram(
    'aorta_ingress_append_seconds',
    'Time of one append of ingress until it is durable.',
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  );
