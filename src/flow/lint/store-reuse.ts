import type { Rule } from './rule.ts';

/** Two nodes would write one patient's row in one turn, each over what the other one wrote. */
export const storeReuse: Rule = {
  code: 'AORTA_LINT_008',
  severity: 'error',
  check: ({ nodes }) =>
    [
      ...Map.groupBy(
        nodes.filter(({ spec }) => spec.stateful),
        ({ id }) => id,
      ).values(),
    ].flatMap((group) => (group[1] ? [{ node: group[1], details: { count: group.length } }] : [])),
};
