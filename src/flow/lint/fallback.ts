import { targetOf, targetsOf } from '../targets.ts';
import type { Rule } from './rule.ts';

export const fallback: Rule = {
  code: 'AORTA_LINT_055',
  severity: 'error',
  check({ nodes }) {
    const onOpen = new Map(targetsOf(nodes).map((target) => [target.name, target.onOpen]));
    return nodes.flatMap((node) => {
      const target = targetOf(node);
      if (!target || node.spec.kind !== 'call') return [];
      const [wants, has] = [onOpen.get(target.name) === 'fallback', node.options['fallback'] === true];
      if (wants === has) return [];
      return [{ node, details: { target: target.name, problem: wants ? 'the call has none' : 'the target never asks for it' } }];
    });
  },
};
