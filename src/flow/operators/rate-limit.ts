import { error } from '../../errors/index.ts';
import type { LimiterSettings, Target } from '../../guard/target.ts';
import { extend } from '../flow.ts';
import { guardSpec } from '../guard-spec.ts';
import type { Operator } from '../operator.ts';
import { callerPosition } from '../position.ts';

export const rateLimitSpec = guardSpec('rateLimit');

/**
 * Sets the quota of a target for this flow's calls: it is the target that is limited, wherever in the flow this stands,
 * and every attempt asks it. The value passes on untouched, the acknowledgement too. The quota holds over all workers
 * (Redis); while Redis is away each worker has its share. A flow that says otherwise than another one that runs beside
 * it does not start (AORTA_GUARD_004): what all flows share belongs into `defineTarget`.
 *
 * @example
 * ```ts
 * import { call, defineTarget, flow, rateLimit, topic } from 'aorta';
 * const letters = topic<{ text: string }>('letters', 'bytes');
 * const fax = defineTarget('fax');
 * export default flow('letters').from(letters).pipe(
 *   rateLimit(fax, { requests: 10, perMs: 60_000 }),
 *   call('send', fax, (letter, { signal }) => fetch('https://fax.example', { method: 'POST', body: letter.text, signal }), {
 *     duplicates: 'acceptable',
 *   }),
 * );
 * ```
 */
export function rateLimit<A>(target: Target, limits: Partial<LimiterSettings> & Pick<LimiterSettings, 'requests'>): Operator<A, A> {
  const position = callerPosition();
  const limiter: LimiterSettings = { ...(target.limiter ?? { perMs: 1_000, burst: 1, waitMs: 5_000 }), ...limits };
  return (source) => {
    for (const [key, value] of Object.entries(limiter)) {
      if (!(value > 0)) throw error('AORTA_FLOW_001', { flow: source.name, problem: `${key} of rateLimit is a positive number` });
    }
    return extend(source, rateLimitSpec, {
      options: { target: { name: target.name }, ...limiter },
      impl: { target, set: { limiter } },
      position,
    });
  };
}
