import { type BucketAsk, type Claim, type Keyed, type Pace, type Reservation, workerMs } from '../port.ts';
import { RedisClient, type RedisOptions } from './client.ts';
import * as scripts from './scripts.ts';

export type { RedisOptions } from './client.ts';

const micros = (ms: number): string => String(Math.round(ms * 1000));
const whole = (ms: number): number => Math.max(1, Math.ceil(ms));
/** The keys of a bucket stand on one node of a cluster. */
const bucketKeys = (bucket: string): string[] => [`aorta:bucket:{${bucket}}`, `aorta:workers:{${bucket}}`, `aorta:settling:{${bucket}}`];
const claimKey = (key: string): string[] => [`aorta:claim:${key}`];

/**
 * Port Keyed on Redis 6 or newer. Every call is one script and one round trip. Nothing is kept for ever: each key has a
 * time to live. Connecting goes on in the background; until it stands, calls reject at once (AORTA_KEYED_001).
 */
export async function createRedisKeyed(options: RedisOptions): Promise<Keyed> {
  const client = await RedisClient.open(options);
  const claim = client.script(scripts.claim, 1);
  const confirm = client.script(scripts.confirm, 1);
  const release = client.script(scripts.release, 1);
  const reserve = client.script(scripts.reserve, 3);
  const pause = client.script(scripts.pause, 1);
  const count = client.script(scripts.count, 1);

  return {
    kind: 'redis',
    async claim(key, coordinate, leaseMs): Promise<Claim> {
      const [state, leftMs] = (await claim(claimKey(key), [coordinate, whole(leaseMs)])) as ['claimed' | 'open' | 'confirmed', number];
      return state === 'open' ? { state, leftMs: Number(leftMs) } : { state };
    },
    confirm: async (key, coordinate, ttlMs) => (await confirm(claimKey(key), [coordinate, whole(ttlMs)])) === 1,
    release: async (key, coordinate) => (await release(claimKey(key), [coordinate])) === 1,
    async reserve(bucket: string, { intervalMs, burst, maxWaitMs, worker, afterMs = 0, settleMs = 0 }: BucketAsk): Promise<Reservation> {
      const [granted, wait, workers, settling] = (await reserve(bucketKeys(bucket), [
        micros(intervalMs),
        burst,
        micros(maxWaitMs),
        worker,
        micros(afterMs),
        workerMs,
        Math.ceil(settleMs),
      ])) as [number, string, number, number];
      return { granted: granted === 1, waitMs: Number(wait) / 1000, workers, settling: settling === 1 };
    },
    async pause(bucket: string, ms: number, { intervalMs, burst }: Pace): Promise<void> {
      await pause(bucketKeys(bucket).slice(0, 1), [micros(ms), micros((burst - 1) * intervalMs)]);
    },
    count: async (counter, by, ttlMs) => Number(await count([`aorta:count:${counter}`], [by, whole(ttlMs)])),
    ping: () => client.ping(),
    close: () => client.close(),
  };
}
