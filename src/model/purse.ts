import type { Clock } from '../clock/clock.ts';
import { error } from '../errors/index.ts';
import type { Counted, Keyed } from '../keyed/port.ts';
import { Share } from '../keyed/share.ts';
import type { Telemetry } from '../telemetry/port.ts';

export interface PurseOptions {
  /** Names the counter that workers share. */
  readonly name: string;
  /** For a day (UTC), in whole units. */
  readonly cap: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Where workers count together, and the name of this one there; without a Redis the cap is this process's. */
  readonly shared: { readonly keyed: Keyed; readonly worker: string } | undefined;
  /** Workers to reckon with while Redis has never answered. @default 3 */
  readonly assumedWorkers?: number;
}

export interface Purse {
  /** Sets aside what a call may cost; the result takes what it did cost instead. @throws AORTA_MODEL_005 */
  take(most: number): Promise<(used: number) => Promise<void>>;
}

const day = 86_400_000;
/** Workers that called no model for longer are not reckoned with. */
const workerMs = 3_600_000;

/**
 * What may be spent in a day, counted for all workers in Redis. While that is away a worker spends its share of what was
 * left when it last answered (aorta_model_local_spending_total), and tells it with the next call when it is back. A
 * counter that was lost there begins again at what the asking worker knows that it spent itself.
 */
export function dailyPurse({ name, cap, clock, telemetry, shared, assumedWorkers }: PurseOptions): Purse {
  const local = telemetry.counter('aorta_model_local_spending_total', 'Calls of models that the share of this worker paid: Redis was away');
  const redis = shared?.keyed.kind === 'redis' ? shared : undefined;
  const share = new Share(redis?.keyed, assumedWorkers);
  let today = -1;
  /** Of this worker, today. */
  let spent = 0;
  /** Part of it that Redis has not heard of. */
  let owed = 0;
  /** Part of it that Redis has acknowledged. */
  let told = 0;
  /** Of all workers, when Redis last answered. */
  let sum = 0;
  /** `spent` ends here while Redis is away. */
  let limit = cap;
  const limited = () => {
    limit = spent - owed + Math.floor((cap - sum) / share.workers);
  };

  /** Redis hears of `by`, and of all that it has not heard of. */
  const tell = async (of: number, by: number, settleMs = 0): Promise<Counted> => {
    if (!redis) throw new Error('there is nobody to tell');
    const asker = { worker: redis.worker, workerMs, settleMs };
    const add = (more: number) => redis.keyed.count(`model-cost:${name}:${of}`, more, 2 * day, asker);
    const late = owed;
    owed = 0;
    let answer: Counted;
    try {
      answer = await add(by + late);
    } catch (thrown) {
      if (of === today) owed += late;
      throw thrown;
    }
    if (of !== today) return answer;
    told += by + late;
    if (answer.value < told) answer = await add(told - answer.value).catch(() => answer);
    sum = answer.value;
    return answer;
  };

  return {
    async take(most) {
      const now = clock.now();
      const of = Math.floor(now / day);
      if (of !== today) {
        [today, spent, owed, told, sum] = [of, 0, 0, 0, 0];
        limited();
      }
      let heard = false;
      const all = async (settleMs: number) => {
        const answer = await tell(of, most, settleMs);
        heard = true;
        const granted = answer.value <= cap;
        if (granted && !answer.settling && of === today) spent += most;
        return { ...answer, granted };
      };
      // Nothing is waited for between the question and the answer: calls at the same time see it.
      const own = () => {
        if (!share.local) limited();
        const granted = spent + most <= limit;
        if (granted) {
          spent += most;
          if (!heard) owed += most;
          if (redis) local.inc();
        }
        return { granted };
      };
      const { granted } = await share.ask(all, own);
      const later = async (by: number) => {
        await tell(of, by).catch(() => {
          if (of === today) owed += by;
        });
      };
      if (!granted) {
        if (heard) await later(-most);
        throw error('AORTA_MODEL_005', {}, { retryAfterMs: (of + 1) * day - now });
      }
      return async (used) => {
        if (of !== today) return;
        spent += used - most;
        await later(used - most);
      };
    },
  };
}
