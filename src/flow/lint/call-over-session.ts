import type { Rule } from './rule.ts';

/** A call is made only if it ends before the session may: one that cannot is Fenced every time. */
export const callOverSession: Rule = {
  code: 'AORTA_LINT_054',
  severity: 'error',
  check: ({ nodes, options: { sessionTimeoutMs } }) =>
    nodes
      .filter(
        ({ spec, options }) => spec.kind === 'call' && options['readOnly'] !== true && Number(options['deadlineMs']) >= sessionTimeoutMs,
      )
      .map((node) => ({ node, details: { deadline: Number(node.options['deadlineMs']), limit: sessionTimeoutMs } })),
};
