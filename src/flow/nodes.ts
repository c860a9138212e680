import { error } from '../errors/index.ts';
import type { Flow } from './flow.ts';
import type { FlowNode } from './operator.ts';

const walk = (chain: readonly FlowNode[]): readonly FlowNode[] =>
  chain.flatMap((node) => [...(node.sources ?? []), node, ...(node.branches ?? []).flatMap((branch) => walk(branch.chain))]);

/** All nodes of a flow, each before what follows it, branches in declared order. */
export const nodesOf = (flow: Flow<unknown>): readonly FlowNode[] => walk(flow.chain);

/** Keeps something in the turn's transaction: state, rows, inputs of lanes, processed ids, a journal of responses. */
const keeps = ({ spec, options }: FlowNode): boolean =>
  spec.stateful || spec.kind === 'write' || spec.lanes === true || spec.kind === 'dedupe' || options['journal'] === true;

/** Keeps something: its turns commit in transactions, and its emissions go through the outbox. */
export const isStateful = (nodes: readonly FlowNode[]): boolean => nodes.some(keeps);

/** Name of the lane that begins at a source. */
export const mainLane = 'main';

/** The nodes of each lane: `main`, and each branch of a tee with independent lanes under its label. */
export function lanesOf(flow: Flow<unknown>): ReadonlyMap<string, readonly FlowNode[]> {
  const lanes = new Map<string, FlowNode[]>([[mainLane, []]]);
  const visit = (chain: readonly FlowNode[], lane: string): void => {
    for (const node of chain) {
      lanes.get(lane)?.push(...(node.sources ?? []), node);
      for (const branch of node.branches ?? []) {
        const inside = node.spec.lanes ? branch.label : lane;
        if (!lanes.has(inside)) lanes.set(inside, []);
        visit(branch.chain, inside);
      }
    }
  };
  visit(flow.chain, mainLane);
  return lanes;
}

const most = 10_000;

/**
 * Every way that a value can take through a flow, as the nodes along it. Branches that rejoin go on with what follows; a
 * tee's branches are ways of their own. Rejoining branches multiply: a flow with over 10 000 ways, which nobody could
 * review, is refused (AORTA_FLOW_001).
 */
export function pathsOf(flow: Flow<unknown>): readonly (readonly FlowNode[])[] {
  const paths: (readonly FlowNode[])[] = [];
  const follow = (chain: readonly FlowNode[], before: readonly FlowNode[]): void => {
    const [node, ...rest] = chain;
    if (node?.sources) for (const source of node.sources) follow(rest, [source, node]);
    else if (node?.branches) for (const branch of node.branches) follow(joined(branch.chain, rest), [...before, node]);
    else if (node) follow(rest, [...before, node]);
    else if (paths.push(before) > most) throw error('AORTA_FLOW_001', { flow: flow.name, problem: `over ${most} paths: split the flow` });
  };
  follow(flow.chain, []);
  return paths;
}

/** A branch and what follows it; nothing follows a sink. */
export const joined = (chain: readonly FlowNode[], rest: readonly FlowNode[]): readonly FlowNode[] =>
  chain.at(-1)?.spec.terminal ? chain : [...chain, ...rest];
