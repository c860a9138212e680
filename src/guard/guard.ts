import type { Clock, Random } from '../clock/clock.ts';
import { AortaError, classOf, error } from '../errors/index.ts';
import type { Counter, Telemetry } from '../telemetry/port.ts';
import { Breaker, BreakerOpen, type BreakerState, type Evidence } from './breaker.ts';
import { classified, failedAnswer } from './classify.ts';
import { withDeadline } from './deadline.ts';
import { type Gate, GateFull, type MakeGate } from './gate/gate.ts';
import { NoPlace, Pace, type PaceOptions } from './pace.ts';
import type { Attempt, Guard, TargetState } from './port.ts';
import type { Target } from './target.ts';

export interface GuardParts extends Omit<PaceOptions, 'target' | 'settings'> {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly gate: MakeGate;
  readonly changed: (state: TargetState) => void;
}

/** What an attempt says about the other side. A 4xx is an answer: the system works. Ours says nothing about it. */
function evidenceOf(thrown: unknown): Evidence {
  const errorClass = classOf(thrown);
  // Overload of the work is the system's own word that it has too much (429), as a client of ours puts it.
  if (errorClass === 'Transient' || errorClass === 'Overload') return 'bad';
  return errorClass === 'Permanent' || errorClass === 'Decode' ? 'good' : 'none';
}

/** Milliseconds until one that was refused while a probe runs, or while the queue is full, asks again. */
const againMs = 250;

/** Milliseconds that a call may wait for the bulkhead. */
const queueMs = 30_000;

/** Part of its time after which a call is expected to be answered, if it may wait: the rest is for those that take longer than most. */
const expectedShare = 0.75;
/** Weight of the newest call in what a call usually takes. */
const weight = 1 / 16;

/** Rejection of a call that would not be answered in its time. It did not run. */
class Hopeless extends Error {}

/** The caller's time is over, or it has left: the target had less than `deadlineMs`, so this says nothing about it. */
class Left extends Error {
  readonly reason: unknown;
  constructor(reason: unknown) {
    super('the caller has left');
    this.reason = reason;
  }
}

/** The guard of one target in one worker. */
export class TargetGuard implements Guard {
  readonly target: Target;
  readonly #parts: GuardParts;
  readonly #breaker: Breaker;
  readonly #gate: Gate;
  readonly #pace: Pace | undefined;
  readonly #calls: (outcome: string) => void;
  readonly #seconds: ReturnType<Telemetry['histogram']>;
  readonly #stops: (() => void)[] = [];
  /** Monotonic milliseconds until which the target asked to be left alone (Retry-After). */
  #throttledUntil = 0;
  /** Calls that may be under way at once: one after the target comes back, doubled by each that works. */
  #slots: number;
  /** Milliseconds that a call takes, as calls went lately; 0: not known. */
  #usualMs = 0;
  /** Somebody was refused because of those that wait. */
  #crowded = false;

