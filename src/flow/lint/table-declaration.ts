import type { Table } from '../../state/table.ts';
import { canonicalJson } from '../canonical.ts';
import type { Rule } from './rule.ts';

/** The store would create the first and refuse, or misread, the second. */
export const tableDeclaration: Rule = {
  code: 'AORTA_LINT_014',
  severity: 'error',
  check({ nodes }) {
    const first = new Map<string, string>();
    return nodes
      .filter(({ spec }) => spec.kind === 'write')
      .flatMap((node) =>
        (node.impl.tables as Table<never>[]).flatMap((table) => {
          const text = canonicalJson(table);
          const known = first.get(table.name);
          if (known === undefined) first.set(table.name, text);
          return known === undefined || known === text ? [] : [{ node, details: { table: table.name } }];
        }),
      );
  },
};
