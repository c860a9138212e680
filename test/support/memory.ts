import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * By how many bytes the resident memory of this process has grown since it was `before`, when what nobody holds has been
 * given back: garbage waits for as long as the machine has memory to spare, and the system takes pages back in its own time.
 * Looks again, for a few seconds at most, while it is `most` or more.
 */
export async function grownSince(before: number, most: number): Promise<number> {
  const grown = () => {
    collect();
    return process.memoryUsage.rss() - before;
  };
  let least = grown();
  for (let tries = 0; least >= most && tries < 30; tries++) {
    await sleep(200);
    least = Math.min(least, grown());
  }
  return least;
}
