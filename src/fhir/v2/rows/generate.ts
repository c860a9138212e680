import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes `tables.ts`, the row keys of the implementation guide's tables that an ADT or ORU message uses:
 * `node src/fhir/v2/rows/generate.ts <folder of the tables>`. A test compares where the tables are at hand.
 */
export function generateRows(tables: string): string {
  const lines = [
    '// Generated from the tables of the HL7 v2-to-FHIR IG 1.0.0 (CC0) by generate.ts. Do not edit.',
    '// biome-ignore-all format: one row of a table is one line',
    '',
    '/** A row of a table: its key (field and target, numbered where they repeat) and its condition. */',
    'export type Row = readonly [key: string, condition: string];',
    '/** `unmapped`: the fields for which the table itself names no target. */',
    'export interface TableRows {',
    "  readonly kind: 'segment' | 'datatype' | 'message';",
    '  readonly rows: readonly Row[];',
    '  readonly unmapped: readonly string[];',
    '}',
    '',
    'export const tableRows: Readonly<Record<string, TableRows>> = {',
  ];
  for (const [kind, folder] of [
    ['segment', 'segments'],
    ['datatype', 'datatypes'],
    ['message', 'messages'],
  ] as const) {
    for (const file of readdirSync(join(tables, folder)).sort()) {
      const name = / FHIR R4_ (.+?) - /.exec(file)?.[1];
      if (name === undefined || !wanted[kind](name)) continue;
      lines.push(...table(name, kind, records(readFileSync(join(tables, folder, file), 'utf8')).slice(2)));
    }
  }
  return [...lines, '};', ''].join('\n');
}

const segments = new Set(['PID', 'PD1', 'PV1', 'PV2', 'NK1', 'AL1', 'DG1', 'MRG', 'EVN', 'MSH', 'OBR', 'OBX', 'SPM', 'NTE', 'ORC']);
/** Targets of messages that no flow takes: appointments, immunizations, medication, documents. */
const elsewhere = /\[(Appointment|Appointment-Comment|Immunization|MedicationAdministration|DocumentReference)\]$/;
const datatypes = new Set([
  ...['CX[Identifier]', 'CX[RelatedPerson-Mother]', 'XPN[HumanName]', 'XPN[string]', 'FN[HumanName]', 'XAD[Address]', 'SAD[Address]'],
  ...['XTN[ContactPoint]', 'CWE[CodeableConcept]', 'CWE[Coding]', 'CWE[code]', 'CWE[Quantity]', 'CWE[Organization]', 'CE[CodeableConcept]'],
  ...['CF[CodeableConcept]', 'CNE[CodeableConcept]', 'IS[CodeableConcept]', 'ID[CodeableConcept]', 'ID[boolean]', 'ST[CodeableConcept]'],
  ...[
    'PL[Location]',
    'HD[Location]',
    'HD[uri]',
    'XCN[Practitioner]',
    'XCN[PractitionerRole]',
    'CNN[Practitioner]',
    'NDL[PractitionerRole]',
  ],
  ...['XON[Organization]', 'XON[string]', 'DLN[Identifier]', 'DLD[Location-Discharge]', 'NM[Quantity]', 'NM[positiveInt]'],
  ...['NM[Quantity-LengthOfStay]', 'SN[Quantity]', 'SN[Ratio]', 'SN[Range]', 'NR[Range]', 'NA[SampledData]', 'DR[Period]', 'DR[dateTime]'],
  ...['DTM[dateTime]', 'TS[dateTime]', 'ED[Attachment]', 'RP[Attachment]', 'EI[Identifier-Extension]', 'EI[Condition]', 'CQ[Quantity]'],
  ...['EIP[Identifier-PlacerAssignedIdentifier]', 'EIP[Identifier-FillerAssignedIdentifier]', 'SPS[Specimen-Source]'],
  ...['OG[Extension-Subidentifier]', 'TQ[ServiceRequest]'],
]);
const wanted = {
  segment: (name: string) => segments.has(name.split('[')[0] ?? '') && !elsewhere.test(name),
  datatype: (name: string) => datatypes.has(name),
  message: (name: string) => /^(ADT_|ORU_)/.test(name),
};

function table(name: string, kind: keyof typeof wanted, records: readonly string[][]): string[] {
  const rows: string[] = [];
  const unmapped: string[] = [];
  const seen = new Map<string, number>();
  for (const cells of records) {
    const cell = (index: number) => (cells[index] ?? '').replace(/\s+/g, ' ').trim();
    // Messages name a resource and the map that fills it; the others an element, or an extension that has no name yet.
    const target = kind === 'message' ? cell(10) : cell(9) || cell(10);
    const field = cell(1) || name.split('[')[0] || name;
    if (cells.every((text) => text.trim() === '')) continue;
    if (target === '') {
      if (cell(1) !== '') unmapped.push(field);
      continue;
    }
    const plain = `${field} ${target}`;
    const n = (seen.get(plain) ?? 0) + 1;
    seen.set(plain, n);
    const condition = [cell(6), cell(8)].filter((text) => text !== '').join(' // ');
    rows.push(`      [${quote(n === 1 ? plain : `${plain} #${n}`)}, ${quote(condition)}],`);
  }
  return [
    `  ${quote(name)}: {`,
    `    kind: ${quote(kind)},`,
    '    rows: [',
    ...rows,
    '    ],',
    `    unmapped: [${[...new Set(unmapped)].map(quote).join(', ')}],`,
    '  },',
  ];
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** RFC 4180, line breaks within quotes included. */
function records(csv: string): string[][] {
  const found: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
    found.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end !== ',') found.push([]);
  }
  return found;
}

if (import.meta.main) writeFileSync(new URL('./tables.ts', import.meta.url), generateRows(process.argv[2] ?? '../shared/data/v2-to-fhir'));
