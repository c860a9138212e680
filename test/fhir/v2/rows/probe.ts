import { type Done, fieldOf, type Given } from '../../../../src/fhir/v2/rows/claim.ts';
import { PatientRun } from '../../../topologies/adt-admissions/run.ts';
import { ResultsRun } from '../../../topologies/lab-results/run.ts';
import { structureProblems } from '../../structure.ts';
import { segment } from '../facts.ts';

/** What is in every probe: as little as ingress takes. */
const base: Given = {
  'EVN-2': '202605010900',
  'PID-3': 'M1^^^GENHOSP^MR',
  'OBR-3': 'F1',
  'OBR-4': 'GLU^Glucose^L',
  'OBX-2': 'ST',
  'OBX-3': 'GLU^Glucose^L',
  'OBX-5': 'a value',
  'OBX-11': 'F',
};
const results = ['PID', 'PD1', 'PV1', 'ORC', 'OBR', 'OBX', 'NTE', 'SPM'];
const admission = ['EVN', 'PID', 'PD1', 'NK1', 'PV1', 'PV2', 'AL1', 'DG1'];
/** Their first field is a set id. */
const numbered = new Set(['PID', 'NK1', 'PV1', 'AL1', 'DG1', 'OBR', 'OBX', 'NTE', 'SPM']);
const always = new Set(['EVN', 'PID', 'PV1', 'OBR', 'OBX']);

const isResult = (given: Given): boolean => Object.keys(given).some((name) => /^(ORC|OBR|OBX|SPM|NTE)-/.test(name));

function message(given: Given, names: readonly string[], type: string): string {
  const fields = new Map<string, Record<number, string>>();
  for (const [name, text] of Object.entries({ ...base, ...given })) {
    const [kind, n] = name.split('-') as [string, string | undefined];
    if (n !== undefined) fields.set(kind, { ...fields.get(kind), [Number(n)]: text });
  }
  const lines = names.filter((name) => always.has(name) || Object.keys(given).some((field) => field.startsWith(`${name}-`)));
  return [
    `MSH|^~\\&|SYS|GENHOSP|AORTA|HUB|202605010900||${type}|1|P|2.8.2||||||UNICODE UTF-8`,
    ...lines.map((name) => segment(name, { 1: numbered.has(name) ? '1' : '', ...fields.get(name) })),
    '',
  ].join('\r');
}

const runs = new Map<string, Promise<object[]>>();

/** Every resource that the flow writes for a message with these fields. */
export function resourcesOf(given: Given): Promise<object[]> {
  const key = JSON.stringify(given);
  const run = runs.get(key) ?? runFlow(given);
  runs.set(key, run);
  return run;
}

/** The message with these fields: ORU where one of them is of an order, ADT else. */
export function probeMessage({ 'MSH-9': event = 'A01', allergySeverity: _setting, ...fields }: Given): string {
  return isResult(fields) ? message(fields, results, 'ORU^R01^ORU_R01') : message(fields, admission, `ADT^${event}^ADT_A01`);
}

async function runFlow(given: Given): Promise<object[]> {
  const settings = given['allergySeverity'] === 'criticality' ? { allergySeverity: 'criticality' as const } : {};
  const run = await (isResult(given) ? new ResultsRun() : new PatientRun(settings)).send(probeMessage(given));
  return kinds.flatMap((type) => run.resources<object>(type));
}

const kinds = [
  ...['Patient', 'RelatedPerson', 'Encounter', 'Location', 'Observation', 'AllergyIntolerance', 'Condition'],
  ...['DiagnosticReport', 'Specimen', 'Binary'],
];

/** All values at a path, through arrays. */
export function valuesAt(resources: readonly object[], path: string): unknown[] {
  const [type = '', ...steps] = path.split('.');
  let found: unknown[] = resources.filter((each) => (each as { resourceType: string }).resourceType === type);
  for (const step of steps) {
    if (step === 'resolve()') {
      found = found.flatMap((each) => resolved(resources, each) ?? []);
      continue;
    }
    const [, name = '', filter] = /^([^[]+)(?:\[(.+)\])?$/.exec(step) ?? [];
    found = found
      .flatMap((each) => (each as Record<string, unknown> | null)?.[name])
      .filter((each) => each !== undefined && (filter === undefined || is(each, filter)));
  }
  return found;
}

function resolved(resources: readonly object[], reference: unknown): object | undefined {
  const [type, id] = ((reference as { reference?: string }).reference ?? '').split('/');
  return resources.find((each) => (each as { resourceType: string }).resourceType === type && (each as { id?: string }).id === id);
}

function is(element: unknown, filter: string): boolean {
  const { url, resourceType } = element as { url?: string; resourceType?: string };
  return resourceType === filter || url === filter || url?.endsWith(`/${filter}`) === true;
}

/** The message without the field (or component) that a row is about. */
export function withoutRow(key: string, { given, without }: Done): Given | undefined {
  if (without) return without;
  const field = fieldOf(key);
  if (field in given) return Object.fromEntries(Object.entries(given).filter(([name]) => name !== field));
  const component = Number(/\.(\d+)$/.exec(field)?.[1]);
  const [carrier, text] = Object.entries(given)[0] ?? [];
  if (!Number.isInteger(component) || carrier === undefined) return undefined;
  const parts = (text ?? '').split('^');
  parts[component - 1] = '';
  return { ...given, [carrier]: parts.join('^') };
}

/** What is wrong with a claim; empty: it is shown. */
export async function problemsOf(key: string, claim: Done): Promise<string[]> {
  const negative = withoutRow(key, claim);
  if (negative === undefined) return ['no message without the row: say `without`'];
  if (JSON.stringify(negative) === JSON.stringify(claim.given)) return ['the message without the row is the message with it'];
  const resources = await resourcesOf(claim.given);
  const structure = resources.flatMap((each) => structureProblems(each as { resourceType: string }));
  const [there, gone] = [valuesAt(resources, claim.path), valuesAt(await resourcesOf(negative), claim.path)];
  return [
    ...structure,
    ...(there.includes(claim.is) ? [] : [`${claim.path} has ${JSON.stringify(there)}, not ${JSON.stringify(claim.is)}`]),
    ...(gone.includes(claim.is) ? [`${claim.path} has ${JSON.stringify(claim.is)} without the row, too`] : []),
  ];
}
