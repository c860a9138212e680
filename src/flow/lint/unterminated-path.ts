import type { FlowNode } from '../operator.ts';
import type { Rule } from './rule.ts';

/** The last operator of a path makes a value that nobody gets. */
export const unterminatedPath: Rule = {
  code: 'AORTA_LINT_004',
  severity: 'error',
  check: ({ paths }) => {
    const ends = new Set(paths.map((path) => path.at(-1)).filter((node): node is FlowNode => node !== undefined && !node.spec.endsPath));
    return [...ends].map((node) => ({ node, details: { operator: node.spec.kind } }));
  },
};
