import type { Report } from '../report/report.ts';
import type { BenchOptions } from '../runner/options.ts';
import type { Progress } from '../runner/progress.ts';

/** A workload of another shape than rounds of peers on one backlog: it measures in its own way, and reports tables and plots. */
export interface Study {
  readonly name: string;
  /** One line for help and report. */
  readonly what: string;
  /** Needs Kafka, registry and PostgreSQL of the run. */
  readonly services: boolean;
  /** What it can measure beside Aorta. */
  readonly peers: readonly string[];
  /** Flags of its own, given after `--`, for help; none: it takes none. */
  readonly flags?: string;
  measure(given: Given): Promise<Measured>;
}

export interface Given {
  readonly options: BenchOptions;
  /** Peers beside Aorta that were asked for; empty: all. */
  readonly peers: readonly string[];
  /** What stood after `--`. */
  readonly own: readonly string[];
  readonly progress: Progress;
  /** From its abort on, a study ends its processes and comes back. */
  readonly signal: AbortSignal;
}

export interface Measured {
  /** What it was measured with, for a reader. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  /** The figures for programs: JSON. */
  readonly figures: unknown;
  /** Above 1 is better for Aorta, as everywhere. */
  readonly ratios?: Partial<Report['ratios']>;
  readonly versions?: Readonly<Record<string, string>>;
  /** Peers that could not run or failed (`failed: …`), with the reason. */
  readonly missing?: Readonly<Record<string, string>>;
  readonly notes?: readonly string[];
  /** Where an output was not what it must be: exit code 3. */
  readonly broken?: readonly string[];
}

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export type Plot = BarPlot | LinePlot;

export interface BarPlot {
  readonly kind: 'bars';
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly { readonly name: string; readonly value: number; readonly spread: readonly [number, number] }[];
}

export interface LinePlot {
  readonly kind: 'lines';
  readonly title: string;
  readonly note: string;
  readonly x: { readonly label: string; readonly logarithmic?: boolean };
  readonly y: { readonly label: string; readonly logarithmic?: boolean };
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
}

/** What a run reports of a study. */
export interface StudyReport extends Required<Omit<Measured, 'ratios'>> {
  readonly workload: string;
  readonly what: string;
  readonly ratios: Report['ratios'];
  readonly gates: Report['gates'];
}
