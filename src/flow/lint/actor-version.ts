import type { Rule } from './rule.ts';

export const actorVersion: Rule = {
  code: 'AORTA_LINT_023',
  severity: 'error',
  check: ({ nodes }) =>
    nodes
      .filter(({ spec }) => spec.stateful)
      .flatMap((node) => {
        const version = Number(node.options['stateVersion']);
        if (!Number.isInteger(version) || version < 1) return [{ node, details: { problem: 'its version is no whole number from 1 up' } }];
        if (version > 1 && node.options['migrates'] !== true)
          return [{ node, details: { problem: `version ${version} without migrate()` }, severity: 'warning' as const }];
        return [];
      }),
};
