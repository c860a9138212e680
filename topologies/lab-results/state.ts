import type { IdentifierKey } from 'aorta/canonical';
import type { Attachment, V2Facts, V2Field } from 'aorta/fhir';
import { comesBefore, type Rank } from './rank.ts';

/** What was last written of a resource. */
export interface Written {
  readonly version: number;
  readonly digest: string;
  readonly identifiers?: readonly IdentifierKey[];
}

/** A result (or specimen) of a report. */
export interface Part extends Written {
  readonly rank: Rank;
  /** Place in the message, for the order of DiagnosticReport.result. */
  readonly place: number;
  /** FHIR status. */
  readonly fhir: string;
  readonly attachments?: readonly Attachment[];
  /** The newest word that it stands as it was sent (OBX-11 U, V): makes a preliminary value final. */
  readonly confirmed?: { readonly rank: Rank; readonly code: string };
  /** Kept until it is final: a confirmation comes without the value. */
  readonly kept?: KeptResult;
}

export interface KeptResult {
  readonly facts: V2Facts;
  readonly order: V2Facts;
  readonly notes: readonly V2Facts[];
  readonly specimen: string | null;
  readonly encounter: string | null;
}

export interface Report {
  readonly rank: Rank;
  readonly facts: V2Facts;
  readonly encounter: string | null;
  readonly written: Written | null;
  readonly results: { readonly [key: string]: Part };
  readonly specimens: { readonly [key: string]: Part };
}

/** What the actor keeps of a patient. Bounded: see `limits`. Values are not kept, only which of them count. */
export interface ResultsState {
  readonly reports: { readonly [key: string]: Report };
  /** Reports let go: nothing at or before `until` overwrites what is stored; versions go on above `version`. */
  readonly horizon: { readonly until: Rank; readonly version: number };
  /** Natural keys of the newest messages: the same message under another control id. */
  readonly seen: readonly string[];
  /** Patient (``) and encounters that were put as placeholders already. */
  readonly placeholders: readonly string[];
  /** PID-3 of the patient's messages (CX). */
  readonly numbers: V2Field;
  /** Patients who were merged into this one, by id. */
  readonly merged: { readonly [patient: string]: ResultsState };
  /** Added to offsets: see `shiftFrom`. */
  readonly shift: number;
}

export const noResults: ResultsState = {
  reports: {},
  horizon: { until: [-1, -1, -1, -1], version: 0 },
  seen: [],
  placeholders: [],
  numbers: [],
  merged: {},
  shift: 0,
};

/** Beyond them the longest unchanged reports are let go; `kept`: characters of a preliminary result that is kept whole. */
export const limits = { reports: 48, parts: 2_000, seen: 256, placeholders: 64, kept: 64 * 1024 };

const partsOf = (report: Report): number => Object.keys(report.results).length + Object.keys(report.specimens).length;

const newest = (report: Report): Rank =>
  [...Object.values(report.results), ...Object.values(report.specimens)].reduce((max, part) => later(max, part.rank), report.rank);

/** By time: `until` is about what may still come. */
const timed = ([, ...rest]: Rank): Rank => [0, ...rest] as unknown as Rank;
const later = (a: Rank, b: Rank): Rank => (comesBefore(timed(a), timed(b)) ? timed(b) : timed(a));

const highest = (report: Report): number =>
  Math.max(
    report.written?.version ?? 0,
    ...[...Object.values(report.results), ...Object.values(report.specimens)].map(({ version }) => version),
  );

/** Lets the longest unchanged reports go until the rest is within limits; those of this message stay. */
export function letGo(state: ResultsState, current: ReadonlySet<string>): ResultsState {
  let parts = Object.values(state.reports).reduce((sum, report) => sum + partsOf(report), 0);
  let count = Object.keys(state.reports).length;
  if (count <= limits.reports && parts <= limits.parts) return state;
  const reports: Record<string, Report> = { ...state.reports };
  let { until, version } = state.horizon;
  const oldest = Object.entries(state.reports)
    .filter(([key]) => !current.has(key))
    .map(([key, report]) => ({ key, report, rank: newest(report) }))
    .sort((a, b) => (comesBefore(timed(a.rank), timed(b.rank)) ? -1 : 1));
  for (const { key, report, rank } of oldest) {
    if (count <= limits.reports && parts <= limits.parts) break;
    delete reports[key];
    parts -= partsOf(report);
    count--;
    until = later(until, rank);
    version = Math.max(version, highest(report));
  }
  return { ...state, reports, horizon: { until, version } };
}

/** Too old to overwrite anything: its report may be one that was let go. */
export const isBeyond = (state: ResultsState, rank: Rank): boolean => !comesBefore(state.horizon.until, timed(rank));
