import type { Rule } from './rule.ts';

/** A merge enters at the actor and ends in the same step: what follows the actor may not wait for anything, up to the lanes behind it. */
export const mergeAsynchronous: Rule = {
  code: 'AORTA_LINT_025',
  severity: 'error',
  check: ({ flow, paths }) => {
    const source = flow.sources.find(({ merges }) => merges);
    if (!source) return [];
    const late = paths.flatMap((path) => {
      const lane = path.findIndex(({ spec }) => spec.lanes);
      const main = lane < 0 ? path : path.slice(0, lane);
      const actor = main.findIndex(({ spec }) => spec.stateful);
      return actor < 0 ? [] : main.slice(actor + 1).filter(({ spec }) => spec.asynchronous);
    });
    return [...new Set(late)].map((node) => ({ node, details: { topic: source.name } }));
  },
};
