import { settingsOf, targetOf } from '../targets.ts';
import type { Rule } from './rule.ts';

export const guardWithoutCall: Rule = {
  code: 'AORTA_LINT_051',
  severity: 'error',
  check({ nodes }) {
    const reached = new Set(nodes.map((node) => targetOf(node)?.name));
    return nodes.flatMap((node) => {
      const settings = settingsOf(node);
      if (!settings || reached.has(settings.target.name)) return [];
      return [{ node, details: { operator: node.spec.kind, target: settings.target.name } }];
    });
  },
};
