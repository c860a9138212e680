/**
 * `npm run simulate -- [options]`: flows under seeded schedules of crashes, rebalances, lost replies, pauses, slow and
 * failing stores, retention and clock jumps (SEMANTICS.md, "Offsets, hops and owners").
 *
 *   --seeds N        that many seeds (default 1000), from `--from` (default 1)
 *   --seed N         one seed, with its trace
 *   --script FILE    a saved schedule, with its trace
 *   --flow NAME|FILE one of the built-in targets, or a module whose default export is one ({ name, flow, options });
 *                    without it seed n runs target n modulo their number
 *   --jobs N         processes (default 1)
 *   --save DIR       saves the shrunk schedule of each failing seed
 *   --no-shrink, --json
 *
 * Exit code 0: no violation; 3: there was one; 2: the options are wrong. Ctrl-C ends with what was done so far.
 */
import { fork } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { describeSchedule, type Schedule, shrink, simulate, type Violation } from '../src/testing/index.ts';
import { targets } from '../test/testing/targets/index.ts';
import type { Target } from '../test/testing/targets/target.ts';

/** One seed that failed, as a child tells it. */
interface Failure {
  readonly seed: number;
  readonly target: string;
  readonly violations: readonly Violation[];
  readonly schedule: Schedule;
  readonly shrunk: boolean;
}
interface Saved {
  readonly flow: string;
  readonly schedule: Schedule;
}
type Message = { readonly done: number } | { readonly failure: Failure };

const usage = (problem: string): never => {
  process.stderr.write(`simulate: ${problem}; see the head of scripts/simulate.ts\n`);
  process.exit(2);
};

