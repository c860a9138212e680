import type { Rule } from './rule.ts';
import { sinksOf } from './topics.ts';

export const reservedTopic: Rule = {
  code: 'AORTA_LINT_020',
  severity: 'error',
  check: ({ nodes }) =>
    sinksOf(nodes)
      .filter(({ topic }) => /\.(parked|dlq)$/.test(topic.name))
      .map(({ node, topic }) => ({ node, details: { topic: topic.name } })),
};
