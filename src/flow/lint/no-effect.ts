import { hasEffect } from '../guarantee.ts';
import type { Rule } from './rule.ts';

/** A path that ends in a skip says so itself; one whose end is wrong is reported as that. */
export const noEffect: Rule = {
  code: 'AORTA_LINT_005',
  severity: 'warning',
  check: ({ paths }) =>
    paths.flatMap((path) => {
      const node = path.at(-1);
      return node?.spec.endsPath && node.spec.kind !== 'skip' && !path.some(hasEffect) ? [{ node, details: {} }] : [];
    }),
};
