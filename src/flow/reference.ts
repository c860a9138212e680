import { concatMap, identity, type OperatorFunction, of, tap } from 'rxjs';
import { error } from '../errors/index.ts';
import type { Flow } from './flow.ts';
import { joined, nodesOf } from './nodes.ts';
import type { DueTimer, FlowNode } from './operator.ts';
import type { Turn } from './turn.ts';

/**
 * The chain of nodes as one RxJS pipeline over one record. Two rules make it what the engine runs:
 * - After an operator that derives, each child goes through all that follows before the next one starts (`concatMap`).
 * - A branch is its own operators and then what follows the branch; the end of each path is `turn.done()`.
 */
function pipeline(chain: readonly FlowNode[], turn: Turn): OperatorFunction<unknown, unknown> {
  const [node, ...rest] = chain;
  if (!node) return tap(() => turn.done());
  if (node.spec.lanes) return node.spec.rx(node, turn, () => identity);
  if (node.branches) return node.spec.rx(node, turn, (branch) => pipeline(joined(branch, rest), turn));
  const own = node.spec.rx(node, turn, () => identity);
  const onward = pipeline(rest, turn);
  return node.spec.ack === 'derive'
    ? (source) =>
        source.pipe(
          own,
          concatMap((child) => of(child).pipe(onward)),
        )
    : (source) => source.pipe(own, onward);
}

/**
 * The reference interpreter: a flow as anyone who knows RxJS reads it, over one record (never per topic, where RxJS has
 * no backpressure). `compile` is an optimisation of it, and a property test compares both.
 */
export const reference = (flow: Flow<unknown>, turn: Turn): OperatorFunction<unknown, unknown> => pipeline(flow.chain, turn);

/** The same for the input of an independent lane. */
export function referenceLane(flow: Flow<unknown>, lane: string, turn: Turn): OperatorFunction<unknown, unknown> {
  const branch = nodesOf(flow).flatMap(({ spec, branches = [] }) => (spec.lanes ? branches.filter(({ label }) => label === lane) : []))[0];
  if (!branch) throw error('AORTA_FLOW_001', { flow: flow.name, problem: `it has no lane '${lane}'` });
  return pipeline(branch.chain, turn);
}

/** The same for a timer that comes due at `node`. */
export function referenceTimer(flow: Flow<unknown>, id: string, turn: Turn): OperatorFunction<DueTimer, unknown> {
  const search = (chain: readonly FlowNode[]): { node: FlowNode; rest: readonly FlowNode[] } | undefined => {
    const [node, ...rest] = chain;
    if (!node) return undefined;
    if (node.id === id) return { node, rest };
    for (const branch of node.branches ?? []) {
      const found = search(joined(branch.chain, rest));
      if (found) return found;
    }
    return search(rest);
  };
  const found = search(flow.chain);
  const entry = found?.node.spec.timerRx?.(found.node, turn);
  if (!found || !entry) throw error('AORTA_FLOW_001', { flow: flow.name, problem: `no process node is named '${id}'` });
  const onward = pipeline(found.rest, turn);
  return (source) =>
    source.pipe(
      entry,
      concatMap((child) => of(child).pipe(onward)),
    );
}
