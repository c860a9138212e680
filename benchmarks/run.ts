/** `npm run bench -- <workload>`: see `help.ts`, and docs/performance.md for the method. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AortaError } from '../src/errors/index.ts';
import { servicesDown } from '../src/services/down.ts';
import { type ServiceName, variableOf } from '../src/services/service.ts';
import { servicesUp } from '../src/services/up.ts';
import { loadPeers } from './contract/peers.ts';
import type { Study, StudyReport } from './contract/study.ts';
import { loadStudies, loadWorkloads } from './contract/workloads.ts';
import { baselineFile, readBaseline, saveBaseline } from './report/baseline.ts';
import { beginning, type Document, documentOf, nameOf, write } from './report/document.ts';
import { exitCode } from './report/exit-code.ts';
import { type Report, report } from './report/report.ts';
import { failedStudy, studyReport, studyTable } from './report/study.ts';
import { table } from './report/table.ts';
import { help } from './runner/help.ts';
import { lineUp, withPeers } from './runner/line-up.ts';
import { Measurement, stepsOf } from './runner/measure.ts';
import { type BenchOptions, benchOptions } from './runner/options.ts';
import { minutes, Progress } from './runner/progress.ts';
import { selectionOf, studiesOf } from './runner/selection.ts';

const progress = new Progress(process.stderr);
const started: ServiceName[] = [];
const interrupt = new AbortController();
process.once('SIGINT', () => {
  progress.say('stopping: topics, databases and services of this run go; once more ends at once');
  interrupt.abort();
});

async function bench(options: BenchOptions): Promise<void> {
  const began = beginning();
  const baseline = readBaseline(options.saveBaseline ? existing(options.baseline) : options.baseline);
  const [workloads, allStudies, peers] = await Promise.all([loadWorkloads(), loadStudies(), loadPeers()]);
  // Names are checked before anything is started.
  const studies = studiesOf(allStudies, workloads, options);
  const selection = withPeers(
    selectionOf(workloads, options),
    peers,
    studies.flatMap(({ peers: names }) => names),
  );
  progress.say('looking at the peers (some are built, the first time)');
  const lineUps = await Promise.all(
    selection.map(async (of) => ({ ...of, lineUp: await lineUp(of.workload, peers, of.peers, of.settings.workers) })),
  );
  const needed = lineUps.length > 0 || studies.some(({ study }) => study.services);
  const up = needed
    ? await servicesUp({ say: (name, line) => progress.say(`${name.padEnd(9)} ${line}`), onStarted: (name) => started.push(name) })
    : {};
  for (const [name, { url }] of Object.entries(up)) process.env[variableOf[name as ServiceName]] = url;
  for (const { workload, settings, lineUp: line } of lineUps) {
    const { backlog, larger, rate } = stepsOf(workload, settings, line.peers.length);
    progress.expect(backlog.kind, backlog.count, settings.duration / 2 + 4);
    progress.expect(larger.kind, larger.count, settings.duration + 4);
    progress.expect(rate.kind, rate.count, settings.rateSeconds + 14);
    for (const [name, reason] of Object.entries(line.missing)) progress.say(`${workload.name}: ${name} is missing: ${reason}`);
  }
  if (lineUps.length > 0) progress.say(`about ${minutes(progress.seconds())}, as a first guess`);
  const reports: Report[] = [];
  for (const { workload, settings, lineUp: line } of lineUps)
    reports.push(report(await new Measurement(workload, settings, line, progress, interrupt.signal).run(), options.quick));
  const studied: StudyReport[] = [];
  for (const { study, peers: asked } of studies) studied.push(await studyOf(study, asked, options));
  if (interrupt.signal.aborted) {
    // Half a run is no report.
    process.exitCode = 130;
    return;
  }
  const document = await documentOf(reports, studied, options, began, up, baseline);
  const folder = options.out ?? (options.quick ? undefined : standard);
  if (folder !== undefined) for (const file of write(document, folder)) progress.say(`wrote ${file}`);
  if (options.saveBaseline) {
    const path = options.baseline ?? baselineFile;
    const { from: at, machine: on, commit: of } = document;
    saveBaseline([...reports, ...studied], baseline, { at, commit: of?.id ?? null, machine: `${on.cores} × ${on.cpu}` }, path);
    progress.say(`wrote ${path}`);
  }
  finish(reports, studied, document, options);
}

/** One that fails ends nothing but itself: the others are measured. */
async function studyOf(study: Study, peers: readonly string[], options: BenchOptions): Promise<StudyReport> {
  if (interrupt.signal.aborted) return failedStudy(study, 'the run was interrupted');
  progress.say(`${study.name}: ${study.what}`);
  try {
    return studyReport(study, await study.measure({ options, peers, own: options.own, progress, signal: interrupt.signal }));
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    progress.say(`  ${study.name} failed: ${reason}`);
    return failedStudy(study, reason);
  }
}

const standard = join(import.meta.dirname, '../docs/benchmarks');
/** A baseline that is about to be written need not be there yet. */
const existing = (file: string | undefined): string | undefined => (file !== undefined && existsSync(file) ? file : undefined);

/** Rounds, curves and histograms are in the file. */
const brief = (key: string, value: unknown): unknown =>
  ['rounds', 'largerRounds', 'rateRounds', 'curve', 'histogram', 'plots'].includes(key) && typeof value !== 'number' ? undefined : value;

function finish(reports: readonly Report[], studies: readonly StudyReport[], { comparison }: Document, options: BenchOptions): void {
  if (!options.json) for (const one of reports) process.stdout.write(`\n${table(one)}\n`);
  if (!options.json) for (const one of studies) process.stdout.write(`\n${studyTable(one)}\n`);
  if (!options.json)
    for (const { workload, peer, figure, before, now, change } of comparison)
      process.stdout.write(
        `baseline: ${workload} ${figure} beside ${peer} ${before.toFixed(2)}× then, ${now.toFixed(2)}× now (${change.toFixed(2)})\n`,
      );
  const all = [...reports, ...studies];
  const [only] = all;
  const last = all.length === 1 && only ? only : { workload: nameOf(options), workloads: all };
  process.stdout.write(`${options.json ? '' : '\n'}${JSON.stringify(last, brief)}\n`);
  process.exitCode = exitCode(reports, options.check, studies);
}

try {
  const options = benchOptions(process.argv.slice(2));
  if (!options) process.stdout.write(help(await loadWorkloads(), await loadStudies(), await loadPeers()));
  else await bench(options);
} catch (thrown) {
  progress.say(`aorta: ${thrown instanceof AortaError ? thrown.message : String((thrown as Error).stack)}`);
  process.exitCode = 1;
} finally {
  if (started.length > 0) await servicesDown({ only: started });
}
