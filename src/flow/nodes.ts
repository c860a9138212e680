import { error } from '../errors/index.ts';
import type { Flow } from './flow.ts';
import type { FlowNode } from './operator.ts';

/** All nodes of a flow, each before what follows it, branches in declared order. */
export function nodesOf(flow: Flow<unknown>): readonly FlowNode[] {
  const walk = (chain: readonly FlowNode[]): readonly FlowNode[] =>
    chain.flatMap((node) => [node, ...(node.branches ?? []).flatMap((branch) => walk(branch.chain))]);
  return walk(flow.chain);
}

/** Keeps something in the turn's transaction: state, rows, processed ids, a journal of responses. */
const keeps = ({ spec, options }: FlowNode): boolean =>
  spec.stateful || spec.kind === 'write' || spec.kind === 'dedupe' || options['journal'] === true;

/** Has state or writes: its turns commit in transactions, and its emissions go through the outbox. */
export const isStateful = (nodes: readonly FlowNode[]): boolean => nodes.some(keeps);

const most = 10_000;

/**
 * Every way that a value can take through a flow, as the nodes along it. Branches that rejoin go on with what follows; a
 * tee's branches are ways of their own. Rejoining branches multiply: a flow with over 10 000 ways, which nobody could
 * review, is refused (AORTA_FLOW_001).
 */
export function pathsOf(flow: Flow<unknown>): readonly (readonly FlowNode[])[] {
  const paths: (readonly FlowNode[])[] = [];
  const walk = (chain: readonly FlowNode[], before: readonly FlowNode[]): void => {
    const [node, ...rest] = chain;
    if (node?.branches) for (const branch of node.branches) walk(joined(branch.chain, rest), [...before, node]);
    else if (node) walk(rest, [...before, node]);
    else if (paths.push(before) > most) throw error('AORTA_FLOW_001', { flow: flow.name, problem: `over ${most} paths: split the flow` });
  };
  walk(flow.chain, []);
  return paths;
}

/** A branch and what follows it; nothing follows a sink. */
export const joined = (chain: readonly FlowNode[], rest: readonly FlowNode[]): readonly FlowNode[] =>
  chain.at(-1)?.spec.terminal ? chain : [...chain, ...rest];
