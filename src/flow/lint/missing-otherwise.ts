import type { Rule } from './rule.ts';

/** The type demands it; from JavaScript, or with a cast, it can still be missing. */
export const missingOtherwise: Rule = {
  code: 'AORTA_LINT_003',
  severity: 'error',
  check: ({ nodes }) => nodes.filter(({ options }) => options['otherwise'] === 'missing').map((node) => ({ node, details: {} })),
};
