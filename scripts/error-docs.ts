/** `node scripts/error-docs.ts [--check]`: writes docs/errors.md from the error table, or says that it is out of date. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ErrorSpec, errorTable } from '../src/errors/index.ts';

const file = resolve(import.meta.dirname, '../docs/errors.md');

const areas: Readonly<Record<string, string>> = {
  AUDIT: 'Audit',
  BLOB: 'Blob store',
  CFG: 'Configuration',
  EDGE: 'HTTP edge',
  ENGINE: 'Engine',
  FHIR: 'FHIR',
  FLOW: 'Flows',
  HL7: 'HL7 v2 and MLLP',
  LOG: 'Log',
  SANDBOX: 'Sandbox EHR',
  SCHEMA: 'Schemas',
  SQLITE: 'SQLite file',
  STATE: 'State',
  SVC: 'Services',
};

/** The page, grouped by area, codes in order. */
export function errorPage(table: Readonly<Record<string, ErrorSpec>>): string {
  const codes = Object.keys(table).sort();
  const area = (code: string) => code.split('_')[1] ?? '';
  const sections = [...new Set(codes.map(area))].map((name) => {
    const entries = codes.filter((code) => area(code) === name).map((code) => entry(code, table[code] as ErrorSpec));
    return `## ${areas[name] ?? name}\n\n${entries.join('\n')}`;
  });
  return `# Error codes

Every error Aorta throws has a code that never changes its meaning. \`aorta explain <code>\` prints the same offline.
Made from \`src/errors/codes\` by \`node scripts/error-docs.ts\`; do not edit. The class decides what the engine does
with a failed event: Transient and Overload are retried, then parked; Permanent and Decode go to the dead letters;
Fenced and Cancelled end the turn without effect; Defect is a bug of ours or of a flow.

${sections.join('\n')}`;
}

function entry(code: string, spec: ErrorSpec): string {
  return `### ${code}\n\n${asText(spec.message)}\n\n- Class: ${spec.class}\n- What to do: ${asText(spec.remedy)}\n`;
}

/** `{place}` and `<name>` as they are, not as HTML. */
function asText(text: string): string {
  return text.replaceAll('<', '&lt;');
}

if (import.meta.main) {
  const page = errorPage(errorTable);
  if (!process.argv.includes('--check')) {
    mkdirSync(resolve(file, '..'), { recursive: true });
    writeFileSync(file, page);
  } else if (page !== readFileSync(file, 'utf8')) {
    process.stderr.write('docs/errors.md is not what the error table says: run `node scripts/error-docs.ts`\n');
    process.exitCode = 1;
  }
}
