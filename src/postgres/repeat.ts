import type { Clock, Random } from '../clock/clock.ts';
import { sleep, systemClock, systemRandom } from '../clock/system.ts';
import { StatementError } from './errors.ts';

export interface RepeatOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  /** Milliseconds for all tries. @default 5000 */
  readonly deadlineMs?: number;
  /** Refusals that another try may get around; conflicts, lost and busy connections are always tried again. */
  readonly also?: (failed: StatementError) => boolean;
}

/** Below this many milliseconds another try cannot end in time. */
const least = 250;

/** For work that may be done twice; it is told how many milliseconds are left. Rejects with the error of the public ports. */
export async function repeat<T>(work: (leftMs: number) => Promise<T>, options: RepeatOptions = {}): Promise<T> {
  const { clock = systemClock, random = systemRandom, deadlineMs = 5000, also = () => false } = options;
  const started = clock.monotonic();
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(deadlineMs - (clock.monotonic() - started));
    } catch (thrown) {
      if (!(thrown instanceof StatementError)) throw thrown;
      const { failure, sqlState, closes, problem } = thrown;
      if (failure === 'refused' && !also(thrown)) throw thrown.toError();
      const pause = attempt === 0 ? 0 : Math.min(400, 10 * 2 ** attempt) * (0.5 + random.next() / 2);
      // The time is over: what another try may get around is not refused for good.
      if (clock.monotonic() - started + pause + least > deadlineMs)
        throw new StatementError(failure === 'refused' ? 'conflict' : failure, sqlState, closes, problem).toError();
      if (pause > 0) await sleep(clock, pause);
    }
  }
}

/** For work whose caller decides whether to try again. */
export async function plain<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    throw thrown instanceof StatementError ? thrown.toError() : thrown;
  }
}
