import type { Rule } from './rule.ts';
import { sinksOf } from './topics.ts';

export const coPartition: Rule = {
  code: 'AORTA_LINT_006',
  severity: 'note',
  check: ({ nodes, flow }) =>
    sinksOf(nodes)
      .filter(({ topic }) => topic.partitions !== flow.source.partitions)
      .map(({ node, topic }) => ({ node, details: { topic: topic.name, count: topic.partitions, source: flow.source.partitions } })),
};
