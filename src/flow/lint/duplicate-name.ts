import type { Rule } from './rule.ts';

/** Reported at the second node. Two stores of one name have a rule of their own; the source's name may be a sink's (loop). */
export const duplicateName: Rule = {
  code: 'AORTA_LINT_002',
  severity: 'error',
  check: ({ nodes }) =>
    [...Map.groupBy(nodes, ({ id }) => id).values()]
      .filter((group) => group.length > 1 && !group.every(({ spec }) => spec.stateful) && group[0]?.spec.kind !== 'from')
      .flatMap((group) => (group[1] ? [{ node: group[1], details: { count: group.length } }] : [])),
};
