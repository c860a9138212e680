import { isSink } from '../guarantee.ts';
import type { Rule } from './rule.ts';

/** State, timers, idempotency keys and held envelopes are stored under a node's id: a derived one would move. */
export const unnamedNode: Rule = {
  code: 'AORTA_LINT_001',
  severity: 'error',
  check: ({ nodes }) =>
    nodes
      .filter((node) => node.name === undefined && (node.spec.stateful || node.spec.external || node.spec.kind === 'write' || isSink(node)))
      .map((node) => ({ node, details: { operator: node.spec.kind } })),
};
