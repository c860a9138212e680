import type { Flow } from '../flow.ts';
import { nodesOf } from '../nodes.ts';
import type { FlowNode } from '../operator.ts';
import type { Found } from './rule.ts';
import { sinksOf } from './topics.ts';

/** Flows that feed each other in a circle; each circle once, at the sink that closes it. A flow that feeds itself has a rule of its own. */
export function circles(flows: readonly Flow<unknown>[]): readonly (Found & { readonly flow: Flow<unknown> })[] {
  const found: (Found & { readonly flow: Flow<unknown> })[] = [];
  const finished = new Set<Flow<unknown>>();

  const visit = (flow: Flow<unknown>, trail: readonly Flow<unknown>[]): void => {
    if (finished.has(flow)) return;
    for (const { node, topic } of sinksOf(nodesOf(flow))) {
      for (const next of flows) {
        if (next === flow || next.sources.every(({ name }) => name !== topic.name)) continue;
        const start = [...trail, flow].indexOf(next);
        if (start >= 0) found.push(closing(flow, node, [...[...trail, flow].slice(start), next]));
        else visit(next, [...trail, flow]);
      }
    }
    finished.add(flow);
  };
  for (const flow of flows) visit(flow, []);
  return found;
}

const closing = (flow: Flow<unknown>, node: FlowNode, circle: readonly Flow<unknown>[]) => ({
  flow,
  node,
  details: { circle: circle.map(({ name }) => name).join(' > ') },
});
