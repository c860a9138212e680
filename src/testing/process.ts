import type { Clock } from '../clock/clock.ts';

/** A process that can be killed: nothing that it set going reaches it afterwards. */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  dead = false;
  /** SIGSTOP: what became due meanwhile runs on SIGCONT. */
  paused: (() => void)[] | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  now(): number {
    return this.#clock.now();
  }
  monotonic(): number {
    return this.#clock.monotonic();
  }
  after(ms: number, fn: () => void): () => void {
    let cancelled = false;
    const cancel = this.#clock.after(ms, () => {
      if (cancelled || this.dead) return;
      if (this.paused) this.paused.push(() => !cancelled && !this.dead && fn());
      else fn();
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }
  soon(fn: () => void): void {
    this.after(0, fn);
  }
}

/** A dead process asks nothing more and gets no answers; a stopped one gets them when it goes on. */
export function guarded<P extends object>(port: P, clock: ProcessClock, instead: Partial<P> = {}): P {
  return new Proxy(port, {
    get(target, name) {
      const own = Reflect.get(instead, name);
      if (own !== undefined) return own;
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        // What is left of its synchronous code may still come here.
        if (clock.dead) return new Promise(() => {});
        const result = (value as (...args: unknown[]) => unknown).apply(target, args);
        if (!(result instanceof Promise)) return result;
        return new Promise((resolve, reject) => {
          const pass = (then: () => void) => () => {
            if (clock.dead) return;
            if (clock.paused) clock.paused.push(then);
            else then();
          };
          result.then(
            (v) => pass(() => resolve(v))(),
            (e) => pass(() => reject(e))(),
          );
        });
      };
    },
  });
}
