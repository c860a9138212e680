import { error } from '../errors/index.ts';

/** When the breaker of a target opens and closes. Timeouts, refused connections, 429 and 5xx count; other 4xx do not. */
export interface BreakerSettings {
  /** Opens after this many failures in a row. With `bulkhead` less one: the most calls that a system which is down ever gets. @default 5 */
  readonly failures: number;
  /** Opens above this share of failures of the window's calls, in percent. @default 50 */
  readonly errorPercent: number;
  /** The share counts from this many calls on. @default 10 */
  readonly minimumCalls: number;
  /** Milliseconds of the window. @default 10_000 */
  readonly windowMs: number;
  /** Milliseconds until one probe is let through. @default 5_000 */
  readonly openMs: number;
}

/** A quota that all workers share (Redis), or one worker has (embedded). */
export interface LimiterSettings {
  /** Calls… */
  readonly requests: number;
  /** …in this many milliseconds, evenly spaced. @default 1_000 */
  readonly perMs: number;
  /** Calls at once after a rest; the most by which any window may exceed the quota, less one. @default 1 */
  readonly burst: number;
  /** Milliseconds that a call may wait for its place; beyond it the patient waits on the held list. @default 5_000 */
  readonly waitMs: number;
}

/** What becomes of patients while the breaker is open: see `defineTarget`. */
export type OnOpen = 'pause' | 'park' | 'fallback';

/** A declared outside system. Plain data. */
export interface Target {
  readonly name: string;
  readonly deadlineMs: number;
  readonly bulkhead: number;
  readonly queue: number;
  readonly breaker: BreakerSettings;
  readonly limiter: LimiterSettings | null;
  readonly onOpen: OnOpen;
}

export interface TargetOptions {
  /** Milliseconds of running time of one attempt; waiting for a place does not count. @default 10_000 */
  readonly deadlineMs?: number;
  /** Calls of one worker under way at once. @default 16 */
  readonly bulkhead?: number;
  /** Calls of one worker that wait for the bulkhead or the limiter; the next one is an Overload. @default 256 */
  readonly queue?: number;
  readonly breaker?: Partial<BreakerSettings>;
  readonly limiter?: Partial<LimiterSettings> & Pick<LimiterSettings, 'requests'>;
  readonly onOpen?: OnOpen;
}

const pattern = /^[a-z][a-z0-9-]{0,62}$/;

export const breakerDefaults: BreakerSettings = { failures: 5, errorPercent: 50, minimumCalls: 10, windowMs: 10_000, openMs: 5_000 };
export const limiterDefaults: Omit<LimiterSettings, 'requests'> = { perMs: 1_000, burst: 1, waitMs: 5_000 };

/**
 * Declares an outside system once, for all flows: its deadline, bulkhead, queue, breaker and quota. `call` and `enrich`
 * name it, and every attempt asks it. The name is a metric label and a key in Redis: lower-case letters, digits, dashes.
 *
 * `onOpen` says what patients do while the breaker is open (none of it uses up their retries):
 * - `pause` (default): they wait where they are; those who come when half the credits are used go to the held list.
 * - `park`: they go to the held list at once, and come back by themselves when the system answers.
 * - `fallback`: the call gives its `fallback` instead.
 *
 * Errors: AORTA_GUARD_005.
 *
 * @example
 * ```ts
 * import { call, defineTarget, flow, topic } from 'aorta';
 * const reports = topic<{ id: string }>('reports', 'bytes');
 * const ehr = defineTarget('ehr', { deadlineMs: 5_000, limiter: { requests: 100 }, onOpen: 'park' });
 * export default flow('push').from(reports).pipe(
 *   call('push', ehr, (report, { signal, idempotencyKey }) =>
 *     fetch('https://ehr.example/reports', {
 *       method: 'POST',
 *       body: JSON.stringify(report),
 *       headers: { 'idempotency-key': idempotencyKey },
 *       signal,
 *     }), { key: 'derived' }),
 * );
 * ```
 */
export function defineTarget(name: string, options: TargetOptions = {}): Target {
  const target: Target = {
    name,
    deadlineMs: options.deadlineMs ?? 10_000,
    bulkhead: options.bulkhead ?? 16,
    queue: options.queue ?? 256,
    breaker: { ...breakerDefaults, ...options.breaker },
    limiter: options.limiter ? { ...limiterDefaults, ...options.limiter } : null,
    onOpen: options.onOpen ?? 'pause',
  };
  return checked(target);
}

/** Refuses what would never let a call through, or let all of them (AORTA_GUARD_005). */
export function checked(target: Target): Target {
  const refuse = (problem: string) => error('AORTA_GUARD_005', { target: String(target.name).slice(0, 63), problem });
  if (!pattern.test(target.name)) throw refuse('a name is lower-case letters, digits and dashes, a letter first, at most 63');
  const { breaker, limiter } = target;
  const positive: Record<string, number> = {
    deadlineMs: target.deadlineMs,
    'breaker.windowMs': breaker.windowMs,
    'breaker.openMs': breaker.openMs,
    ...(limiter ? { 'limiter.requests': limiter.requests, 'limiter.perMs': limiter.perMs, 'limiter.waitMs': limiter.waitMs } : {}),
  };
  for (const [key, value] of Object.entries(positive))
    if (!(value > 0 && value <= 2 ** 31 - 1)) throw refuse(`${key} is a positive number`);
  const whole: Record<string, readonly [number, number]> = {
    bulkhead: [target.bulkhead, 1],
    queue: [target.queue, 0],
    'breaker.failures': [breaker.failures, 1],
    'breaker.minimumCalls': [breaker.minimumCalls, 1],
    ...(limiter ? { 'limiter.burst': [limiter.burst, 1] as const } : {}),
  };
  for (const [key, [value, least]] of Object.entries(whole))
    if (!(Number.isSafeInteger(value) && value >= least)) throw refuse(`${key} is a whole number from ${least} up`);
  if (!(breaker.errorPercent > 0 && breaker.errorPercent <= 100)) throw refuse('breaker.errorPercent is above 0 and at most 100');
  Object.freeze(breaker);
  if (limiter) Object.freeze(limiter);
  return Object.freeze(target);
}
