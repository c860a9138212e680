/**
 * The fault tests in their long form, one after the other, with a report.
 *
 *   node test/fault/run.ts [--rounds 50] [--only kill,stop,kill-one-of-two,freeze-one-of-two,outage] [--report docs/reliability.md]
 *
 * Needs the services of `aorta services env`. Each figure is one real run on real processes; the seed repeats its
 * messages and moments (FAULT_SEED), though not the machine's own timing.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { outage } from './dependencies.ts';
import { killRounds } from './kill.ts';
import { stopRounds } from './sigterm.ts';
import { freezeOneOfTwo, killOneOfTwo } from './two-workers.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '50' }, only: { type: 'string' }, report: { type: 'string' } },
});
const rounds = Number(values.rounds);
const only = values.only?.split(',');

interface Line {
  readonly fault: string;
  readonly profile: string;
  readonly seed: number;
  readonly result: string;
}

const t = { diagnostic: (text: string) => void process.stderr.write(`  ${text}\n`) };
const lines: Line[] = [];
let failed = 0;

async function run<F extends { readonly seed: number }>(
  name: string,
  fault: string,
  profile: string,
  work: () => Promise<F>,
  tell: (figures: F) => string,
) {
  if (only && !only.includes(name)) return;
  process.stderr.write(`${fault} (${profile})\n`);
  try {
    const figures = await work();
    lines.push({ fault, profile, seed: figures.seed, result: tell(figures) });
  } catch (thrown) {
    failed++;
    lines.push({ fault, profile, seed: 0, result: `FAILED: ${String((thrown as Error).message).split('\n')[0]}` });
    process.stderr.write(`${(thrown as Error).stack}\n`);
  }
}

const many = Math.max(40, rounds * 8);
const range = (ms: readonly number[]) => `${Math.min(...ms)} to ${Math.max(...ms)} ms`;

for (const profile of ['embedded', 'kafka'] as const) {
  await run(
    'kill',
    `kill -9 under load, ${rounds} times`,
    profile,
    () => killRounds(t, profile, { rounds, messagesEach: many }),
    (f) =>
      `${f.messages} messages accepted, each in the timeline once; ${f.duplicates} sent again and recognised; ready again in ${range(f.readyMs)}`,
  );
  await run(
    'stop',
    `SIGTERM under load, ${rounds} times`,
    profile,
    () => stopRounds(t, profile, { rounds, messagesEach: many }),
    (f) => `exit code 0 each time, in ${range(f.stopMs)}; ${f.messages} messages, each handled once`,
  );
}
const few = Math.max(2, Math.ceil(rounds / 10));
await run(
  'kill-one-of-two',
  `two workers, one killed, ${few} times`,
  'kafka',
  () => killOneOfTwo(t, few, many),
  () => 'taken over each time; nothing lost, nothing twice',
);
await run(
  'freeze-one-of-two',
  `two workers, one stopped past its session, ${few} times`,
  'kafka',
  () => freezeOneOfTwo(t, few, many),
  (f) => `both go on each time; ${f.fenced} late groups refused`,
);
for (const [dependency, way] of [
  ['postgres', 'SIGQUIT'],
  ['kafka', 'SIGTERM'],
  ['kafka', 'SIGKILL'],
  ['kafka', 'SIGSTOP'],
  ['registry', 'SIGTERM'],
] as const) {
  await run(
    'outage',
    `${dependency} away under load (${way})`,
    'kafka',
    () => outage(t, dependency, way),
    (f) => `resumed ${f.resumedMs} ms after it was back; /readyz: ${f.problems.join() || 'ready'}; answers ${JSON.stringify(f.answers)}`,
  );
}

const table = [
  '| fault | profile | result | seed |',
  '|---|---|---|---|',
  ...lines.map((l) => `| ${l.fault} | ${l.profile} | ${l.result} | ${l.seed || ''} |`),
].join('\n');
process.stdout.write(`${table}\n`);
if (values.report) {
  const file = resolve(values.report);
  const commit = process.env['COMMIT'] ?? execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const [before, , after] = readFileSync(file, 'utf8').split(/<!-- figures(?: end)? -->\n/);
  const head = `Commit ${commit}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}; ${rounds} rounds.\n\n`;
  writeFileSync(file, `${before}<!-- figures -->\n${head}${table}\n<!-- figures end -->\n${after ?? ''}`);
}
process.exitCode = failed === 0 ? 0 : 1;
