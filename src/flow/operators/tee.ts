import { concat, concatMap, defer, of } from 'rxjs';
import { error } from '../../errors/index.ts';
import { extend, innerChain } from '../flow.ts';
import { labelName, nodeName } from '../name.ts';
import type { Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import { sequence } from '../sequence.ts';

export const teeSpec: OperatorSpec = {
  kind: 'tee',
  ack: 'derive',
  stateful: false,
  external: false,
  terminal: true,
  endsPath: true,
  asynchronous: false,
  step({ id, branches = [] }, next, compile) {
    const steps = branches.map(({ chain }) => compile(chain, next));
    return (value, turn) => {
      turn.at = id;
      if (steps.length > 1) turn.derive(steps.length);
      return sequence(steps.length, (index) => steps[index]?.(value, turn));
    };
  },
  rx({ id, branches = [] }, turn, chain) {
    const pipelines = branches.map((branch) => chain(branch.chain, turn));
    return concatMap((value) => {
      turn.at = id;
      if (pipelines.length > 1) turn.derive(pipelines.length);
      return concat(...pipelines.map((pipeline) => defer(() => of(value).pipe(pipeline))));
    });
  },
};

type Branches<A> = { readonly [label: string]: Operator<A, unknown> };

/**
 * Gives every value to every branch, in declared order, within the one turn; nothing may follow. The record settles when
 * all branches have, with the worst of their settlements; a failure in one fails the turn, and nothing of it is applied.
 * Branches share the value: do not change it in place.
 *
 * @example
 * ```ts
 * import { flow, map, pipe, tee, to, topic } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', 'bytes');
 * const rates = topic<number>('rates', 'int');
 * const archive = topic<{ heartRate: number }>('archive', 'bytes');
 * export default flow('copy').from(vitals).pipe(
 *   tee({ rates: pipe(map((v) => v.heartRate), to(rates)), archive: to(archive) }),
 * );
 * ```
 */
export function tee<A>(branches: Branches<A>): Operator<A, never>;
export function tee<A>(name: string, branches: Branches<A>): Operator<A, never>;
export function tee<A>(...args: [branches: Branches<A>] | [name: string, branches: Branches<A>]): Operator<A, never> {
  const [name, branches] = args.length === 2 ? args : [undefined, args[0]];
  const position = callerPosition();
  return (source) => {
    const id = name === undefined ? `${source.chain.at(-1)?.id ?? source.path}/tee` : nodeName(source.name, name);
    const labels = Object.keys(branches);
    if (labels.length === 0) throw error('AORTA_FLOW_001', { flow: source.name, problem: `'${id}' has no branches` });
    return extend(source, teeSpec, {
      name,
      impl: {},
      branches: labels.map((label) => ({
        label: labelName(source.name, id, label),
        chain: innerChain(source, id, label, branches[label] as Operator<never, unknown>),
      })),
      position,
    });
  };
}
