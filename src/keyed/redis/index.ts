import {
  type Asker,
  type BucketAsk,
  type Claim,
  type Counted,
  type Keyed,
  type Pace,
  type Reservation,
  standardWorkerMs,
} from '../port.ts';
import { RedisClient, type RedisOptions } from './client.ts';
import * as scripts from './scripts.ts';

export type { RedisOptions } from './client.ts';

const micros = (ms: number): string => String(Math.round(ms * 1000));
const whole = (ms: number): number => Math.max(1, Math.ceil(ms));
/** What is shared and who shares it stand on one node of a cluster. */
const sharedKeys = (what: 'bucket' | 'count', name: string): string[] =>
  [what, `${what}-workers`, `${what}-settling`].map((part) => `aorta:${part}:{${name}}`);
const sharing = ({ worker, workerMs = standardWorkerMs, settleMs = 0 }: Asker) => [worker, whole(workerMs), Math.ceil(settleMs)];
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
  const count = client.script(scripts.count, 3);

  return {
    kind: 'redis',
    async claim(key, coordinate, leaseMs): Promise<Claim> {
      const [state, leftMs] = (await claim(claimKey(key), [coordinate, whole(leaseMs)])) as ['claimed' | 'open' | 'confirmed', number];
      return state === 'open' ? { state, leftMs: Number(leftMs) } : { state };
    },
    confirm: async (key, coordinate, ttlMs) => (await confirm(claimKey(key), [coordinate, whole(ttlMs)])) === 1,
    release: async (key, coordinate) => (await release(claimKey(key), [coordinate])) === 1,
    async reserve(bucket: string, { intervalMs, burst, maxWaitMs, afterMs = 0, ...asker }: BucketAsk): Promise<Reservation> {
      const [granted, wait, workers, settling, ahead] = (await reserve(sharedKeys('bucket', bucket), [
        ...sharing(asker),
        micros(intervalMs),
        burst,
        micros(maxWaitMs),
        micros(afterMs),
      ])) as [number, string, number, number, string];
      return {
        ...{ granted: granted === 1, waitMs: Number(wait) / 1000, aheadMs: Number(ahead) / 1000 },
        ...{ workers, settling: settling === 1 },
      };
    },
    async pause(bucket: string, ms: number, { intervalMs, burst }: Pace): Promise<void> {
      await pause(sharedKeys('bucket', bucket).slice(0, 1), [micros(ms), micros((burst - 1) * intervalMs)]);
    },
    async count(counter, by, ttlMs, asker): Promise<Counted> {
      const args = [...sharing(asker), by, whole(ttlMs)];
      const [value, workers, settling] = (await count(sharedKeys('count', counter), args)) as [number, number, number];
      return { value, workers, settling: settling === 1 };
    },
    ping: () => client.ping(),
    close: () => client.close(),
  };
}
