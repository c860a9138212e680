import { type Rule, sourceOf } from './rule.ts';

const decided = new Set(['Decode', 'Permanent', 'Transient', 'Overload', 'Defect']);

export const supervisionClass: Rule = {
  code: 'AORTA_LINT_015',
  severity: 'error',
  check: (subject) =>
    Object.keys(subject.flow.options.onFailure ?? {})
      .filter((errorClass) => !decided.has(errorClass))
      .map((errorClass) => ({ node: sourceOf(subject), details: { errorClass } })),
};
