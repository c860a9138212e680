import { concatMap } from 'rxjs';
import { error } from '../../errors/index.ts';
import type { Context } from '../context.ts';
import { extend } from '../flow.ts';
import type { Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import { fanOut, rxFanOut } from '../sequence.ts';

function checked(node: string, values: unknown): readonly unknown[] {
  if (!Array.isArray(values)) throw error('AORTA_FLOW_007', { node, operator: 'flatMap', expected: 'an array' });
  return values;
}

export const flatMapSpec: OperatorSpec = {
  kind: 'flatMap',
  ack: 'derive',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: false,
  asynchronous: false,
  step:
    ({ id, impl: { fn } }, next) =>
    (value, turn) => {
      turn.at = id;
      return fanOut(id, checked(id, fn(value, turn.ctx)), 'empty', next, turn);
    },
  rx: ({ id, impl: { fn } }, turn) =>
    concatMap((value) => {
      turn.at = id;
      return rxFanOut(id, checked(id, fn(value, turn.ctx)), 'empty', turn);
    }),
};

/**
 * Several values out for one in. Each runs through all that follows before the next one starts, in the array's order;
 * the record settles when all have, with the worst of their settlements. An empty array is `skipped('empty')`. Arrays
 * only: a generator could be endless, and every child is held until the record settles (AORTA_FLOW_007).
 *
 * @example
 * ```ts
 * import { flatMap, flow, to, topic } from 'aorta';
 * const panels = topic<{ results: number[] }>('panels', 'bytes');
 * const results = topic<number>('results', 'int');
 * export default flow('split-panels').from(panels).pipe(flatMap((panel) => panel.results), to(results));
 * ```
 */
export function flatMap<A, B>(fn: (value: A, ctx: Context) => readonly B[]): Operator<A, B>;
export function flatMap<A, B>(name: string, fn: (value: A, ctx: Context) => readonly B[]): Operator<A, B>;
export function flatMap<A, B>(
  ...args: [fn: (value: A, ctx: Context) => readonly B[]] | [name: string, fn: (value: A, ctx: Context) => readonly B[]]
): Operator<A, B> {
  const [name, fn] = args.length === 2 ? args : [undefined, args[0]];
  const position = callerPosition();
  return (source) => extend(source, flatMapSpec, { name, impl: { fn }, position });
}
