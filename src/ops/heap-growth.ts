import { setFlagsFromString } from 'node:v8';
import type { Clock } from '../clock/clock.ts';

/** What the process is asked; injected so that a test can say. */
export interface HeapProcess {
  /** Processor time so far, in microseconds. */
  cpu(): number;
  setFlag(flag: string): void;
  readonly execArgv: readonly string[];
}

const own: HeapProcess = {
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  setFlag: setFlagsFromString,
  execArgv: process.execArgv,
};

const everyMs = 1_000;
/** Share of one core below which the worker has time to collect garbage. */
const idleShare = 0.5;
/** Busy for so many looks in a row before V8 decides: a short burst, as that which fills the credits, must not leave its garbage behind. */
const busyLooks = 10;
/** Garbage of the old space, in percent of what was alive at its last collection. */
const percent = 30;

/**
 * V8 lets the space of old objects grow to more than twice what is alive before it collects. A record that waits for a stuck sink is an
 * old object when it is done, so garbage would be more than what waits. While the worker has processor time to spare, as with such a
 * sink, its garbage is bounded; while it is busy, V8 decides as always, as collecting that often costs up to as much as the work itself.
 * Whoever passes `--heap-growing-percent` is left alone. Ends with the returned function.
 */
export function boundGarbage(clock: Clock, of: HeapProcess = own): () => void {
  if (of.execArgv.some((flag) => /^--heap[-_]growing[-_]percent/.test(flag))) return () => {};
  let bounded = false;
  let cpu = of.cpu();
  let at = clock.monotonic();
  let busy = 0;
  const bound = (wanted: boolean) => {
    if (wanted !== bounded) of.setFlag(`--heap-growing-percent=${wanted ? percent : 0}`);
    bounded = wanted;
  };
  bound(true);
  let cancel = (): void => {};
  const look = () => {
    const [spent, now] = [of.cpu(), clock.monotonic()];
    busy = (spent - cpu) / 1000 < (now - at) * idleShare ? 0 : busy + 1;
    bound(busy < busyLooks);
    [cpu, at] = [spent, now];
    cancel = clock.after(everyMs, look);
  };
  cancel = clock.after(everyMs, look);
  return () => {
    cancel();
    bound(false);
  };
}
