import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * Makes `index.ts` from the implementation guide's code maps in `source/`. Run it after changing one:
 * `node src/fhir/v2/tables/generate.ts`. A test fails when the checked-in file is not what this makes.
 */
export function generateTables(source = new URL('./source/', import.meta.url)): string {
  const files = readdirSync(source)
    .filter((name) => name.endsWith('.csv'))
    .sort();
  const parts = [
    '// Generated from source/*.csv (HL7 v2-to-FHIR IG 1.0.0, CC0) by generate.ts. Do not edit.',
    '// biome-ignore-all format: one row of a map is one line',
    '',
    '/** A row of a code map: where the v2 code goes. `row` names its file and line. */',
    'export interface MappedCode {',
    '  readonly code: string;',
    '  readonly display?: string;',
    '  readonly system: string;',
    '  readonly row: string;',
    '}',
    'export type CodeMap = Readonly<Record<string, MappedCode>>;',
    '',
  ];
  for (const file of files) parts.push(...table(file.replace(/\.csv$/, ''), readFileSync(new URL(file, source), 'utf8')));
  return parts.join('\n');
}

function table(name: string, csv: string): string[] {
  const lines = [`export const ${name[0]?.toLowerCase()}${name.slice(1).replace('.', '')}: CodeMap = {`];
  const rows = csv.split(/\r?\n/).map(cells);
  const header = rows[1] ?? [];
  const target = header.indexOf('Code', 1);
  const display = header.indexOf('Display');
  const system = header.indexOf('Code System', target);
  rows.forEach((row, index) => {
    const [from, to] = [row[0]?.trim(), row[target]?.trim()];
    if (index < 2 || !from || !to) return;
    // Some maps have the display one column to the left of its heading.
    const text = row[display]?.trim() || row[display - 1]?.trim();
    const fields = [`code: ${quote(to)}`, ...(text ? [`display: ${quote(text)}`] : []), `system: ${quote(row[system]?.trim() ?? '')}`];
    lines.push(`  ${key(from)}: { ${fields.join(', ')}, row: '${name}.csv:${index + 1}' },`);
  });
  return [...lines, '};', ''];
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const key = (text: string): string => (/^[A-Za-z_$][\w$]*$|^(0|[1-9]\d*)$/.test(text) ? text : quote(text));

/** Cells of one CSV line; quotes as in RFC 4180. No cell of the maps holds a line break. */
function cells(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
}

if (import.meta.main) writeFileSync(new URL('./index.ts', import.meta.url), generateTables());
