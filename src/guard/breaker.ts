import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import type { Clock } from '../clock/clock.ts';
import type { BreakerSettings } from './target.ts';

/** What a finished call says about the other side: it works, it does not, or nothing at all. */
export type Evidence = 'good' | 'bad' | 'none';

export type BreakerState = 'closed' | 'open' | 'half-open';

type Circuit = CircuitBreaker<[() => Promise<unknown>], unknown>;

/** Rejection of a call that did not run. */
export class BreakerOpen extends Error {}

const buckets = 10;
const never = 2 ** 31 - 1;

/**
 * A breaker of opossum on our clock. What is not left to it:
 * - **Its time-out and AbortController**: there is one of each per breaker, so one slow call aborts all of them. Here the
 *   deadline and the signal belong to the call (deadline.ts).
 * - **Its timers**: the window is turned by our clock when somebody calls, and half-open is another opossum that begins
 *   in that state, so that late results of calls from before decide nothing.
 * - **Calls that say nothing** (cancelled by us): a probe that ends so is no answer, and the next call is the probe.
 * - **A share alone** opens late after a busy good time: failures in a row open too.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #settings: BreakerSettings;
  readonly #evidence: (thrown: unknown) => Evidence;
  readonly #changed: (state: BreakerState) => void;
  readonly #rotation = new EventEmitter();
  #circuit: Circuit;
  #row = 0;
  #turned: number;
  /** Monotonic milliseconds at which a probe may go. */
  #until = 0;
  #probing = false;

  constructor(clock: Clock, settings: BreakerSettings, evidence: (thrown: unknown) => Evidence, changed: (state: BreakerState) => void) {
    this.#clock = clock;
    this.#settings = settings;
    this.#evidence = evidence;
    this.#changed = changed;
    this.#turned = clock.monotonic();
    this.#circuit = this.#make(false);
  }

  get state(): BreakerState {
    if (this.#circuit.halfOpen) return 'half-open';
    return this.#circuit.opened ? 'open' : 'closed';
  }

  /** Milliseconds until a probe may go; 0 unless it is open. */
  get opensInMs(): number {
    return this.#circuit.opened ? Math.max(0, this.#until - this.#clock.monotonic()) : 0;
  }

  /** A call would be refused now. */
  get refuses(): boolean {
    return this.opensInMs > 0 || this.#probing;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    this.#turn();
    if (this.#circuit.opened && this.opensInMs === 0) this.#use(true);
    const circuit = this.#circuit;
    if (this.refuses) return Promise.reject(new BreakerOpen());
    if (!circuit.halfOpen) return circuit.fire(work) as Promise<T>;
    this.#probing = true;
    return new Promise<T>((resolve, reject) => {
      const once = async (): Promise<T> => {
        try {
          return await work();
        } catch (thrown) {
          if (this.#evidence(thrown) !== 'none') throw thrown;
          if (this.#circuit === circuit) this.#use(true);
          reject(thrown);
          // This circuit is gone, and must not take our cancelling for an answer.
          return new Promise<never>(() => {});
        }
      };
      circuit.fire(once).then((value) => resolve(value as T), reject);
    });
  }

  close(): void {
    this.#circuit.shutdown();
  }

  #use(halfOpen: boolean): void {
    this.#circuit.shutdown();
    this.#probing = false;
    this.#circuit = this.#make(halfOpen);
    this.#changed(this.state);
  }

  #make(halfOpen: boolean): Circuit {
    const { errorPercent, minimumCalls, windowMs, openMs, failures } = this.#settings;
    const options = {
      timeout: false as const,
      resetTimeout: never,
      errorThresholdPercentage: errorPercent,
      volumeThreshold: minimumCalls,
      rollingCountTimeout: windowMs,
      rollingCountBuckets: buckets,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      rotateBucketController: this.#rotation,
      errorFilter: (thrown: unknown) => this.#evidence(thrown) !== 'bad',
      // Not in its types, and documented: the state to begin in.
      ...(halfOpen ? { state: { enabled: true, closed: false, halfOpen: true } } : {}),
    };
    const circuit: Circuit = new CircuitBreaker((work: () => Promise<unknown>) => work(), options);
    const current = () => this.#circuit === circuit;
    circuit.on('success', (said: unknown) => {
      // It calls filtered errors successes too: one that says nothing ends no row.
      if (current() && !(said instanceof Error && this.#evidence(said) === 'none')) this.#row = 0;
    });
    circuit.on('failure', () => {
      if (current() && ++this.#row >= failures) circuit.open();
    });
    circuit.on('open', () => {
      if (!current()) return;
      this.#row = 0;
      this.#probing = false;
      this.#until = this.#clock.monotonic() + openMs;
      this.#changed('open');
    });
    circuit.on('close', () => {
      if (!current()) return;
      this.#probing = false;
      this.#changed('closed');
    });
    return circuit;
  }

  /** Turns the window as far as time has passed since the last call. */
  #turn(): void {
    const width = this.#settings.windowMs / buckets;
    const passed = Math.floor((this.#clock.monotonic() - this.#turned) / width);
    if (passed <= 0) return;
    this.#turned += passed * width;
    for (let i = 0; i < Math.min(passed, buckets); i++) this.#rotation.emit('rotate');
  }
}
