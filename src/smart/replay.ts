import { error } from '../errors/index.ts';
import type { Clock } from './ports.ts';

/** Which one-time names were seen. */
export interface Replay {
  /** True for the first one who brings it. Remembered until `until` (milliseconds since 1970). @throws AORTA_CDS_006 */
  claim(name: string, until: number): boolean | Promise<boolean>;
}

/** Names looked at beside each claim. All 200,000 at once take milliseconds, and every caller waits for them. */
const step = 16;

/**
 * In this process's memory, bounded: when it is full of names that are still good, no more are taken. Forgetting one
 * instead would let its token be used again.
 */
export function memoryReplay({ clock, most = 200_000 }: { readonly clock: Clock; readonly most?: number }): Replay & {
  /** What it has in its memory, the oldest first, and until when: also names that came to their end a moment ago. */
  names(): IterableIterator<readonly [string, number]>;
} {
  const seen = new Map<string, number>();
  let rest = seen.entries();
  let sweepAt = 0;
  const sweepSome = (now: number) => {
    for (let n = 0; n < step; n++) {
      const { done, value } = rest.next();
      if (done) {
        rest = seen.entries();
        return;
      }
      if (value[1] <= now) seen.delete(value[0]);
    }
  };
  const sweep = (now: number) => {
    for (const [name, until] of seen) if (until <= now) seen.delete(name);
    sweepAt = now + 10_000;
  };
  return {
    claim(name, until) {
      const now = clock.now();
      sweepSome(now);
      const before = seen.get(name);
      if (before !== undefined && before > now) return false;
      if (seen.size >= most && now >= sweepAt) sweep(now);
      if (seen.size >= most) throw error('AORTA_CDS_006');
      seen.set(name, until);
      return true;
    },
    names: () => seen.entries(),
  };
}
