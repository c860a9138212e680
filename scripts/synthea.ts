/**
 * Makes the sandbox EHR's patients anew: `node scripts/synthea.ts [folder of Synthea bundles]`.
 *
 * Runs Synthea (Maven Central, Apache-2.0; Java 17) with a fixed seed, keeps the living patients of whom a clinician
 * would be told something, and of those what the six reads and vital signs can show. The result is committed
 * (src/sandbox/ehr/data), so that nobody needs Java to run the sandbox.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { mavenFiles } from '../src/services/machine/maven.ts';

interface Json {
  [name: string]: unknown;
}
interface Resource extends Json {
  resourceType: string;
  id: string;
}

const root = resolve(import.meta.dirname, '..');
const target = join(root, 'src/sandbox/ehr/data/patients.ndjson');
const patients = 10;
/** The newest of a patient that are kept. */
const kept: Readonly<Record<string, number>> = {
  Encounter: 6,
  Condition: 12,
  MedicationRequest: 12,
  AllergyIntolerance: 12,
  laboratory: 60,
  vital: 16,
};

const scratch = mkdtempSync(join(tmpdir(), 'synthea-'));
try {
  const folder = process.argv[2] ?? (await generate(scratch));
  const bundles = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as { entry: { resource: Resource }[] });
  const chosen = bundles
    .map((bundle) => trimmed(bundle.entry.map(({ resource }) => resource)))
    .filter((records) => records !== undefined)
    .sort((a, b) => b.worth - a.worth)
    .slice(0, patients);
  const lines = chosen.flatMap(({ resources }) => resources.map((resource) => JSON.stringify(resource)));
  writeFileSync(target, `${lines.join('\n')}\n`);
  process.stdout.write(`${chosen.length} patients, ${lines.length} resources, ${Buffer.byteLength(lines.join('\n'))} bytes in ${target}\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function generate(dir: string): Promise<string> {
  const jars = await mavenFiles(join(import.meta.dirname, 'synthea.pom.xml'), join(dir, 'classpath'), (line) =>
    process.stderr.write(`${line}\n`),
  );
  const options = {
    'exporter.fhir.export': 'true',
    'exporter.hospital.fhir.export': 'false',
    'exporter.practitioner.fhir.export': 'false',
    'exporter.years_of_history': '3',
    'exporter.fhir.use_us_core_ig': 'false',
    'exporter.baseDirectory': `${dir}/`,
  };
  const args = ['-Xmx2g', '-cp', jars.join(delimiter), 'App', '-s', '20261101', '-cs', '7', '-r', '20261101', '-p', '120', '-a', '30-85'];
  const done = spawnSync('java', [...args, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])], {
    stdio: 'inherit',
  });
  if (done.status !== 0) throw new Error(`Synthea ended with ${done.status}`);
  return join(dir, 'fhir');
}

function trimmed(all: readonly Resource[]): { worth: number; resources: Resource[] } | undefined {
  const patient = all.find(({ resourceType }) => resourceType === 'Patient');
  if (!patient || patient['deceasedDateTime'] !== undefined) return undefined;
  const of = (type: string) => newest(all.filter(({ resourceType }) => resourceType === type));
  const observed = (category: string) => of('Observation').filter((each) => JSON.stringify(each['category']).includes(`"${category}"`));
  const active = (each: Resource) => each['status'] === 'active' || JSON.stringify(each['clinicalStatus'] ?? '').includes('"active"');
  const parts: readonly (readonly [string, readonly Resource[]])[] = [
    ['Encounter', of('Encounter')],
    ['Condition', of('Condition').filter(active)],
    ['MedicationRequest', of('MedicationRequest').filter((each) => active(each) && each['medicationCodeableConcept'] !== undefined)],
    ['AllergyIntolerance', of('AllergyIntolerance')],
    ['laboratory', observed('laboratory')],
    ['vital', observed('vital-signs')],
  ];
  const counts = Object.fromEntries(parts.map(([name, found]) => [name, found.length]));
  if ((counts['laboratory'] ?? 0) < 10 || (counts['MedicationRequest'] ?? 0) < 1) return undefined;
  const drugs = JSON.stringify(parts[3]?.[1]).match(/penicillin|aspirin|lisinopril|ibuprofen|sulfa/gi)?.length ?? 0;
  const worth = drugs * 1000 + (counts['AllergyIntolerance'] ?? 0) * 20 + (counts['laboratory'] ?? 0);
  return { worth, resources: [patient, ...parts.flatMap(([name, found]) => found.slice(0, kept[name]))].map(slim) };
}

function dateOf(resource: Resource): string {
  const { effectiveDateTime, authoredOn, recordedDate, period } = resource as Json & { period?: { start?: string } };
  return String(effectiveDateTime ?? authoredOn ?? recordedDate ?? period?.start ?? '');
}

function newest(resources: readonly Resource[]): Resource[] {
  return resources.toSorted((a, b) => dateOf(b).localeCompare(dateOf(a)));
}

/** What nothing here reads is left out; references become those of this server. */
function slim(resource: Resource): Resource {
  const left = new Set([
    'text',
    'extension',
    'meta',
    'participant',
    'serviceProvider',
    'requester',
    'recorder',
    'asserter',
    'location',
    'performer',
    'reasonReference',
  ]);
  const out: Json = {};
  for (const [name, value] of Object.entries(resource)) if (!left.has(name)) out[name] = value;
  if (resource.resourceType === 'Patient') out['identifier'] = (resource['identifier'] as Json[]).slice(0, 2);
  const named = Object.fromEntries(
    Object.entries(out).map(([name, value]) => {
      const type = name === 'subject' || name === 'patient' ? 'Patient' : name === 'encounter' ? 'Encounter' : undefined;
      if (type === undefined) return [name, value];
      return [name, { reference: String((value as Json)['reference']).replace(/^urn:uuid:/, `${type}/`) }];
    }),
  );
  return named as Resource;
}
