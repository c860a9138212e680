import type { Rule } from './rule.ts';

export const deadlineOverSession: Rule = {
  code: 'AORTA_LINT_012',
  severity: 'warning',
  check: ({ nodes, options: { sessionTimeoutMs } }) =>
    nodes
      .filter(({ options }) => Number(options['deadlineMs'] ?? 0) > sessionTimeoutMs)
      .map((node) => ({ node, details: { deadline: Number(node.options['deadlineMs']), limit: sessionTimeoutMs } })),
};
