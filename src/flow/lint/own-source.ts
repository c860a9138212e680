import type { Rule } from './rule.ts';
import { sinksOf } from './topics.ts';

export const ownSource: Rule = {
  code: 'AORTA_LINT_010',
  severity: 'error',
  check: ({ nodes, flow }) =>
    sinksOf(nodes)
      .filter(({ topic }) => flow.sources.some(({ name }) => name === topic.name))
      .map(({ node, topic }) => ({ node, details: { topic: topic.name } })),
};
