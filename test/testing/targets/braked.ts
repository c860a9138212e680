import type { Clock } from '../../../src/clock/clock.ts';
import { AortaError } from '../../../src/errors/index.ts';
import { flow, map, to } from '../../../src/index.ts';
import { type Event, events, out } from '../flows.ts';
import { target } from './target.ts';

/**
 * A tolerant flow that is at fault for a while: most of what it runs then becomes a dead letter, until the brake stops it.
 * Operators release the brake, too early also, and redrive the letters.
 */
export default target(
  'braked',
  ({ clock, random }: { clock: Clock; random: { int(n: number): number } }) => {
    const from = random.int(1200);
    const until = from + 300 + random.int(3000);
    let begin: number | undefined;
    const atFault = () => {
      begin ??= clock.monotonic();
      const at = clock.monotonic() - begin;
      return at >= from && at < until;
    };
    return flow('braked', { order: 'tolerant' })
      .from(events)
      .pipe(
        map('faulty', (e: Event) => {
          if (e.fails > 0 && atFault()) throw new AortaError('AORTA_TEST', 'Permanent', 'planned');
          return e;
        }),
        to(out),
      );
  },
  {
    event: (_key: string, n: number, random: { chance(p: number): boolean }): Event => ({
      n,
      fails: random.chance(0.7) ? 1 : 0,
      kind: 'permanent',
    }),
    events: 90,
    steps: 9,
    turnMs: 40,
    without: ['recreate'],
    engine: { redriveEveryMs: 60, brake: { run: 4, ratio: 0.5, least: 12, windowMs: 60_000 } },
  },
);
