import { map as rxMap } from 'rxjs';
import type { Context } from '../context.ts';
import { extend } from '../flow.ts';
import type { Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';

export const mapSpec: OperatorSpec = {
  kind: 'map',
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
      return next(fn(value, turn.ctx), turn);
    },
  rx: ({ id, impl: { fn } }, turn) =>
    rxMap((value) => {
      turn.at = id;
      return fn(value, turn.ctx);
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
export function map<A, B>(
  ...args: [fn: (value: A, ctx: Context) => B] | [name: string, fn: (value: A, ctx: Context) => B]
): Operator<A, B> {
  const [name, fn] = args.length === 2 ? args : [undefined, args[0]];
  const position = callerPosition();
  return (source) => extend(source, mapSpec, { name, impl: { fn }, position });
}
