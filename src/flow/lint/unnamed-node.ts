import type { Rule } from './rule.ts';

/** State, timers, idempotency keys and held envelopes are stored under a node's id: a derived one would move. */
export const unnamedNode: Rule = {
  code: 'AORTA_LINT_001',
  severity: 'error',
  check: ({ nodes }) =>
    nodes
      .filter(({ spec, name }) => name === undefined && (spec.stateful || spec.external || spec.kind === 'write' || spec.kind === 'to'))
      .map((node) => ({ node, details: { operator: node.spec.kind } })),
};
