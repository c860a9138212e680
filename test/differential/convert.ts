import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '../../src/hl7/index.ts';
import { PatientRun } from '../topologies/adt-admissions/run.ts';
import { ResultsRun } from '../topologies/lab-results/run.ts';
import type { Sample } from './messages.ts';
import type { Json } from './normalise.ts';

const types = [
  ...['Patient', 'RelatedPerson', 'Encounter', 'Location', 'AllergyIntolerance', 'Condition'],
  ...['Observation', 'DiagnosticReport', 'Specimen', 'Binary'],
];

/** What our flow writes for a patient's first message. */
export async function ours({ bytes }: Sample): Promise<Json[]> {
  const isResult = parse(bytes).text('MSH-9.1') === 'ORU';
  const run = await (isResult ? new ResultsRun({ zone: 'UTC' }) : new PatientRun({ zone: 'UTC' })).send(bytes);
  return types.flatMap((type) => run.resources<Json>(type));
}

/** What the LinuxForHealth converter makes of all of them, by name: resources, or why there are none. */
export function theirs(samples: readonly Sample[], work: string): Map<string, Json[] | string> {
  const java = new URL('./java/', import.meta.url).pathname;
  const classpath = join(java, 'target/classpath');
  const built = spawnSync('mvn', ['-q', '-B', 'compile', 'dependency:build-classpath', '-Dmdep.outputFile=target/classpath'], {
    cwd: java,
    encoding: 'utf8',
  });
  if (built.status !== 0 || !existsSync(classpath)) throw new Error(`mvn: ${built.stdout}${built.stderr}`);
  const [input, output] = [join(work, 'in'), join(work, 'out')];
  rmSync(work, { recursive: true, force: true });
  for (const folder of [input, output]) mkdirSync(folder, { recursive: true });
  const file = new Map(samples.map(({ name }, index) => [name, String(index).padStart(4, '0')]));
  for (const { name, text } of samples) writeFileSync(join(input, `${file.get(name)}.hl7`), text);
  const ran = spawnSync(
    'java',
    ['-cp', `${join(java, 'target/classes')}:${readFileSync(classpath, 'utf8')}`, 'differential.Convert', input, output, '+00:00'],
    { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  );
  if (ran.status !== 0) throw new Error(`java: ${ran.stderr.slice(-2000)}`);
  return new Map<string, Json[] | string>(
    samples.map(({ name }): [string, Json[] | string] => {
      const bundle = join(output, `${file.get(name)}.json`);
      if (!existsSync(bundle)) return [name, readFileSync(join(output, `${file.get(name)}.error`), 'utf8')];
      const { entry = [] } = JSON.parse(readFileSync(bundle, 'utf8')) as { entry?: { resource: Json }[] };
      return [name, entry.map(({ resource }) => resource)];
    }),
  );
}
