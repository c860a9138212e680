import { appendFileSync } from 'node:fs';

/**
 * The patient of the suite's fixtures: in data, and nowhere else. Whatever a test gathers of logs, metrics and problem
 * documents is looked through for these words; words that a test adds begin like them.
 */
export const canary = {
  family: 'ZZCANARYFAMILY',
  given: 'ZZCANARYGIVEN',
  /** A number of its own for each patient: this comes first. */
  mrn: 'ZZCANARYMRN',
  phone: '031 999 66 77',
} as const;

const words = /ZZCANARY\w*|(?:\+41 ?|0)31 ?999 ?66 ?77/;

/** Around the first of these words in an output; undefined: there is none. */
export function leakIn(text: string): string | undefined {
  const found = words.exec(text);
  return found ? text.slice(Math.max(0, found.index - 150), found.index + 100) : undefined;
}

/** Where `npm test` finds out: it fails the run, whatever the test says that saw it. */
export const leaksVariable = 'AORTA_TEST_LEAKS';

/** Looks through an output of the product: `where` says which. Without `npm test` a leak is thrown. */
export function lookThrough(where: string, text: string): void {
  const leak = leakIn(text);
  if (leak === undefined) return;
  const said = `${where}, in ${process.argv[1] ?? 'a test'}: …${leak.replaceAll('\n', '⏎')}…`;
  const file = process.env[leaksVariable];
  if (file === undefined) throw new Error(`PHI in ${said}`);
  appendFileSync(file, `${said}\n`);
}

/** Where a product in this process writes its log lines: they are kept, and looked through. */
export const watched = (lines: string[]) => ({
  write(line: string): void {
    lines.push(line);
    lookThrough('a log line', line);
  },
});

/** An answer over HTTP, as far as it is of those that say nothing of a patient: problem documents, metrics. */
export function lookThroughAnswer(path: string, type: string, text: string): void {
  if (type.includes('problem+json')) lookThrough('a problem document', text);
  else if (path === '/metrics') lookThrough('metrics', text);
}
