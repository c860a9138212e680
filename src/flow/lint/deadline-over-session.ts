import type { Rule } from './rule.ts';

/**
 * Heartbeats go on in the background, so a declared deadline of any length is allowed. But a session that ends all the same
 * gives the record to another owner while the first one still works: harmless where the step only reads.
 */
export const deadlineOverSession: Rule = {
  code: 'AORTA_LINT_012',
  severity: 'warning',
  check: ({ nodes, options: { sessionTimeoutMs } }) =>
    nodes
      .filter(({ options }) => options['readOnly'] !== true && Number(options['deadlineMs'] ?? 0) > sessionTimeoutMs)
      .map((node) => ({ node, details: { deadline: Number(node.options['deadlineMs']), limit: sessionTimeoutMs } })),
};
