import { tap as rxTap } from 'rxjs';
import { error } from '../../errors/index.ts';
import type { Context } from '../context.ts';
import { extend } from '../flow.ts';
import type { Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';

// `(value) => void` accepts an async function, whose rejection nobody would see.
function refusePromise(node: string, result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return;
  Promise.resolve(result).catch(() => {});
  throw error('AORTA_FLOW_004', { node, operator: 'tap' });
}

export const tapSpec: OperatorSpec = {
  kind: 'tap',
  ack: 'reuse',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: true,
  asynchronous: false,
  step:
    ({ id, impl: { fn } }, next) =>
    (value, turn) => {
      turn.at = id;
      refusePromise(id, fn(value, turn.ctx));
      return next(value, turn);
    },
  rx: ({ id, impl: { fn } }, turn) =>
    rxTap((value) => {
      turn.at = id;
      refusePromise(id, fn(value, turn.ctx));
    }),
};

/**
 * Looks at each value and passes it on. Order within a patient is kept; the acknowledgement is reused. It runs again when
 * the record is tried again: what it does outside is at least once, and not part of any proof. A throw fails the envelope;
 * a promise is refused (AORTA_FLOW_004).
 *
 * @example
 * ```ts
 * import { flow, tap, topic } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', 'bytes');
 * let seen = 0;
 * export default flow('count').from(vitals).pipe(tap(() => { seen += 1; }));
 * ```
 */
export function tap<A>(fn: (value: A, ctx: Context) => void): Operator<A, A>;
export function tap<A>(name: string, fn: (value: A, ctx: Context) => void): Operator<A, A>;
export function tap<A>(
  ...args: [fn: (value: A, ctx: Context) => void] | [name: string, fn: (value: A, ctx: Context) => void]
): Operator<A, A> {
  const [name, fn] = args.length === 2 ? args : [undefined, args[0]];
  const position = callerPosition();
  return (source) => extend(source, tapSpec, { name, impl: { fn }, position });
}
