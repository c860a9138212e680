import type { Clock, Random } from '../clock/clock.ts';
import type { Guards } from '../guard/port.ts';
import type { Keyed } from '../keyed/port.ts';
import type { Log } from '../log/port.ts';
import type { State } from '../state/port.ts';
import type { Telemetry } from '../telemetry/port.ts';
import type { BrakeOptions } from './brake.ts';
import type { Outside } from './outside.ts';

export interface EngineOptions {
  /** Turns of one worker that may be under way at once. @default 2048 */
  readonly maxRunning: number;
  /** Unsettled records of one partition before it is paused. @default 10_000 */
  readonly maxRecords: number;
  /**
   * Unsettled records of a flow with state or effects and without asynchronous steps, shared by its partitions, of which each
   * has at least 256: some groups of `group.maxTurns`. More of them would outlive the young generation. Without state and effects
   * it bounds a flow of more partitions than its `maxBytes` has shares for, all together. @default 4096
   */
  readonly maxSynchronous: number;
  /**
   * Patients of a flow without state, effects and asynchronous steps that may be ready at once before its partitions are fed no further; half of them
   * are a millisecond of work. More would outlive the young generation before their turn. @default 256, less in a worker of more than two flows (`shareOf`)
   */
  readonly maxReady: number;
  /**
   * Bytes of memory for unsettled records of a flow, shared by its partitions, of which each has at least 1 MiB; a record
   * counts 1 KiB more than its key and value. @default 24 MiB, less in a worker of more than four flows (`shareOf`)
   */
  readonly maxBytes: number;
  /**
   * The same for a flow without state, effects and asynchronous steps, where it is less than `maxBytes`; each partition has at least
   * 192 KiB. @default 24 MiB, less in a worker of several flows (`shareOf`)
   */
  readonly maxSynchronousBytes: number;
  /** Largest emission. @default 1 MiB less 10 % */
  readonly maxRecordBytes: number;
  /** A wait longer than this moves the patient to the held list. @default 30_000 */
  readonly maxWaitMs: number;
  /** Turns and bytes of one transaction. */
  readonly group: { readonly maxTurns: number; readonly maxBytes: number };
  /** Milliseconds between commits of offsets to the log. @default 500 */
  readonly commitEveryMs: number;
  /** Milliseconds that a revoke waits for running turns. @default 8000 */
  readonly drainMs: number;
  /** Bytes of small states of idle patients of a flow and of their index, shared by its partitions. @default 48 MiB, less in a worker of more than two (`shareOf`) */
  readonly maxIdleBytes: number;
  /** Newest settlements of a flow that are kept for `aorta trace`, 150 bytes each. @default 10,000, less in a worker of more than four flows (`shareOf`) */
  readonly maxTrail: number;
  /** Idle patients of a partition with a large state that is kept. @default 2000 */
  readonly maxIdle: number;
  /** Rows on the held list of a partition before it is paused. @default 100_000 */
  readonly maxHeld: number;
  /** Timers due within this are kept in memory. @default 60_000 */
  readonly timerWindowMs: number;
  /** Records treated as suspects after an unclean end. @default 256 */
  readonly suspects: number;
  /** Milliseconds between looks for redrive requests. @default 1000 */
  readonly redriveEveryMs: number;
  /** Milliseconds of synchronous work before the event loop gets its turn: acknowledgements wait behind it. @default 2 */
  readonly sliceMs: number;
  /** Milliseconds without a heartbeat after which the group gives a worker's partitions to others. @default 30_000 */
  readonly sessionTimeoutMs: number;
  /** When dead letters of a tolerant flow stop it. */
  readonly brake: BrakeOptions;
}

export const defaultOptions: EngineOptions = {
  maxRunning: 2048,
  maxRecords: 10_000,
  maxSynchronous: 4096,
  maxReady: 256,
  maxBytes: 24 * 1024 * 1024,
  maxSynchronousBytes: 24 * 1024 * 1024,
  maxRecordBytes: 943_718,
  maxWaitMs: 30_000,
  group: { maxTurns: 1000, maxBytes: 8 * 1024 * 1024 },
  commitEveryMs: 500,
  drainMs: 8000,
  maxIdleBytes: 48 * 1024 * 1024,
  maxTrail: 10_000,
  maxIdle: 2000,
  maxHeld: 100_000,
  timerWindowMs: 60_000,
  suspects: 256,
  redriveEveryMs: 1000,
  sliceMs: 2,
  sessionTimeoutMs: 30_000,
  brake: { run: 25, ratio: 0.5, least: 100, windowMs: 300_000 },
};

/** Of `maxSynchronousBytes`, what a partition has in any case, and so a flow. */
export const leastPassingBytes = 192 * 1024;

type Shared = Pick<EngineOptions, 'maxBytes' | 'maxSynchronousBytes' | 'maxReady' | 'maxIdleBytes' | 'maxTrail'>;

/** Of all flows of a worker: what they hold does not grow with their number. */
const worker: Shared = {
  maxBytes: 96 * 1024 * 1024,
  maxSynchronousBytes: 24 * 1024 * 1024,
  maxReady: 512,
  maxIdleBytes: 96 * 1024 * 1024,
  maxTrail: 40_000,
};

/** What a flow has in any case: a few deliveries, one delivery, and the events of the last moments. */
const least: Partial<Shared> = { maxSynchronousBytes: leastPassingBytes, maxReady: 64, maxTrail: 500 };

/**
 * What each flow may hold where a worker has so many. Its own, whatever the others do: with one pool for all, a flow that cannot go on
 * (a topic that takes nothing, a registry that does not answer) or that computes for long held up those beside it.
 */
export function shareOf(flows: number): Shared {
  const share = (name: keyof Shared) =>
    Math.max(least[name] ?? 0, Math.min(defaultOptions[name], Math.floor(worker[name] / Math.max(1, flows))));
  return {
    ...{ maxBytes: share('maxBytes'), maxSynchronousBytes: share('maxSynchronousBytes'), maxReady: share('maxReady') },
    ...{ maxIdleBytes: share('maxIdleBytes'), maxTrail: share('maxTrail') },
  };
}

export interface EnginePorts {
  readonly log: Log;
  readonly state: State;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Needed by flows with calls (or look-ups of a target). */
  readonly guards?: Guards;
  /** Needed by flows with `dedupe`. */
  readonly keyed?: Keyed;
  /** Says when turns may run; one for all flows of a worker. Without it they run as soon as they can. */
  readonly pace?: Pick<Clock, 'soon'>;
}

/** What a flow's turns do outside, besides the ports: made for each flow. */
export interface FlowPorts extends EnginePorts {
  readonly outside?: Outside;
}
