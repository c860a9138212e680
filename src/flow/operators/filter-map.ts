import { concatMap, EMPTY, of } from 'rxjs';
import type { Context } from '../context.ts';
import { extend } from '../flow.ts';
import type { Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import { Skip } from '../skip.ts';

export const filterMapSpec: OperatorSpec = {
  kind: 'filterMap',
  ack: 'reuse',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: false,
  asynchronous: false,
  step:
    ({ id, impl: { fn } }, next) =>
    (value, turn) => {
      turn.at = id;
      const result = fn(value, turn.ctx);
      return result instanceof Skip ? turn.skip(id, result.reason) : next(result, turn);
    },
  rx: ({ id, impl: { fn } }, turn) =>
    concatMap((value) => {
      turn.at = id;
      const result = fn(value, turn.ctx);
      if (!(result instanceof Skip)) return of(result);
      turn.skip(id, result.reason);
      return EMPTY;
    }),
};

/**
 * Maps a value, or ends it with `skip('reason')`. Order within a patient is kept; the acknowledgement is reused. `null` and
 * `undefined` are values like any other and go on.
 *
 * @example
 * ```ts
 * import { filterMap, flow, skip, to, topic } from 'aorta';
 * const results = topic<{ status: string; value: number | null }>('results', 'bytes');
 * const finals = topic<number>('finals', 'int');
 * export default flow('finals').from(results).pipe(
 *   filterMap('final-only', (r) => {
 *     if (r.status !== 'F') return skip('preliminary');
 *     return r.value ?? skip('no-value');
 *   }),
 *   to(finals),
 * );
 * ```
 */
export function filterMap<A, R>(name: string, fn: (value: A, ctx: Context) => R): Operator<A, Exclude<R, Skip>> {
  const position = callerPosition();
  return (source) => extend(source, filterMapSpec, { name, impl: { fn }, position });
}
