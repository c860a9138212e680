import type { Table } from '../../state/table.ts';
import type { Rule } from './rule.ts';

/** The columns that every table gets (src/state/table.ts). */
const reserved = new Set(['source_event', 'source_flow', 'source_version']);

function problems({ columns, key, indexes = [] }: Table<Record<string, unknown>>): readonly string[] {
  const missing = [...key, ...indexes.flat()].filter((column) => !(column in columns));
  return [
    ...(key.length === 0 ? ['it has no key'] : []),
    ...missing.map((column) => `'${column}' is no column`),
    ...key.filter((column) => columns[column]?.nullable).map((column) => `key column '${column}' is nullable`),
    ...Object.keys(columns).flatMap((column) => (reserved.has(column) ? [`column '${column}' is reserved`] : [])),
  ];
}

export const tableShape: Rule = {
  code: 'AORTA_LINT_018',
  severity: 'error',
  check({ nodes }) {
    const seen = new Set<unknown>();
    return nodes
      .filter(({ spec }) => spec.kind === 'write')
      .flatMap((node) =>
        (node.impl.tables as Table<Record<string, unknown>>[]).flatMap((table) => {
          if (seen.has(table)) return [];
          seen.add(table);
          return problems(table).map((problem) => ({ node, details: { table: table.name, problem } }));
        }),
      );
  },
};
