import { mainLane } from '../nodes.ts';
import type { FlowNode } from '../operator.ts';
import type { Rule } from './rule.ts';

const splits = (nodes: readonly FlowNode[]) => nodes.filter(({ spec }) => spec.lanes);

/** What waits in a lane is stored under its label. */
export const laneNames: Rule = {
  code: 'AORTA_LINT_042',
  severity: 'error',
  check({ nodes }) {
    const seen = new Set([mainLane]);
    return splits(nodes).flatMap((node) =>
      (node.branches ?? []).flatMap(({ label }) => {
        const taken = seen.has(label);
        seen.add(label);
        return taken ? [{ node, details: { lane: label } }] : [];
      }),
    );
  },
};

/** A lane's backlog bounds its source; one inside another would bound nothing. */
export const lanesInside: Rule = {
  code: 'AORTA_LINT_043',
  severity: 'error',
  check: ({ nodes, paths }) =>
    splits(nodes)
      .filter((node) => paths.some((path) => path.slice(0, path.indexOf(node)).some(({ spec }) => spec.lanes)))
      .map((node) => ({ node, details: {} })),
};

/** A merge of patients goes through the main lane's actors; what waits in another lane would be folded in twice or never. */
export const mergeInLane: Rule = {
  code: 'AORTA_LINT_046',
  severity: 'error',
  check: ({ flow, paths }) => {
    const source = flow.sources.find(({ merges }) => merges);
    if (!source) return [];
    const late = paths.flatMap((path) => {
      const lane = path.findIndex(({ spec }) => spec.lanes);
      return lane < 0 ? [] : path.slice(lane).filter(({ spec }) => spec.stateful);
    });
    return [...new Set(late)].map((node) => ({ node, details: { topic: source.name } }));
  },
};
