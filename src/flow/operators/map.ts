import { map as rxMap } from 'rxjs';
import type { Context } from '../context.ts';
import { extend } from '../flow.ts';
import { callerPosition, type Operator, type OperatorSpec } from '../operator.ts';

export const mapSpec: OperatorSpec = {
  kind: 'map',
  ack: 'reuse',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: false,
  asynchronous: false,
  step: ({ id, impl }, next) => (value, turn) => {
    turn.at = id;
    return next(impl.fn(value, turn.ctx), turn);
  },
  rx: ({ id, impl }, turn) =>
    rxMap((value) => {
      turn.at = id;
      return impl.fn(value, turn.ctx);
    }),
};

/**
 * One value out for each value in. Order within a patient is kept; the acknowledgement is reused. A throw fails the
 * envelope: it is never ignored.
 *
 * @example
 * ```ts
 * import { flow, map, to, topic } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', 'bytes');
 * const rates = topic<number>('rates', 'int');
 * export default flow('rates').from(vitals).pipe(map((v) => v.heartRate), to(rates));
 * ```
 */
export function map<A, B>(fn: (value: A, ctx: Context) => B): Operator<A, B>;
export function map<A, B>(name: string, fn: (value: A, ctx: Context) => B): Operator<A, B>;
export function map<A, B>(a: string | ((value: A, ctx: Context) => B), b?: (value: A, ctx: Context) => B): Operator<A, B> {
  const [name, fn] = typeof a === 'string' ? [a, b] : [undefined, a];
  const position = callerPosition();
  return (source) => extend(source, mapSpec, { name, impl: { fn }, position });
}
