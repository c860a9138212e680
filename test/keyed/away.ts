import { error } from '../../src/errors/index.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import type { Keyed } from '../../src/keyed/port.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';

/** A Redis between workers, as in production: only that time is virtual, and it goes away when told. */
export interface VirtualRedis {
  there: boolean;
  /** Workers that have not noticed yet that it is there. */
  unnoticed: Set<number>;
  /** Another server, which knows nothing. */
  emptied(): Promise<void>;
  /** As worker `n` sees it. */
  seenBy(n: number): Keyed;
}

export async function virtualRedis(clock: VirtualClock): Promise<VirtualRedis> {
  let memory = await createMemoryKeyed({ clock });
  const redis: VirtualRedis = {
    there: true,
    unnoticed: new Set(),
    async emptied() {
      memory = await createMemoryKeyed({ clock });
    },
    seenBy(n) {
      const answering = (): Keyed => {
        if (!redis.there || redis.unnoticed.has(n)) throw error('AORTA_KEYED_001', { problem: 'test' });
        return memory;
      };
      return {
        ...memory,
        kind: 'redis',
        reserve: async (...args) => answering().reserve(...args),
        pause: async (...args) => answering().pause(...args),
        count: async (...args) => answering().count(...args),
      };
    },
  };
  return redis;
}
