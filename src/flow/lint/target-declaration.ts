import { canonicalJson } from '../canonical.ts';
import { settingsOf, targetJson, targetOf } from '../targets.ts';
import type { Rule } from './rule.ts';

/** One name, one meaning: neither two declarations nor two guards of a kind. */
export const targetDeclaration: Rule = {
  code: 'AORTA_LINT_052',
  severity: 'error',
  check({ nodes }) {
    const first = new Map<string, string>();
    const differs = (what: string, text: string): boolean => {
      const known = first.get(what);
      if (known === undefined) first.set(what, text);
      return known !== undefined && known !== text;
    };
    return nodes.flatMap((node) => {
      const settings = settingsOf(node);
      const target = targetOf(node) ?? settings?.target;
      if (!target) return [];
      const declared = differs(target.name, canonicalJson(targetJson(target)));
      const guarded = settings ? differs(`${node.spec.kind} ${target.name}`, canonicalJson(node.options)) : false;
      return declared || guarded ? [{ node, details: { target: target.name } }] : [];
    });
  },
};
