import { type Rule, sourceOf } from './rule.ts';

export const pointlessRetry: Rule = {
  code: 'AORTA_LINT_019',
  severity: 'warning',
  check: (subject) =>
    (['Permanent', 'Decode'] as const)
      .filter((errorClass) => subject.flow.options.onFailure?.[errorClass]?.retry !== undefined)
      .map((errorClass) => ({ node: sourceOf(subject), details: { errorClass } })),
};
