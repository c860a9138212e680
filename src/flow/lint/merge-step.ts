import type { Actor } from '../actor.ts';
import type { Rule } from './rule.ts';

/** A topic that carries merges of patients reaches an actor that knows none: the merge would park both patients. */
export const mergeStep: Rule = {
  code: 'AORTA_LINT_024',
  severity: 'error',
  check: ({ flow, nodes }) => {
    const source = flow.sources.find(({ merges }) => merges);
    if (!source) return [];
    return nodes
      .filter(({ spec }) => spec.stateful)
      .flatMap((node) => {
        const { merge, unmerge } = node.impl.actor as Actor<unknown, unknown, unknown>;
        const missing = [...(merge ? [] : ['merge']), ...(unmerge ? [] : ['unmerge'])];
        // Without unmerge only an operator's command finds out, and parks: no reason to refuse the flow.
        return missing.length === 0
          ? []
          : [
              {
                node,
                details: { missing: missing.join(' and '), topic: source.name },
                ...(merge ? { severity: 'warning' as const } : {}),
              },
            ];
      });
  },
};
