import { filter as rxFilter } from 'rxjs';
import type { Context } from '../context.ts';
import { extend } from '../flow.ts';
import { reasonName } from '../name.ts';
import type { Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';

export const filterSpec: OperatorSpec = {
  kind: 'filter',
  ack: 'reuse',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: false,
  asynchronous: false,
  step:
    ({ id, impl: { predicate } }, next) =>
    (value, turn) => {
      turn.at = id;
      return predicate(value, turn.ctx) ? next(value, turn) : turn.skip(id, id);
    },
  rx: ({ id, impl: { predicate } }, turn) =>
    rxFilter((value) => {
      turn.at = id;
      const open = predicate(value, turn.ctx);
      if (!open) turn.skip(id, id);
      return open;
    }),
};

/**
 * Lets a value pass, or ends it as `skipped(name)`: the name says what passes and is the reason's label, so it is a word
 * of lower-case letters, digits and dashes. A type guard narrows what follows. Order within a patient is kept; the
 * acknowledgement is reused. Nothing is dropped silently: every skip is counted under its reason.
 *
 * @example
 * ```ts
 * import { filter, flow, map, to, topic } from 'aorta';
 * const vitals = topic<{ heartRate: number | null }>('vitals', 'bytes');
 * const rates = topic<number>('rates', 'int');
 * export default flow('rates').from(vitals).pipe(
 *   map((v) => v.heartRate),
 *   filter('measured', (rate) => rate !== null),
 *   to(rates),
 * );
 * ```
 */
export function filter<A, B extends A>(name: string, predicate: (value: A, ctx: Context) => value is B): Operator<A, B>;
export function filter<A>(name: string, predicate: (value: A, ctx: Context) => boolean): Operator<A, A>;
export function filter<A>(name: string, predicate: (value: A, ctx: Context) => boolean): Operator<A, A> {
  reasonName(name);
  const position = callerPosition();
  return (source) => extend(source, filterSpec, { name, impl: { predicate }, position });
}
