import type { Clock } from '../../clock/clock.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import {
  type Asker,
  type BucketAsk,
  type Claim,
  type Counted,
  type Keyed,
  type Pace,
  type Reservation,
  type Shared,
  standardWorkerMs,
} from '../port.ts';
import type { BucketStorage } from './storage.ts';

export type { BucketStorage } from './storage.ts';

export interface MemoryKeyedOptions {
  readonly clock: Clock;
  readonly telemetry?: Telemetry;
  /** Keeps buckets and counters over a restart: a quota of a thousand a day must not begin anew with every start. */
  readonly storage?: BucketStorage;
  /** Claims kept; beyond it the oldest are forgotten, which a cache may do. @default 100_000 */
  readonly maxClaims?: number;
}

interface Held {
  readonly coordinate: string;
  readonly confirmed: boolean;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/** Names what processes before this one have come to, together. */
const partBefore = '\0';

/** Milliseconds between two writes of the buckets that changed. */
const saveEveryMs = 500;

/** Port Keyed in one process: the embedded profile, tests, and the local share while Redis is away. */
export async function createMemoryKeyed({ clock, telemetry, storage, maxClaims = 100_000 }: MemoryKeyedOptions): Promise<Keyed> {
  const claims = new Map<string, Held>();
  /** Theoretical arrival time of the next place, monotonic milliseconds (GCRA, as in redis/scripts.ts). */
  const buckets = new Map<string, number>();
  /** Who shares a bucket or counter, and until when they settle, monotonic milliseconds. */
  const shared = new Map<string, { readonly workers: Map<string, number>; settlingUntil: number }>();
  const counters = new Map<string, { readonly parts: Map<string, number>; readonly until: number }>();
  const changed = new Set<string>();
  let cancelSave: (() => void) | undefined;
  let saving: Promise<void> = Promise.resolve();

  const stored = await storage?.load();
  // The wall clock is what both runs share.
  for (const { bucket, until } of stored ?? []) buckets.set(bucket, clock.monotonic() + (until - clock.now()));

  for (const { counter, value, until } of (await storage?.loadCounters()) ?? [])
    counters.set(counter, { parts: new Map([[partBefore, value]]), until: clock.monotonic() + (until - clock.now()) });

  /** At once, not now and then: who counts money goes on when it is known to be kept. */
  const saveCounter = async (counter: string, value: number, until: number): Promise<void> => {
    try {
      await storage?.saveCounter({ counter, value, until: clock.now() + (until - clock.monotonic()) }, clock.now());
    } catch (cause) {
      telemetry?.log('warn', 'keyed.save-failed', { error: cause });
    }
  };
  const save = async (): Promise<void> => {
    cancelSave = undefined;
    const rows = [...changed].map((bucket) => ({ bucket, until: clock.now() + ((buckets.get(bucket) ?? 0) - clock.monotonic()) }));
    changed.clear();
    if (rows.length === 0 || !storage) return;
    try {
      await storage.save(rows);
    } catch (cause) {
      telemetry?.log('warn', 'keyed.save-failed', { error: cause });
    }
  };
  const move = (bucket: string, tat: number): void => {
    buckets.set(bucket, tat);
    if (!storage) return;
    changed.add(bucket);
    cancelSave ??= clock.after(saveEveryMs, () => {
      saving = save();
    });
  };
  const sharing = (what: string, { worker, workerMs = standardWorkerMs, settleMs = 0 }: Asker): Shared => {
    const now = clock.monotonic();
    const found = shared.get(what) ?? { workers: new Map(), settlingUntil: now };
    shared.set(what, found);
    const { workers } = found;
    workers.set(worker, now + workerMs);
    for (const [name, until] of workers) if (until <= now) workers.delete(name);
    if (settleMs > 0 && found.settlingUntil <= now) found.settlingUntil = now + settleMs;
    return { workers: workers.size, settling: found.settlingUntil > now };
  };
  const held = (key: string): Held | undefined => {
    const found = claims.get(key);
    if (!found || found.until > clock.monotonic()) return found;
    claims.delete(key);
    return undefined;
  };
  const keep = (key: string, value: Held): void => {
    claims.delete(key);
    claims.set(key, value);
    if (claims.size > maxClaims) claims.delete(claims.keys().next().value as string);
  };

  return {
    kind: 'memory',
    async claim(key, coordinate, leaseMs): Promise<Claim> {
      const found = held(key);
      if (!found || found.coordinate === coordinate) {
        if (!found?.confirmed) keep(key, { coordinate, confirmed: false, until: clock.monotonic() + leaseMs });
        return { state: 'claimed' };
      }
      return found.confirmed ? { state: 'confirmed' } : { state: 'open', leftMs: found.until - clock.monotonic() };
    },
    async confirm(key, coordinate, ttlMs) {
      const found = held(key);
      if (found?.confirmed && found.coordinate !== coordinate) return false;
      keep(key, { coordinate, confirmed: true, until: clock.monotonic() + ttlMs });
      return true;
    },
    async release(key, coordinate) {
      const found = held(key);
      if (!found || found.confirmed || found.coordinate !== coordinate) return false;
      return claims.delete(key);
    },
    async reserve(bucket, { intervalMs, burst, maxWaitMs, afterMs = 0, ...asker }: BucketAsk): Promise<Reservation> {
      const now = clock.monotonic();
      const booked = buckets.get(bucket) ?? 0;
      const slack = (burst - 1) * intervalMs;
      const who = sharing(`bucket:${bucket}`, asker);
      if (who.settling) {
        const next = Math.max(booked, now + afterMs + slack);
        move(bucket, next);
        return { granted: false, waitMs: 0, aheadMs: next - now, ...who };
      }
      const tat = Math.max(booked, now + afterMs);
      const waitMs = Math.max(0, tat - slack - now);
      const granted = waitMs <= maxWaitMs;
      if (granted) move(bucket, tat + intervalMs);
      return { granted, waitMs, aheadMs: tat - now + (granted ? intervalMs : 0), ...who };
    },
    async pause(bucket, ms, { intervalMs, burst }: Pace) {
      move(bucket, Math.max(buckets.get(bucket) ?? 0, clock.monotonic() + ms + (burst - 1) * intervalMs));
    },
    async count(counter, part, total, ttlMs, asker): Promise<Counted> {
      const now = clock.monotonic();
      let found = counters.get(counter);
      if (!found || found.until <= now) {
        found = { parts: new Map(), until: now + ttlMs };
        counters.set(counter, found);
        if (counters.size > maxClaims) counters.delete(counters.keys().next().value as string);
      }
      const first = !found.parts.has(part);
      found.parts.set(part, total);
      let value = 0;
      for (const each of found.parts.values()) value += each;
      await saveCounter(counter, value, found.until);
      return { value, first, ...sharing(`count:${counter}`, asker) };
    },
    async ping() {},
    async close() {
      cancelSave?.();
      await saving;
      await save();
    },
  };
}
