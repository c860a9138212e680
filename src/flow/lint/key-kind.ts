import { keyKindOf } from '../topic.ts';
import type { Rule } from './rule.ts';

/** `to` keeps the key of the flow's source: under a topic of another kind its readers would take it for something else. */
export const keyKind: Rule = {
  code: 'AORTA_LINT_044',
  severity: 'error',
  check: ({ nodes, flow }) =>
    nodes
      .filter(({ spec, impl }) => spec.kind === 'to' && keyKindOf(impl.topic) !== keyKindOf(flow.source))
      .map((node) => ({
        node,
        details: { topic: node.impl.topic.name, kind: keyKindOf(node.impl.topic), source: keyKindOf(flow.source) },
      })),
};