function options() {
  try {
    return parseArgs({
      options: {
        seeds: { type: 'string', default: '1000' },
        from: { type: 'string', default: '1' },
        seed: { type: 'string' },
        script: { type: 'string' },
        flow: { type: 'string' },
        jobs: { type: 'string', default: '1' },
        save: { type: 'string' },
        'no-shrink': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    }).values;
  } catch (cause) {
    return usage((cause as Error).message);
  }
}
const values = options();
const natural = (name: 'seeds' | 'from' | 'seed' | 'jobs'): number => {
  const n = Number(values[name]);
  return Number.isSafeInteger(n) && n >= 0 ? n : usage(`--${name} takes a number, not ${values[name]}`);
};

async function chosen(flow: string | undefined): Promise<(seed: number) => Target> {
  if (flow === undefined) return (seed) => targets[seed % targets.length] as Target;
  const builtIn = targets.find(({ name }) => name === flow);
  if (builtIn) return () => builtIn;
  if (!/\.[cm]?[jt]s$/.test(flow)) return usage(`no flow ${flow}: one of ${targets.map(({ name }) => name).join(', ')}, or a module`);
  const { default: own } = (await import(pathToFileURL(resolve(flow)).href)) as { default: Target };
  if (typeof own?.options?.event !== 'function') return usage(`${flow} has no default export { name, flow, options }`);
  return () => own;
}

// `| head` has read enough.
process.stdout.on('error', () => process.exit(0));
const line = (text: string) => void process.stdout.write(`${text}\n`);

/** A run with everything that happened. */
async function traced(target: Target, seed: number, schedule: Schedule | undefined): Promise<never> {
  const trace: string[] = [];
  const onLine = values.json ? (text: string) => void trace.push(text) : line;
  const result = await simulate(target.flow, { ...target.options, seed, onLine, ...(schedule ? { schedule } : {}) });
  if (values.json) line(JSON.stringify({ flow: target.name, ...result, lines: trace }));
  else {
    line('');
    for (const text of describeSchedule(result.schedule)) line(text);
    for (const { oracle, message } of result.violations) line(`  ${oracle}: ${message}`);
    line(`${target.name}, seed ${result.schedule.seed}: ${result.violations.length} violations, trace ${result.trace}`);
  }
  process.exit(result.violations.length === 0 ? 0 : 3);
}

async function attempt(target: Target, seed: number): Promise<Failure | undefined> {
  const result = await simulate(target.flow, { ...target.options, seed });
  if (result.violations.length === 0) return undefined;
  if (values['no-shrink']) return { seed, target: target.name, violations: result.violations, schedule: result.schedule, shrunk: false };
  const short = await shrink(target.flow, { ...target.options, seed }, result);
  return { seed, target: target.name, violations: short.result.violations, schedule: short.schedule, shrunk: true };
}

function report({ seed, target, violations, schedule, shrunk }: Failure): void {
  const flow = values.flow ?? target;
  if (values.save !== undefined) {
    mkdirSync(values.save, { recursive: true });
    writeFileSync(join(values.save, `${target}-${seed}.json`), `${JSON.stringify({ flow, schedule } satisfies Saved, undefined, 1)}\n`);
  }
  if (values.json) return;
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  line(`seed ${seed} of ${target} failed${shrunk ? ', shrunk to' : ''}:`);
  for (const text of describeSchedule(schedule)) line(`  ${text}`);
  for (const { oracle, message } of violations.slice(0, 10)) line(`  ${oracle}: ${message}`);
  if (violations.length > 10) line(`  … ${violations.length - 10} more`);
  line(`  again: npm run simulate -- --flow ${flow} --seed ${seed}`);
  if (values.save !== undefined) line(`  short: npm run simulate -- --script ${join(values.save, `${target}-${seed}.json`)}`);
}

/** The seeds `from`, `from + step`, … of this process. */
async function work(from: number, until: number, step: number, tell: (message: Message) => void): Promise<void> {
  const of = await chosen(values.flow);
  for (let seed = from; seed < until; seed += step) {
    const failure = await attempt(of(seed), seed);
    if (failure) tell({ failure });
    tell({ done: 1 });
  }
}

async function many(): Promise<void> {
  const from = natural('from');
  const count = natural('seeds');
  const jobs = Math.max(1, Math.min(natural('jobs'), count));
  const started = performance.now();
  const failures: Failure[] = [];
  let done = 0;
  let shown = 0;
  const seconds = () => (performance.now() - started) / 1000;
  const end = () => {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    const rate = (done / seconds()).toFixed(1);
    if (values.json) line(JSON.stringify({ from, seeds: count, done, failed: failures.length, seconds: Math.round(seconds()), failures }));
    else line(`${done} of ${count} seeds from ${from}: ${failures.length} failed, ${seconds().toFixed(0)} s, ${rate} seeds/s`);
    process.exit(failures.length > 0 ? 3 : done < count ? 130 : 0);
  };
  process.on('SIGINT', end);
  const told = (message: Message) => {
    if ('failure' in message) {
      failures.push(message.failure);
      return report(message.failure);
    }
    done += message.done;
    if (!process.stderr.isTTY || performance.now() - shown < 200) return;
    shown = performance.now();
    const rate = done / seconds();
    process.stderr.write(
      `\r\u001b[K${done}/${count}, ${rate.toFixed(1)} seeds/s, ${((count - done) / rate).toFixed(0)} s left, ${failures.length} failed`,
    );
  };
  if (jobs === 1) await work(from, from + count, 1, told);
  else {
    const exits = Array.from({ length: jobs }, (_, i) => {
      const child = fork(import.meta.filename, process.argv.slice(2), { env: { ...process.env, AORTA_SIMULATE_PART: `${i}/${jobs}` } });
      child.on('message', (message) => told(message as Message));
      return new Promise<number>((resolved) => child.once('exit', (code) => resolved(code ?? 1)));
    });
    const codes = await Promise.all(exits);
    if (codes.some((code) => code !== 0)) process.stderr.write('simulate: a process ended early\n');
  }
  end();
}

const part = process.env['AORTA_SIMULATE_PART']?.split('/').map(Number);
if (part && process.send) {
  const [i = 0, jobs = 1] = part;
  const from = natural('from');
  // The parent waits for the last word of each.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(0));
  await work(from + i, from + natural('seeds'), jobs, (message) => process.send?.(message));
  process.disconnect?.();
} else if (values.script !== undefined) {
  const { flow, schedule } = JSON.parse(readFileSync(values.script, 'utf8')) as Saved;
  await traced((await chosen(values.flow ?? flow))(schedule.seed), schedule.seed, schedule);
} else if (values.seed !== undefined) {
  const seed = natural('seed');
  await traced((await chosen(values.flow))(seed), seed, undefined);
} else await many();
