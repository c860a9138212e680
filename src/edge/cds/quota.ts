import type { Clock } from '../../clock/clock.ts';
import { error } from '../../errors/index.ts';

export interface Quota {
  /** Requests a second on average. */
  readonly perSecond: number;
  /** Requests at once after a pause. */
  readonly burst: number;
  /** Requests that are not answered yet. */
  readonly inFlight: number;
}
export const standardQuota: Quota = { perSecond: 250, burst: 500, inFlight: 1_000 };

interface Bucket {
  tokens: number;
  at: number;
  under: number;
}

/**
 * A token bucket for each client, in this process: whoever sends too much is told when to come again, and the others do
 * not notice. Clients are configured ones, so that there is a bound to their number.
 */
export function createQuotas({ perSecond, burst, inFlight }: Quota, clock: Clock) {
  const buckets = new Map<string, Bucket>();
  return {
    /** Takes a place; the result gives it back when the request is answered. @throws AORTA_CDS_004 */
    enter(client: string): () => void {
      const now = clock.monotonic();
      const bucket = buckets.get(client) ?? { tokens: burst, at: now, under: 0 };
      buckets.set(client, bucket);
      bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
      bucket.at = now;
      if (bucket.under >= inFlight) throw error('AORTA_CDS_004', {}, { retryAfterMs: 1_000 });
      if (bucket.tokens < 1) throw error('AORTA_CDS_004', {}, { retryAfterMs: ((1 - bucket.tokens) / perSecond) * 1000 });
      bucket.tokens -= 1;
      bucket.under += 1;
      let left = false;
      return () => {
        if (!left) bucket.under -= 1;
        left = true;
      };
    },
  };
}
