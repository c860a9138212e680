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
  /** Why it could not be run here; it neither passed nor failed. */
  readonly notRun?: string;
}

export interface About {
  readonly commit: string;
  readonly machine: string;
  readonly date: string;
  readonly minutes: number;
  readonly scale: number;
  readonly rate: number;
  readonly patients: number;
}

const begin = '<!-- rows -->\n';
const end = '<!-- rows end -->';
const cell = (text: string) => text.split('\n')[0]?.replaceAll('|', '\\|').slice(0, 300) ?? '';

/** The table of a run, in Markdown. */
export function report(lines: readonly Line[], pending: readonly Pending[], about: About): string {
  const passed = lines.filter((line) => line.problem === undefined && line.notRun === undefined).length;
  const head = `Commit ${about.commit}, ${about.date}, ${about.machine}. ${passed} of ${lines.length} rows passed in ${about.minutes.toFixed(0)} min; scale ${about.scale}, ${about.rate} entries/s, ${about.patients} patients.\n\n`;
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

/** The document with this report in the place of the last one. */
export function replaced(document: string, text: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no place for the rows (${begin.trim()} … ${end})`);
  return `${document.slice(0, from + begin.length)}${text}${document.slice(to)}`;
}

/** `slowestStopMs` → `slowest stop ms`. */
const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