  constructor(target: Target, parts: GuardParts) {
    const { clock, telemetry } = parts;
    this.target = target;
    this.#parts = parts;
    this.#breaker = new Breaker(clock, target.breaker, evidenceOf, (state) => this.#changed(state));
    this.#gate = parts.gate(target.bulkhead, target.queue);
    this.#slots = target.bulkhead;
    this.#pace = target.limiter ? new Pace({ ...parts, target: target.name, settings: target.limiter }) : undefined;
    const labels = { target: target.name };
    const counters = new Map<string, Counter>();
    const counter = (outcome: string) =>
      telemetry.counter('aorta_target_calls_total', 'Attempts at an outside system, by how they ended', { ...labels, outcome });
    this.#calls = (outcome) => {
      const known = counters.get(outcome) ?? counter(outcome);
      counters.set(outcome, known);
      known.inc();
    };
    this.#seconds = telemetry.histogram(
      'aorta_target_call_seconds',
      'Running time of attempts',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      labels,
    );
    const sampled = (name: string, help: string, read: () => number) => this.#stops.push(telemetry.sampled(name, help, labels, read));
    sampled('aorta_target_breaker_state', '0 closed, 1 half-open, 2 open', () =>
      ['closed', 'half-open', 'open'].indexOf(this.#breaker.state),
    );
    sampled('aorta_target_queued', 'Calls that wait for a place', () => this.#gate.queued);
    sampled('aorta_target_running', 'Calls under way', () => this.#gate.running);
    sampled('aorta_target_throttled_seconds', 'Time that Retry-After still asks for', () => this.#throttledMs / 1000);
    sampled('aorta_target_local_share', '1: Redis is away, the quota is this worker’s share', () => (this.state.localShare ? 1 : 0));
  }

  get state(): TargetState {
    return {
      target: this.target.name,
      breaker: this.#breaker.state,
      opensInMs: this.#breaker.opensInMs,
      throttledMs: this.#throttledMs,
      queued: this.#gate.queued,
      running: this.#gate.running,
      localShare: this.#pace?.localShare ?? false,
    };
  }

  get #throttledMs(): number {
    return this.#throttledUntil === 0 ? 0 : Math.max(0, this.#throttledUntil - this.#parts.clock.monotonic());
  }

  get free(): boolean {
    return this.#pace === undefined && this.#gate.free;
  }

  waitMs(): number {
    const { opensInMs, throttledMs, queued } = this.state;
    const longest = Math.max(opensInMs, throttledMs);
    if (longest > 0) return this.#jittered(longest);
    return this.#breaker.refuses || queued >= this.target.queue ? this.#jittered(againMs) : 0;
  }

  async run<T>({ signal, deadlineMs = this.target.deadlineMs, withinMs = Number.POSITIVE_INFINITY, work }: Attempt<T>): Promise<T> {
    if (this.#breaker.refuses) throw this.#open();
    if (this.#throttledMs > 0) throw this.#noPlace('it asked to be left alone', this.#throttledMs);
    try {
      return await this.#gated(signal, this.#parts.clock.monotonic() + withinMs, () =>
        this.#placed(signal, () => this.#guarded(signal, deadlineMs, withinMs < Number.POSITIVE_INFINITY, work)),
      );
    } catch (thrown) {
      if (thrown instanceof GateFull) throw this.#noPlace('its queue is full', againMs);
      if (thrown instanceof NoPlace) throw this.#noPlace('its quota is used up', thrown.waitMs);
      if (thrown instanceof Hopeless) throw this.#noPlace('it would not answer in time', this.#usualMs);
      if (thrown instanceof BreakerOpen) throw this.#open();
      if (thrown instanceof Left) throw thrown.reason;
      throw thrown;
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#breaker.close();
  }

  /** A call that is cancelled, or waits too long, is answered at once; its place in the queue is freed when it comes up. */
  #gated<T>(signal: AbortSignal, ends: number, work: () => Promise<T>): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#gate.free) return this.#gate.run(work);
    if (ends < Number.POSITIVE_INFINITY && this.#isHopeless(ends - this.#parts.clock.monotonic())) return Promise.reject(new Hopeless());
    return new Promise<T>((resolve, reject) => {
      let gone = false;
      const leave = (reason: unknown) => {
        gone = true;
        reject(reason);
      };
      const onAbort = () => leave(signal.reason);
      const cancel = this.#parts.clock.after(queueMs, () => leave(new NoPlace(againMs)));
      signal.addEventListener('abort', onAbort, { once: true });
      this.#gate
        .run(async () => {
          cancel();
          if (gone) return undefined as T;
          // It waited longer than was to be expected: the place is for one that can still be answered.
          if (ends - this.#parts.clock.monotonic() < this.#usualMs) throw new Hopeless();
          return await work();
        })
        .then(resolve, reject)
        .finally(() => {
          cancel();
          signal.removeEventListener('abort', onAbort);
        });
    });
  }

  /**
   * One that would wait, and not be answered in what it has left. Places would be spent on callers that have gone when they are
   * answered; and where some are refused, then all until half of the queue is done: what is asked together (the reads of one
   * call) is worth little in parts.
   */
  #isHopeless(leftMs: number): boolean {
    const waitMs = (this.#usualMs * (this.#gate.queued + 1)) / this.#slots;
    this.#crowded = this.#usualMs + (this.#crowded ? 2 : 1) * waitMs > leftMs * expectedShare;
    return this.#crowded;
  }

  async #placed<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    // It may have opened while this call waited: a place would be wasted.
    if (this.#breaker.refuses) throw new BreakerOpen();
    if (this.#throttledMs > 0) throw new NoPlace(this.#throttledMs);
    if (this.#pace) await this.#pace.place(signal);
    try {
      const result = await work();
      this.#worked();
      return result;
    } catch (thrown) {
      if (evidenceOf(thrown) === 'good') this.#worked();
      throw thrown;
    }
  }

  #guarded<T>(signal: AbortSignal, deadlineMs: number, bounded: boolean, work: Attempt<T>['work']): Promise<T> {
    const { clock } = this.#parts;
    const { name } = this.target;
    return this.#breaker.run(async () => {
      const started = clock.monotonic();
      try {
        const late = () => error('AORTA_GUARD_003', { target: name, deadlineMs });
        const result = await withDeadline(clock, deadlineMs, signal, late, work);
        const failed = failedAnswer(result, clock.now());
        if (failed) throw failed;
        this.#calls('ok');
        return result;
      } catch (thrown) {
        if (bounded && signal.aborted && thrown === signal.reason) {
          this.#calls('cancelled');
          throw new Left(thrown);
        }
        const failure = classified(thrown, clock.now());
        this.#calls(outcomeOf(failure));
        if (failure instanceof AortaError && evidenceOf(failure) === 'bad' && failure.retryAfterMs) this.#throttle(failure.retryAfterMs);
        throw failure;
      } finally {
        const ms = clock.monotonic() - started;
        this.#seconds.observe(ms / 1000);
        this.#usualMs = this.#usualMs === 0 ? ms : this.#usualMs + (ms - this.#usualMs) * weight;
      }
    });
  }

  #throttle(ms: number): void {
    this.#throttledUntil = Math.max(this.#throttledUntil, this.#parts.clock.monotonic() + ms);
    this.#restart();
    void this.#pace?.pause(ms);
  }

  /** Only once the breaker has heard of it: the next call must find it closed. */
  #worked(): void {
    if (this.#slots < this.target.bulkhead && this.#throttledMs === 0) this.#resize(Math.min(this.target.bulkhead, this.#slots * 2));
  }

  /** What it took before it failed says nothing about how it comes back. */
  #restart(): void {
    this.#usualMs = 0;
    this.#resize(1);
  }

  #resize(slots: number): void {
    this.#slots = slots;
    this.#gate.resize(slots);
  }

  #changed(state: BreakerState): void {
    const { telemetry, changed } = this.#parts;
    if (state !== 'closed') this.#restart();
    telemetry.log(state === 'open' ? 'warn' : 'info', `target.${state}`, { service: this.target.name });
    changed(this.state);
  }

  #open(): AortaError {
    this.#calls('breaker');
    return error('AORTA_GUARD_001', { target: this.target.name }, { retryAfterMs: this.waitMs() || this.#jittered(againMs) });
  }

  #noPlace(reason: string, waitMs: number): AortaError {
    this.#calls('limiter');
    const limit = this.target.limiter?.waitMs ?? 0;
    return error(
      'AORTA_GUARD_002',
      { target: this.target.name, waitMs: limit, reason },
      { retryAfterMs: this.#jittered(Math.max(againMs, waitMs)) },
    );
  }

  /** Never earlier, and not all at once. */
  #jittered(ms: number): number {
    return ms + this.#parts.random.next() * (againMs + Math.min(ms, 10_000) / 2);
  }
}

const outcomeOf = (failure: unknown): string => {
  if (failure instanceof AortaError && failure.code === 'AORTA_GUARD_003') return 'late';
  return { good: 'refused', bad: 'failed', none: classOf(failure) === 'Defect' ? 'defect' : 'cancelled' }[evidenceOf(failure)];
};
