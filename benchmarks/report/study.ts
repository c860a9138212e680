import type { Measured, Study, StudyReport } from '../contract/study.ts';
import { judged } from './gates.ts';
import { columns } from './table.ts';

export function studyReport({ name, what }: Pick<Study, 'name' | 'what'>, measured: Measured): StudyReport {
  const ratios = { throughput: {}, cpu: {}, margin: {}, p99: {}, ...measured.ratios };
  return {
    ...{ workload: name, what },
    ...{ versions: {}, missing: {}, notes: [], broken: [], ...measured },
    ratios,
    gates: judged(name, ratios, false),
  };
}

/** One that failed is shown with the reason, as a peer is. */
export const failedStudy = (study: Study, reason: string): StudyReport =>
  studyReport(study, { settings: {}, tables: [], plots: [], figures: null, missing: { aorta: `failed: ${reason}` } });

/** The report for people. */
export function studyTable({ workload, what, tables, gates, missing, notes, broken }: StudyReport): string {
  return [
    `${workload}: ${what}`,
    ...tables.flatMap(({ title, head, rows }) => ['', title, columns([head, ...rows])]),
    '',
    ...gates
      .filter(({ ratio }) => ratio !== null)
      .map(
        ({ peer, figure, ratio, goal, verdict }) => `${figure} beside ${peer}: ${ratio?.toFixed(2)}×, goal ${goal.toFixed(2)}: ${verdict}`,
      ),
    ...broken.map((line) => `BROKEN: ${line}`),
    ...Object.entries(missing).map(([name, reason]) => `missing: ${name} (${reason.split('\n')[0]})`),
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}
