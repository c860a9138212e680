import type { Rule } from './rule.ts';

/** After a crash a call is repeated: the other side must be able to tell, or it must not matter. */
export const callWithoutKey: Rule = {
  code: 'AORTA_LINT_050',
  severity: 'error',
  check: ({ nodes }) =>
    nodes
      .filter(({ spec, options }) => spec.kind === 'call' && !options['key'] && !options['duplicates'] && options['readOnly'] !== true)
      .map((node) => ({ node, details: {} })),
};
