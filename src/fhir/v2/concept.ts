import type { CodeableConcept, Coding } from '../r4.ts';
import { compact, part, type V2Repetition } from './field.ts';
import type { CodeMap, MappedCode } from './tables/index.ts';

/** FHIR system of an HL7 v2 table. */
export const v2System = (table: string): string => `http://terminology.hl7.org/CodeSystem/v2-${table}`;

const codeSystems: Readonly<Record<string, string>> = {
  LN: 'http://loinc.org',
  SCT: 'http://snomed.info/sct',
  SNM: 'http://snomed.info/sct',
  I9: 'http://hl7.org/fhir/sid/icd-9-cm',
  I9C: 'http://hl7.org/fhir/sid/icd-9-cm',
  I10: 'http://hl7.org/fhir/sid/icd-10',
  I10C: 'http://hl7.org/fhir/sid/icd-10-cm',
  UCUM: 'http://unitsofmeasure.org',
  CVX: 'http://hl7.org/fhir/sid/cvx',
  NDC: 'http://hl7.org/fhir/sid/ndc',
  RXNORM: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  ISO639: 'urn:ietf:bcp:47',
};

/** Table 0396 name (CWE.3) to a system; `HL7nnnn` to the v2 table's; an unknown one to `urn:id:<name>`. */
export function codeSystem(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const table = /^HL7(\d{4})$/.exec(name)?.[1];
  if (table) return v2System(table);
  return Object.hasOwn(codeSystems, name) ? codeSystems[name] : `urn:id:${name}`;
}

/** The row of a code map; never an inherited property of the object. */
export const lookup = (map: CodeMap, code: string | undefined): MappedCode | undefined =>
  code !== undefined && Object.hasOwn(map, code) ? map[code] : undefined;

export const codingOf = (row: MappedCode): Coding => ({
  system: row.system,
  code: row.code,
  ...(row.display ? { display: row.display } : {}),
});

export function mapped(map: CodeMap, code: string | undefined): CodeableConcept | undefined {
  const row = lookup(map, code);
  return row && { coding: [codingOf(row)] };
}

/**
 * CWE (CE, IS) → CodeableConcept. The first coding goes through `map` where it has a row; else it stays a code of
 * `table`, the field's own HL7 table, unless the sender names another system. Text only gives text only.
 */
export function concept(cwe: V2Repetition, options: { map?: CodeMap; table?: string } = {}): CodeableConcept | undefined {
  const code = part(cwe, 1);
  const [own, named] = [options.table === undefined ? undefined : `HL7${options.table}`, part(cwe, 3)];
  // A map belongs to the field's own table: the same letter of another system is another thing.
  const row = named === undefined || named === own ? lookup(options.map ?? {}, code) : undefined;
  const main = row
    ? codingOf(row)
    : code && compact<Coding>({ system: codeSystem(named ?? own), version: part(cwe, 7), code, display: part(cwe, 2) });
  const other = part(cwe, 4)
    ? compact<Coding>({ system: codeSystem(part(cwe, 6)), version: part(cwe, 8), code: part(cwe, 4), display: part(cwe, 5) })
    : undefined;
  const third = part(cwe, 10)
    ? compact<Coding>({ system: codeSystem(part(cwe, 12)), version: part(cwe, 13), code: part(cwe, 10), display: part(cwe, 11) })
    : undefined;
  return compact<CodeableConcept>({
    coding: [main, other, third].filter((coding): coding is Coding => typeof coding === 'object'),
    text: part(cwe, 9) ?? part(cwe, 2),
  });
}
