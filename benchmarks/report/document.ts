import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceName } from '../../src/services/service.ts';
import type { StudyReport } from '../contract/study.ts';
import { commit, load, type Machine, machine, serviceVersions } from '../runner/machine.ts';
import type { BenchOptions } from '../runner/options.ts';
import { warmupMs } from '../runner/rate-round.ts';
import { type Baseline, type Compared, compared } from './baseline.ts';
import { page } from './page/page.ts';
import type { Report } from './report.ts';

/** Raised when a reader of the former form would be wrong. */
export const format = 'aorta-benchmark/1';

/** The report of a run, as a file. */
export interface Document {
  readonly format: typeof format;
  readonly name: string;
  /** When it began and ended (ISO 8601). */
  readonly from: string;
  readonly to: string;
  readonly machine: Machine;
  /** Load averages before and after: a machine that does something else measures that. */
  readonly load: { readonly before: readonly number[]; readonly after: readonly number[] };
  readonly commit: ReturnType<typeof commit>;
  readonly versions: Readonly<Record<string, string>>;
  readonly method: {
    readonly rounds: number;
    readonly maxLatenessMs: number;
    readonly warmupMs: number;
    readonly quick: boolean;
  };
  readonly baseline: { readonly at: string; readonly commit: string | null; readonly machine: string } | null;
  readonly comparison: readonly Compared[];
  readonly workloads: readonly Report[];
  /** Workloads that measure in their own way. */
  readonly studies: readonly StudyReport[];
}

/** What is known before a run. */
export const beginning = () => ({ from: new Date().toISOString(), load: load(), commit: commit() });

export async function documentOf(
  reports: readonly Report[],
  studies: readonly StudyReport[],
  options: BenchOptions,
  began: ReturnType<typeof beginning>,
  up: Readonly<Partial<Record<ServiceName, { readonly where: string }>>>,
  baseline: Baseline | undefined,
): Promise<Document> {
  return {
    format,
    name: nameOf(options),
    ...{ from: began.from, to: new Date().toISOString() },
    machine: machine(),
    load: { before: began.load, after: load() },
    commit: began.commit,
    versions: await serviceVersions(up),
    method: { rounds: options.rounds, maxLatenessMs: options.maxLatenessMs, warmupMs, quick: options.quick },
    baseline: baseline ? { at: baseline.at, commit: baseline.commit, machine: baseline.machine } : null,
    comparison: baseline && options.workers === 1 ? compared([...reports, ...studies], baseline) : [],
    workloads: reports,
    studies,
  };
}

export const nameOf = ({ quick, workload }: BenchOptions): string => (quick ? 'quick' : workload);

/** Writes `<name>.json` and `<name>.html`; returns their paths. */
export function write(document: Document, folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const files = [join(folder, `${document.name}.json`), join(folder, `${document.name}.html`)] as const;
  writeFileSync(files[0], `${JSON.stringify(document, null, 1)}\n`);
  writeFileSync(files[1], page(document));
  return files;
}
