import type { Rule } from './rule.ts';
import { topicsOf } from './topics.ts';

export const missingSchema: Rule = {
  code: 'AORTA_LINT_009',
  severity: 'warning',
  check: ({ nodes }) =>
    topicsOf(nodes)
      .filter(({ topic }) => topic.schema === null)
      .map(({ node, topic }) => ({ node, details: { topic: topic.name } })),
};
