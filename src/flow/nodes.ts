import type { Flow } from './flow.ts';
import type { FlowNode } from './operator.ts';

/** All nodes of a flow, each before what follows it, branches in declared order. */
export function nodesOf(flow: Flow<unknown>): readonly FlowNode[] {
  const walk = (chain: readonly FlowNode[]): readonly FlowNode[] =>
    chain.flatMap((node) => [node, ...(node.branches ?? []).flatMap((branch) => walk(branch.chain))]);
  return walk(flow.chain);
}

/**
 * Every way that a value can take through a flow, as the nodes along it. Branches that rejoin go on with what follows.
 * A tee's branches are ways of their own.
 */
export function pathsOf(flow: Flow<unknown>): readonly (readonly FlowNode[])[] {
  const walk = (chain: readonly FlowNode[]): readonly (readonly FlowNode[])[] => {
    const [node, ...rest] = chain;
    if (!node) return [[]];
    const onward = node.branches ? node.branches.flatMap((branch) => walk(joined(branch.chain, rest))) : walk(rest);
    return onward.map((path) => [node, ...path]);
  };
  return walk(flow.chain);
}

/** A branch and what follows it; nothing follows a sink. */
export const joined = (chain: readonly FlowNode[], rest: readonly FlowNode[]): readonly FlowNode[] =>
  chain.at(-1)?.spec.terminal ? chain : [...chain, ...rest];
