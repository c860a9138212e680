import type { AnomalyCount } from './list/anomalies.ts';
import type { Figures, Pending } from './rows/row.ts';

export interface Line {
  readonly id: string;
  readonly promise: string;
  readonly fault: string;
  readonly pass: string;
  readonly seed: number;
  readonly seconds: number;
  /** Absent: it failed. */
  readonly figures?: Figures;
  readonly problem?: string;
  /** What the query found, where a row failed by it. */
  readonly counts?: readonly AnomalyCount[];
  /** Why it could not be run here; it neither passed nor failed. */
  readonly notRun?: string;
}

export interface About {
  readonly commit: string;
  readonly machine: string;
  readonly date: string;
  readonly minutes: number;
  /** Load average of the last minute, before the first row and after the last. */
  readonly load: { readonly start: number; readonly end: number };
  readonly scale: number;
  readonly rate: number;
  readonly patients: number;
}

const cell = (text: string) => text.split('\n')[0]?.replaceAll('|', '\\|').slice(0, 300) ?? '';

/** The table of a run, in Markdown. */
export function report(lines: readonly Line[], pending: readonly Pending[], about: About): string {
  const passed = lines.filter((line) => line.problem === undefined && line.notRun === undefined).length;
  const head = `Commit ${about.commit}, ${about.date}, ${about.machine}, load ${about.load.start.toFixed(1)} at the start and ${about.load.end.toFixed(1)} at the end. ${passed} of ${lines.length} rows passed in ${about.minutes.toFixed(0)} min; scale ${about.scale}, ${about.rate} entries/s, ${about.patients} patients.\n\n`;
  const table = lines.map((line) => {
    const figures = Object.entries(line.figures ?? {}).map(([name, value]) => `${words(name)} ${value}`);
    const result = line.notRun !== undefined ? 'not run' : line.problem === undefined ? 'passed' : 'FAILED';
    return `| ${line.id} | ${cell(line.promise)} | ${cell(line.fault)} | ${cell(line.pass)} | ${result} | ${cell(line.problem ?? line.notRun ?? figures.join('; '))} | ${line.seconds.toFixed(0)} | ${line.seed} |`;
  });
  const not = pending.map((row) => `| ${row.id} | ${cell(row.promise)} | ${cell(row.reason)} |`);
  return [
    head,
    '| row | promise | fault | pass, besides lost, duplicate, reordered, torn = 0 | result | figures | seconds | seed |\n|---|---|---|---|---|---|---|---|\n',
    ...table.map((line) => `${line}\n`),
    ...(not.length > 0 ? ['\nNot in this run:\n\n| row | promise | why |\n|---|---|---|\n', ...not.map((line) => `${line}\n`)] : []),
  ].join('');
}

/** One line for the history: what was sent in all rows, and what the query found over all of them. */
export function runLine(lines: readonly Line[], about: About): string {
  const failed = lines.filter((line) => line.problem !== undefined);
  const sent = lines.reduce((sum, line) => sum + Number(line.figures?.['sent'] ?? 0), 0);
  const count = (...kinds: readonly AnomalyCount['kind'][]) =>
    lines.flatMap((line) => line.counts ?? []).reduce((sum, each) => sum + (kinds.includes(each.kind) ? each.count : 0), 0);
  return `| ${[
    about.commit,
    about.date,
    about.scale,
    about.minutes.toFixed(1),
    `${about.load.start.toFixed(1)} → ${about.load.end.toFixed(1)}`,
    lines.filter((line) => line.problem === undefined && line.notRun === undefined).length,
    failed.length === 0 ? 0 : `${failed.length} (${failed.map(({ id }) => id).join(' ')})`,
    lines.filter((line) => line.notRun !== undefined).length,
    sent,
    count('lost', 'emission lost'),
    count('duplicate', 'emission twice', 'invented'),
    count('reordered', 'emission reordered'),
    count('torn', 'two owners'),
  ].join(' | ')} |\n`;
}

const runsHead =
  '| commit | date | scale | minutes | load | passed | failed | not run | entries sent | lost | duplicate | out of order | torn |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n';

/** The document with this report in the place of the last one, and the line of a full run under those before. */
export function replaced(document: string, text: string, line?: string): string {
  const rows = inside(document, 'rows', () => text);
  if (line === undefined) return rows;
  return inside(rows, 'runs', (before) => `${before.includes('| commit') ? before.trimEnd() : `\n${runsHead}`.trimEnd()}\n${line}`);
}

function inside(document: string, name: string, change: (before: string) => string): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- ${name} end -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no place for the ${name} (${begin.trim()} … ${end})`);
  const at = from + begin.length;
  return `${document.slice(0, at)}${change(document.slice(at, to))}${document.slice(to)}`;
}

/** Seconds that each row took in the report of this document: the last column but one. */
export function secondsBefore(document: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [, id = '', seconds] of document.matchAll(/^\| (R\d\d) \|.*\| *(\d+) *\| *\d+ *\|$/gm)) found.set(id, Number(seconds));
  return found;
}

/** `slowestStopMs` → `slowest stop ms`. */
const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
