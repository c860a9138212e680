/** `node scripts/v2-docs.ts [--check]`: writes docs/v2-to-fhir.md from the claims about the mapping tables, or says that it is out of date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Claim, TableClaims } from '../src/fhir/v2/rows/claim.ts';
import { claims } from '../src/fhir/v2/rows/index.ts';
import { tableRows } from '../src/fhir/v2/rows/tables.ts';

const file = resolve(import.meta.dirname, '../docs/v2-to-fhir.md');
const kinds = { segment: 'Segments', datatype: 'Data types', message: 'Messages' } as const;

interface Counted {
  readonly table: string;
  readonly kind: keyof typeof kinds;
  readonly rows: number;
  readonly done: number;
  readonly unmapped: number;
  readonly reasons: ReadonlyMap<string, readonly string[]>;
}

function counted({ table, rows: claimed, otherwise = '' }: TableClaims): Counted {
  const { kind, rows, unmapped } = tableRows[table] ?? { kind: 'segment', rows: [], unmapped: [] };
  const reasons = new Map<string, string[]>();
  for (const [key] of rows) {
    const claim: Claim = claimed[key] ?? { not: otherwise };
    if ('not' in claim) reasons.set(claim.not, [...(reasons.get(claim.not) ?? []), key]);
  }
  const missing = [...reasons.values()].reduce((sum, keys) => sum + keys.length, 0);
  return { table, kind, rows: rows.length, done: rows.length - missing, unmapped: unmapped.length, reasons };
}

/** The page: what is done by table, and every row that is not, with its reason. */
export function mappingPage(): string {
  const tables = claims.map(counted).sort((a, b) => (a.table < b.table ? -1 : 1));
  const of = (kind: keyof typeof kinds) => tables.filter((each) => each.kind === kind);
  const sum = (list: readonly Counted[], of_: (each: Counted) => number) => list.reduce((total, each) => total + of_(each), 0);
  const share = (list: readonly Counted[]) => {
    const [done, rows] = [sum(list, (each) => each.done), sum(list, (each) => each.rows)];
    return `${done} of ${rows} rows (${Math.round((100 * done) / rows)} %)`;
  };
  const resources = of('segment').filter(({ table }) => !/^(MSH|EVN|MRG)\[|\[Provenance/.test(table) || table === 'MSH[Encounter]');
  return `# HL7 v2 to FHIR, row by row

The mapping follows the tables of the HL7 v2-to-FHIR implementation guide 1.0.0 (CC0). This page lists what is done of the
tables that an ADT or ORU message uses, and why not of the rest. Made from \`src/fhir/v2/rows\` by
\`node scripts/v2-docs.ts\`; do not edit.

Each row that is done has a message in \`src/fhir/v2/rows\` that shows it: \`test/fhir/v2/rows/rows.test.ts\` sends the
message through the flow (adt-admissions or lab-results), finds the row's value at its place in the resources that are
written, and finds it gone when the row's field is. A row that is in neither list fails the test. How the result compares
with another converter is in [differential.md](differential.md).

- Segments: ${share(of('segment'))}; without those that make message Bundles, Provenance and accounts: ${share(resources)}.
- Data types: ${share(of('datatype'))}.
- Messages: ${share(of('message'))}. The guide's structures cover A01 to A13, A17, A28 and A31; it has no table for A18,
  A34 and A40 (merges: SEMANTICS, merged patients).

"No target" counts the fields for which the guide itself names no place in FHIR. They stay in the message, which the log keeps.

${(Object.keys(kinds) as (keyof typeof kinds)[]).map((kind) => overview(kinds[kind], of(kind))).join('\n\n')}

## Rows that are not done

${tables
  .filter(({ reasons }) => reasons.size > 0)
  .map(missing)
  .join('\n\n')}
`;
}

const overview = (title: string, list: readonly Counted[]): string =>
  [
    `## ${title}`,
    '',
    ...aligned([
      ['Table', 'Rows', 'Done', 'Not done', 'No target'],
      ...list.map(({ table, rows, done, unmapped }) => [table, ...[rows, done, rows - done, unmapped].map(String)]),
    ]),
  ].join('\n');

/** A table as the formatter writes it: the first column left, numbers right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(rows[0] ?? []), line(rule), ...rows.slice(1).map(line)];
}

const missing = ({ table, reasons }: Counted): string =>
  [`### ${table}`, '', ...[...reasons].map(([reason, keys]) => `- ${listed(keys)}: ${reason}`)].join('\n');

/** Long lists by their fields: every row of them has the reason. */
function listed(keys: readonly string[]): string {
  if (keys.length <= 6) return keys.map((key) => `\`${key}\``).join(', ');
  const fields = [...new Set(keys.map((key) => key.split(' ')[0] ?? ''))];
  return `${keys.length} rows of ${fields.map((field) => `\`${field}\``).join(', ')}`;
}

if (import.meta.main) {
  const page = mappingPage();
  if (!process.argv.includes('--check')) writeFileSync(file, page);
  else if (readFileSync(file, 'utf8') !== page) {
    process.stderr.write('docs/v2-to-fhir.md is not what src/fhir/v2/rows says: node scripts/v2-docs.ts\n');
    process.exitCode = 1;
  }
}
