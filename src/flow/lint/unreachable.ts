import type { Rule } from './rule.ts';

/** Types cannot refuse it: what follows gets `never`, which fits everything. */
export const unreachable: Rule = {
  code: 'AORTA_LINT_021',
  severity: 'error',
  check({ nodes, paths }) {
    const reached = new Set(paths.flat());
    return nodes.filter((node) => !reached.has(node)).map((node) => ({ node, details: { operator: node.spec.kind } }));
  },
};
