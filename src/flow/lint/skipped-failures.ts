import { type Rule, sourceOf } from './rule.ts';

export const skippedFailures: Rule = {
  code: 'AORTA_LINT_016',
  severity: 'warning',
  check: (subject) =>
    (['Transient', 'Overload', 'Defect'] as const)
      .filter((errorClass) => subject.flow.options.onFailure?.[errorClass]?.last.then === 'skip')
      .map((errorClass) => ({ node: sourceOf(subject), details: { errorClass } })),
};
