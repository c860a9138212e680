import type { Rule } from './rule.ts';

/** A merge enters at the actor and ends in the same step: what follows the actor may not wait for anything. */
export const mergeAsynchronous: Rule = {
  code: 'AORTA_LINT_025',
  severity: 'error',
  check: ({ flow, paths }) => {
    if (!flow.source.merges) return [];
    const late = paths.flatMap((path) => {
      const actor = path.findIndex(({ spec }) => spec.stateful);
      return actor < 0 ? [] : path.slice(actor + 1).filter(({ spec }) => spec.asynchronous);
    });
    return [...new Set(late)].map((node) => ({ node, details: { topic: flow.source.name } }));
  },
};
