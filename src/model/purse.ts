import type { Clock } from '../clock/clock.ts';
import { error } from '../errors/index.ts';
import type { Keyed } from '../keyed/port.ts';
import { assumedWorkers as standardWorkers } from '../keyed/share.ts';
import type { Telemetry } from '../telemetry/port.ts';

export interface PurseOptions {
  /** Names the counter that workers share. */
  readonly name: string;
  /** For a day (UTC), in whole units. */
  readonly cap: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly keyed: Keyed | undefined;
  /** Workers to reckon with while Redis is away. @default 3 */
  readonly assumedWorkers?: number;
}

export interface Purse {
  /** Sets aside what a call may cost; the result takes what it did cost instead. @throws AORTA_MODEL_005 */
  take(most: number): Promise<(used: number) => Promise<void>>;
}

const day = 86_400_000;

/**
 * What may be spent in a day, counted for all workers in Redis. While that is away a worker spends its share of the cap
 * and no more (aorta_model_local_spending_total), and tells Redis when it is back. A counter that was lost there begins
 * again at what the asking worker knows that it spent itself.
 */
export function dailyPurse({ name, cap, clock, telemetry, keyed, assumedWorkers = standardWorkers }: PurseOptions): Purse {
  const local = telemetry.counter('aorta_model_local_spending_total', 'Calls of models that the share of this worker paid: Redis was away');
  const shared = keyed?.kind === 'redis' ? keyed : undefined;
  const share = shared ? Math.floor(cap / assumedWorkers) : cap;
  let today = -1;
  /** Of this worker, today. */
  let spent = 0;
  /** Part of it that Redis has not heard of. */
  let owed = 0;
  /** Part of it that Redis has acknowledged. */
  let told = 0;

  /** The sum of all workers after `by`, or undefined: Redis is away. */
  const count = async (of: number, by: number): Promise<number | undefined> => {
    if (!shared) return undefined;
    const counter = `model-cost:${name}:${of}`;
    const late = owed;
    owed = 0;
    try {
      const sum = await shared.count(counter, by + late, 2 * day);
      if (of !== today) return sum;
      told += by + late;
      return sum >= told ? sum : await shared.count(counter, told - sum, 2 * day);
    } catch {
      if (of === today) owed += late;
      return undefined;
    }
  };

  return {
    async take(most) {
      const now = clock.now();
      const of = Math.floor(now / day);
      if (of !== today) [today, spent, owed, told] = [of, 0, 0, 0];
      const over = () => error('AORTA_MODEL_005', {}, { retryAfterMs: (of + 1) * day - now });
      const sum = await count(of, most);
      if (sum === undefined) {
        // Nothing is waited for between the question and the answer: calls at the same time see it.
        if (spent + most > share) throw over();
        owed += most;
        if (shared) local.inc();
      } else if (sum > cap) {
        if ((await count(of, -most)) === undefined) owed -= most;
        throw over();
      }
      spent += most;
      return async (used) => {
        if (of !== today) return;
        spent += used - most;
        if ((await count(of, used - most)) === undefined) owed += used - most;
      };
    },
  };
}
