import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
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

/**
 * What the LinuxForHealth converter makes of all of them, by name: resources, or why there are none. `work` keeps its
 * output: with the same messages there already it is not run again.
 */
export function theirs(samples: readonly Sample[], work: string): Map<string, Json[] | string> {
  const [input, output, done] = [join(work, 'in'), join(work, 'out'), join(work, 'done')];
  const file = new Map(samples.map(({ name }, index) => [name, String(index).padStart(4, '0')]));
  const digest = createHash('sha256')
    .update(JSON.stringify(samples.map(({ name, text }) => [name, text])))
    .digest('hex');
  if (!existsSync(done) || readFileSync(done, 'utf8') !== digest) {
    rmSync(work, { recursive: true, force: true });
    for (const folder of [input, output]) mkdirSync(folder, { recursive: true });
    for (const { name, text } of samples) writeFileSync(join(input, `${file.get(name)}.hl7`), text);
    runConverter(input, output);
    writeFileSync(done, digest);
  }
  return new Map<string, Json[] | string>(
    samples.map(({ name }): [string, Json[] | string] => {
      const bundle = join(output, `${file.get(name)}.json`);
      if (!existsSync(bundle)) return [name, readFileSync(join(output, `${file.get(name)}.error`), 'utf8')];
      const { entry = [] } = JSON.parse(readFileSync(bundle, 'utf8')) as { entry?: { resource: Json }[] };
      return [name, entry.map(({ resource }) => resource)];
    }),
  );
}

function runConverter(input: string, output: string): void {
  const java = new URL('./java/', import.meta.url).pathname;
  const classpath = join(java, 'target/classpath');
  const goals = ['-q', '-B', 'compile', 'dependency:build-classpath', '-Dmdep.outputFile=target/classpath'];
  const built = spawnSync('mvn', goals, { cwd: java, encoding: 'utf8' });
  if (built.status !== 0 || !existsSync(classpath)) throw new Error(`mvn: ${built.stdout}${built.stderr}`);
  const classes = `${join(java, 'target/classes')}:${readFileSync(classpath, 'utf8')}`;
  const ran = spawnSync('java', ['-cp', classes, 'differential.Convert', input, output, '+00:00'], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (ran.status !== 0) throw new Error(`java: ${ran.stderr.slice(-2000)}`);
}
