import type { Rule } from './rule.ts';

/** A failure behind it would make the call again for this item: what follows is what does not fail by itself, or has a key. */
export const afterBatch: Rule = {
  code: 'AORTA_LINT_047',
  severity: 'error',
  check: ({ paths }) => {
    const late = paths.flatMap((path) => {
      const batch = path.findIndex(({ spec }) => spec.kind === 'batch');
      if (batch < 0) return [];
      const lane = path.findIndex(({ spec }, at) => at > batch && spec.lanes);
      const behind = path.slice(batch + 1, lane < 0 ? undefined : lane);
      return behind.filter(({ spec }) => spec.stateful || (spec.asynchronous && spec.kind !== 'call'));
    });
    return [...new Set(late)].map((node) => ({ node, details: { operator: node.spec.kind } }));
  },
};
