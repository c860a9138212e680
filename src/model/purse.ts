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
  /** Where workers count together, and the name of this one there; without a Redis the cap is this worker's, over its restarts where its store is kept. */
  readonly shared: { readonly keyed: Keyed; readonly worker: string } | undefined;
  /** Workers to reckon with while Redis has never answered. @default 3 */
  readonly assumedWorkers?: number;
}

export interface Purse {
  /** Sets aside what a call may cost; the result takes what it did cost instead. @throws AORTA_MODEL_005 */
  take(most: number): Promise<(used: number) => Promise<void>>;
}

const day = 86_400_000;
let purses = 0;
const noted = () => {};

/**
 * What may be spent in a day, counted for all workers in Redis: each tells what it has come to itself, so that a command
 * that is sent again, or comes late, counts once. While Redis is away a worker spends its share of what was left when it
 * last answered (aorta_model_local_spending_total), and tells it with the next call when it is back. Of what was lost
 * there each tells its own part again; until the others have, it reckons with what it knew of theirs. Without Redis it is
 * kept in the process's own store, where there is one (the embedded profile).
 */
export function dailyPurse({ name, cap, clock, telemetry, shared, assumedWorkers }: PurseOptions): Purse {
  const local = telemetry.counter('aorta_model_local_spending_total', 'Calls of models that the share of this worker paid: Redis was away');
  const redis = shared?.keyed.kind === 'redis' ? shared : undefined;
  const share = new Share(redis?.keyed, assumedWorkers);
  // A worker keeps its name over a restart, and has not spent what the process before it spent.
  const part = `${shared?.worker}:${clock.now().toString(36)}:${purses++}`;
  let today = -1;
  /** Of this worker, today. */
  let spent = 0;
  /** What calls may cost that wait for an answer of Redis. */
  let asked = 0;
  /** Of this worker, when Redis last answered. */
  let told = 0;
  /** Of all others, when Redis last answered. */
  let others = 0;
  /** Less than this the others have not spent, whatever Redis says. */
  let known = 0;
  /** Redis may have forgotten something. */
  let unsure = false;
  /** What was spent today before this process is known, as far as it can be. */
  let begun: Promise<void> | undefined;
  /** `spent` ends here while Redis is away. */
  let limit = cap;
  const limited = () => {
    limit = told + Math.floor((cap - told - others) / share.workers);
  };

  /** Redis hears what this worker has come to; says what all have. */
  const tell = async (of: number, settleMs = 0): Promise<Counted> => {
    if (!shared) throw new Error('there is nobody to tell');
    const total = spent + asked;
    let answer: Counted;
    try {
      answer = await shared.keyed.count(`model-cost:${name}:${of}`, part, total, 2 * day, { worker: shared.worker, settleMs });
    } catch (thrown) {
      unsure = true;
      throw thrown;
    }
    if (of !== today) return answer;
    if (answer.first || unsure) known = others;
    unsure = false;
    told = total;
    others = Math.max(known, answer.value - total);
    return { ...answer, value: told + others };
  };

  return {
    async take(most) {
      const now = clock.now();
      const of = Math.floor(now / day);
      if (of !== today) {
        [today, spent, asked, told, others, known] = [of, 0, 0, 0, 0, 0];
        // Alone it has to be told what the processes before this one spent today.
        begun = redis ? undefined : tell(of).then(noted, noted);
        limited();
      }
      await begun;
      let heard = false;
      const all = async (settleMs: number) => {
        asked += most;
        try {
          const answer = await tell(of, settleMs);
          heard = true;
          const granted = answer.value <= cap;
          if (granted && !answer.settling && of === today) spent += most;
          return { ...answer, granted };
        } finally {
          if (of === today) asked -= most;
        }
      };
      // Nothing is waited for between the question and the answer: calls at the same time see it.
      const own = () => {
        if (!share.local) limited();
        const granted = spent + most <= limit;
        if (granted) {
          spent += most;
          if (redis) local.inc();
        }
        return { granted };
      };
      const { granted } = await share.ask(all, own);
      if (granted && !redis) await tell(of).catch(noted);
      if (!granted) {
        if (heard) await tell(of).catch(() => {});
        throw error('AORTA_MODEL_005', {}, { retryAfterMs: (of + 1) * day - now });
      }
      return async (used) => {
        if (of !== today) return;
        spent += used - most;
        await tell(of).catch(() => {});
      };
    },
  };
}
