import type { Rule } from './rule.ts';

const writing = /\bmethod\s*:\s*(['"`])(POST|PUT|PATCH|DELETE)\1|\.(post|put|patch|delete)\s*\(/i;

/** By the look-up's own text: a guess, so a warning. */
export const enrichWrites: Rule = {
  code: 'AORTA_LINT_053',
  severity: 'warning',
  check: ({ nodes }) =>
    nodes.flatMap((node) => {
      if (node.spec.kind !== 'enrich') return [];
      const found = writing.exec(Function.prototype.toString.call(node.impl.lookup));
      return found ? [{ node, details: { method: String(found[2] ?? found[3]).toUpperCase() } }] : [];
    }),
};
