import { hasEffect } from '../guarantee.ts';
import type { Found, Rule } from './rule.ts';

export const dedupeLate: Rule = {
  code: 'AORTA_LINT_056',
  severity: 'warning',
  check({ paths }) {
    const found = new Map<string, Found>();
    for (const path of paths) {
      const at = path.findIndex(({ spec }) => spec.kind === 'dedupe');
      const node = path[at];
      const before = path.slice(0, Math.max(0, at)).find(hasEffect);
      if (node && before) found.set(node.id, { node, details: { operator: before.spec.kind, effect: before.id } });
    }
    return [...found.values()];
  },
};
