import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { error } from '../../src/errors/index.ts';
import type { Report } from './report.ts';

export const baselineFile = join(import.meta.dirname, '../baseline.json');
const format = 'aorta-benchmark-baseline/1';

type Ratios = Report['ratios'];
type Rated = Pick<Report, 'workload' | 'ratios'>;

/** Ratios of an earlier run: what stays comparable from one machine to another, as far as anything does. */
export interface Baseline {
  readonly format: typeof format;
  readonly at: string;
  readonly commit: string | null;
  readonly machine: string;
  readonly workloads: Readonly<Record<string, Partial<Ratios>>>;
}

export interface Compared {
  readonly workload: string;
  readonly peer: string;
  readonly figure: keyof Ratios;
  readonly before: number;
  readonly now: number;
  /** Now ÷ then: above 1, Aorta has gained on the peer. */
  readonly change: number;
}

/** Undefined where there is none and none was asked for. Throws AORTA_CFG_001. */
export function readBaseline(file: string | undefined): Baseline | undefined {
  const path = file ?? baselineFile;
  if (file === undefined && !existsSync(path)) return undefined;
  const refuse = (problem: string) => error('AORTA_CFG_001', { problem: `the baseline ${path} ${problem}` });
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw refuse(`cannot be read (${(cause as NodeJS.ErrnoException).code})`);
  }
  let parsed: Partial<Baseline>;
  try {
    parsed = JSON.parse(text) as Partial<Baseline>;
  } catch {
    throw refuse('is not JSON');
  }
  if (parsed?.format !== format || typeof parsed.workloads !== 'object') throw refuse(`is not of the form ${format}`);
  return parsed as Baseline;
}

const figures = ['throughput', 'cpu', 'margin', 'p99'] as const;

/** The ratios that both have. */
export const compared = (reports: readonly Rated[], baseline: Baseline): readonly Compared[] =>
  reports.flatMap(({ workload, ratios }) =>
    figures.flatMap((figure) =>
      Object.entries(ratios[figure]).flatMap(([peer, now]) => {
        const before = baseline.workloads[workload]?.[figure]?.[peer];
        return before === undefined ? [] : [{ workload, peer, figure, before, now, change: Number((now / before).toFixed(3)) }];
      }),
    ),
  );

/** Stores the ratios of this run; those of workloads and peers that it did not measure stay. */
export function saveBaseline(
  reports: readonly Rated[],
  before: Baseline | undefined,
  about: Omit<Baseline, 'format' | 'workloads'>,
  path: string,
): void {
  const workloads: Record<string, Partial<Ratios>> = { ...before?.workloads };
  for (const { workload, ratios } of reports) {
    const old = workloads[workload];
    workloads[workload] = Object.fromEntries(figures.map((figure) => [figure, { ...old?.[figure], ...ratios[figure] }]));
  }
  const baseline: Baseline = { format, ...about, workloads };
  writeFileSync(path, `${JSON.stringify(baseline, null, 2)}\n`);
}
