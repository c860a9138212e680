import type { Supervision } from '../supervision.ts';
import { type Rule, sourceOf } from './rule.ts';

/** A dead letter in a strict flow would let later records overtake (error); tolerant order that parks bad records gains nothing (warning). */
export const orderAndRules: Rule = {
  code: 'AORTA_LINT_013',
  severity: 'error',
  check(subject) {
    const order = subject.flow.options.order ?? 'strict';
    const rules = Object.entries(subject.flow.options.onFailure ?? {}) as [keyof Supervision, Supervision[keyof Supervision]][];
    return rules.flatMap(([errorClass, rule]) => {
      const last = rule?.last.then;
      const details = { order, errorClass, last: String(last) };
      if (order === 'strict' && last === 'deadLetter') return [{ node: sourceOf(subject), details }];
      const bad = errorClass === 'Permanent' || errorClass === 'Decode';
      return order === 'tolerant' && last === 'park' && bad ? [{ node: sourceOf(subject), details, severity: 'warning' as const }] : [];
    });
  },
};
