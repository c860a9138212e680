import type { Clock } from '../../clock/clock.ts';
import { error } from '../../errors/index.ts';
import { createMemoryKeyed } from '../../keyed/memory/index.ts';
import type { Keyed } from '../../keyed/port.ts';
import { assumedWorkers as standardWorkers } from '../../keyed/share.ts';
import { SharedBucket } from '../../keyed/shared-bucket.ts';
import type { Telemetry } from '../../telemetry/port.ts';

export interface Quota {
  /** Requests a second on average, over all workers that share a Redis. */
  readonly perSecond: number;
  /** Requests at once after a pause. */
  readonly burst: number;
  /** Requests that one worker has not answered yet. */
  readonly inFlight: number;
}
export const standardQuota: Quota = { perSecond: 250, burst: 500, inFlight: 1_000 };

export interface QuotaOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly keyed: Keyed;
  /** Name of this worker among those that share `keyed`. */
  readonly worker: string;
  /** Workers to reckon with while Redis has never answered. @default 3 */
  readonly assumedWorkers?: number;
}

export interface Place {
  /** Resolves when the quota of all workers has room. @throws AORTA_CDS_004 */
  readonly granted: Promise<void>;
  /** Gives the place back when the request is answered, or its client left. */
  leave(): void;
}

export interface Quotas {
  /** Takes a place of this worker at once. @throws AORTA_CDS_004 when it has too many */
  enter(client: string): Place;
}

/**
 * A token bucket for each client, shared by all workers: whoever sends too much is told when to come again, and the
 * others do not notice. While Redis is away a worker has its share (aorta_quota_local_total). Clients are configured ones, so that there is a bound to their number.
 */
export async function createQuotas(quota: Quota, options: QuotaOptions): Promise<Quotas> {
  const { perSecond, burst, inFlight } = quota;
  const { clock, telemetry, keyed, worker, assumedWorkers = standardWorkers } = options;
  const own = keyed.kind === 'memory' ? keyed : await createMemoryKeyed({ clock });
  const under = new Map<string, number>();
  const buckets = new Map<string, SharedBucket>();
  const pace = { intervalMs: 1000 / perSecond, burst };
  const local = telemetry.counter(
    'aorta_quota_local_total',
    'Requests that were judged by the share of this worker: Redis was away, or back a moment ago',
  );

  const reserve = async (client: string): Promise<void> => {
    const name = `inbound:${client}`;
    const bucket = buckets.get(name) ?? new SharedBucket({ name, pace, clock, shared: keyed, own, worker, assumedWorkers });
    buckets.set(name, bucket);
    const { granted, waitMs } = await bucket.reserve(0);
    if (bucket.local) local.inc();
    if (!granted) throw error('AORTA_CDS_004', {}, { retryAfterMs: waitMs });
  };

  return {
    enter(client) {
      const now = under.get(client) ?? 0;
      if (now >= inFlight) throw error('AORTA_CDS_004', {}, { retryAfterMs: 1_000 });
      under.set(client, now + 1);
      let left = false;
      return {
        granted: reserve(client),
        leave() {
          if (!left) under.set(client, (under.get(client) ?? 1) - 1);
          left = true;
        },
      };
    },
  };
}
