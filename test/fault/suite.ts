/**
 * `npm run test:faults`: the rows of the fault table on real processes and services, and their report.
 *
 *   node test/fault/suite.ts [--rows R01,R07] [--scale 1] [--rate 1000] [--patients 5000] [--report docs/reliability.md]
 *
 * `--scale` shortens durations and counts. Services that are not up are started, and stopped again. FAULT_SEED repeats
 * the choices of a run, though not the machine's own timing. Exit code 1 when a row fails. `--report` puts the table into
 * that document and, of a run of all rows, a line to its history. What is left is told by how long rows took in the last report.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { servicesDown } from '../../src/services/down.ts';
import { type ServiceName, variableOf } from '../../src/services/service.ts';
import { servicesUp } from '../../src/services/up.ts';
import { AnomaliesFound } from './list/anomalies.ts';
import { type Line, replaced, report, runLine, secondsBefore } from './report.ts';
import { pending, rows } from './rows/index.ts';
import { NotRun, runRow } from './rows/row.ts';
import { chance } from './support/chance.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    scale: { type: 'string', default: '1' },
    rate: { type: 'string', default: '1000' },
    patients: { type: 'string', default: '5000' },
    report: { type: 'string' },
  },
});
const positive = (name: 'scale' | 'rate' | 'patients'): number => {
  const value = Number(values[name]);
  if (!(value > 0)) throw new Error(`--${name} is a number above 0, not ${values[name]}`);
  return value;
};
const [scale, rate, patients] = [positive('scale'), positive('rate'), positive('patients')];
const wanted = values.rows?.split(',');
for (const id of wanted ?? [])
  if (!rows.some((row) => row.id === id)) throw new Error(`${id} is no row that runs: ${rows.map((row) => row.id)}`);

// An interrupted run still has workers and brokers to end.
const interruption = Promise.withResolvers<never>();
interruption.promise.catch(() => {});
let interrupted: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted ??= signal;
    interruption.reject(new Error(`interrupted by ${signal}`));
  });
}

const say = (text: string) => void process.stderr.write(`${text}\n`);
const started: ServiceName[] = [];
const begun = performance.now();
const startLoad = loadavg()[0] ?? 0;
const lines: Line[] = [];
const chosen = rows.filter(({ id }) => !wanted || wanted.includes(id));
const document = resolve(values.report ?? join(import.meta.dirname, '../../docs/reliability.md'));
const took = secondsBefore(readFileSync(document, 'utf8'));
const minutes = (seconds: number) => `${(seconds / 60).toFixed(1)} min`;
/** Seconds that the rows from `n` on will take, as far as the last report or this run tell. */
const left = (n: number): number => {
  const mean = lines.length > 0 ? lines.reduce((sum, line) => sum + line.seconds, 0) / lines.length : 50 * scale;
  return chosen.slice(n).reduce((sum, { id }) => sum + (took.get(id) ?? mean), 0);
};
try {
  const up = await servicesUp({
    say: (service, line) => say(`${service.padEnd(9)} ${line}`),
    onStarted: (service) => started.push(service),
  });
  for (const [name, service] of Object.entries(up)) process.env[variableOf[name as ServiceName]] = service.url;
  for (const [n, row] of chosen.entries()) {
    if (interrupted) break;
    const random = chance();
    say(`[${n + 1} of ${chosen.length}, ${minutes((performance.now() - begun) / 1000)} gone, about ${minutes(left(n))} left]`);
    say(`${row.id} ${row.promise}: ${row.fault} (FAULT_SEED=${random.seed})`);
    const from = performance.now();
    const line = { id: row.id, promise: row.promise, fault: row.fault, pass: row.pass, seed: random.seed };
    try {
      const figures = await runRow(row, {
        random,
        scale,
        rate,
        patients,
        note: (text) => say(`  ${text}`),
        interrupted: interruption.promise,
      });
      lines.push({ ...line, figures, seconds: (performance.now() - from) / 1000 });
      say(`  passed: ${JSON.stringify(figures)}`);
    } catch (thrown) {
      if (thrown instanceof NotRun) {
        say(`  not run: ${thrown.message}`);
        lines.push({ ...line, notRun: thrown.message, seconds: (performance.now() - from) / 1000 });
        continue;
      }
      const problem = thrown instanceof Error ? thrown.message : String(thrown);
      const counts = thrown instanceof AnomaliesFound ? { counts: thrown.counts } : {};
      lines.push({ ...line, problem, ...counts, seconds: (performance.now() - from) / 1000 });
      say(`  FAILED: ${thrown instanceof Error ? thrown.stack : problem}`);
    }
  }
} finally {
  if (started.length > 0) await servicesDown({ only: started, say: (service, line) => say(`${service.padEnd(9)} ${line}`) });
}

const commit = process.env['COMMIT'] ?? execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
const about = {
  commit,
  machine: `${cpus().length} cores, Node ${process.version}`,
  date: new Date().toISOString().slice(0, 10),
  minutes: (performance.now() - begun) / 60_000,
  load: { start: startLoad, end: loadavg()[0] ?? 0 },
  ...{ scale, rate, patients },
};
const text = report(lines, wanted ? [] : pending, about);
process.stdout.write(text);
if (values.report && !interrupted) {
  // A run of some rows is none of the history.
  writeFileSync(document, replaced(readFileSync(document, 'utf8'), text, wanted ? undefined : runLine(lines, about)));
  execFileSync(resolve(import.meta.dirname, '../../node_modules/.bin/biome'), ['format', '--write', document]);
}
// Left to itself Node 24.21 may never end: it waits for a handle in Environment::CleanupHandles, at full speed (seen once in a run of 39 min).
process.exit(lines.length > 0 && lines.every((line) => line.problem === undefined) ? 0 : 1);
