import type { Rule } from './rule.ts';
import { topicsOf } from './topics.ts';

const day = 24 * 3600 * 1000;

export const shortRetention: Rule = {
  code: 'AORTA_LINT_007',
  severity: 'error',
  check: ({ nodes }) =>
    topicsOf(nodes)
      .filter(({ topic }) => topic.retentionMs < 7 * day)
      .map(({ node, topic }) => ({ node, details: { topic: topic.name, days: Math.round((topic.retentionMs / day) * 10) / 10 } })),
};
