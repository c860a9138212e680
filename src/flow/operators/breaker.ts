import { error } from '../../errors/index.ts';
import type { BreakerSettings, OnOpen, Target } from '../../guard/target.ts';
import { extend } from '../flow.ts';
import { guardSpec } from '../guard-spec.ts';
import type { Operator } from '../operator.ts';
import { callerPosition } from '../position.ts';

export const breakerSpec = guardSpec('breaker');

/**
 * Sets the breaker of a target for this flow's calls, and what patients do while it is open (see `defineTarget`). It is
 * the target that has the breaker, wherever in the flow this stands, and every attempt asks it. The value passes on
 * untouched, the acknowledgement too. As with `rateLimit`, flows of one worker must agree (AORTA_GUARD_004).
 *
 * @example
 * ```ts
 * import { breaker, call, defineTarget, flow, topic } from 'aorta';
 * const letters = topic<{ text: string }>('letters', 'bytes');
 * const fax = defineTarget('fax');
 * export default flow('letters').from(letters).pipe(
 *   breaker(fax, { failures: 5, openMs: 30_000, onOpen: 'park' }),
 *   call('send', fax, (letter, { signal }) => fetch('https://fax.example', { method: 'POST', body: letter.text, signal }), {
 *     duplicates: 'acceptable',
 *   }),
 * );
 * ```
 */
export function breaker<A>(target: Target, settings: Partial<BreakerSettings> & { readonly onOpen?: OnOpen }): Operator<A, A> {
  const position = callerPosition();
  const { onOpen = target.onOpen, ...own } = settings;
  const set = { breaker: { ...target.breaker, ...own }, onOpen };
  return (source) => {
    for (const [key, value] of Object.entries(set.breaker)) {
      if (!(value > 0)) throw error('AORTA_FLOW_001', { flow: source.name, problem: `${key} of breaker is a positive number` });
    }
    return extend(source, breakerSpec, {
      options: { target: { name: target.name }, ...set.breaker, onOpen },
      impl: { target, set },
      position,
    });
  };
}
