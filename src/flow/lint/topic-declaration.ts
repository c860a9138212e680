import { canonicalJson } from '../canonical.ts';
import type { Rule } from './rule.ts';
import { topicsOf } from './topics.ts';

export const topicDeclaration: Rule = {
  code: 'AORTA_LINT_017',
  severity: 'error',
  check({ nodes }) {
    const first = new Map<string, string>();
    return topicsOf(nodes).flatMap(({ node, topic }) => {
      const text = canonicalJson(topic);
      const known = first.get(topic.name);
      if (known === undefined) first.set(topic.name, text);
      return known === undefined || known === text ? [] : [{ node, details: { topic: topic.name } }];
    });
  },
};
