/**
 * `npm test [-- files, globs, directories, or node --test options]`: starts the services that are not up, runs the tests on them, and stops
 * what it started, whatever happens. The last line is `N passed, N failed`.
 * A run also fails when the patient of the fixtures (test/support/canary.ts) stands in a log line, metrics or a problem document.
 * What tests draw by chance comes from one seed, `FUZZ_SEED` (a number, or `random`): see test/support/seed.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AortaError, type ErrorSpec, errorTable } from '../src/errors/index.ts';
import { servicesDown } from '../src/services/down.ts';
import { type ServiceName, variableOf } from '../src/services/service.ts';
import { servicesUp } from '../src/services/up.ts';
import { leaksVariable } from '../test/support/canary.ts';
import { chromiumPath } from '../test/support/chromium.ts';
import { defaultSeed, fuzzSeed } from '../test/support/seed.ts';

const root = resolve(import.meta.dirname, '..');
process.chdir(root);

const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const files = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
/** A directory means the tests below it; node:test would take it for a module. */
const testsOf = (path: string) => (statSync(path).isDirectory() ? globSync(`${path}/**/*.test.ts`) : [path]);
const chosen = (files.length > 0 ? files : ['test'])
  .flatMap((pattern) => globSync(pattern))
  .flatMap(testsOf)
  .sort();
if (chosen.length === 0) {
  process.stderr.write(`npm test: there is no test at ${files.join(' ')}\n`);
  process.exit(1);
}
const started: ServiceName[] = [];
let interrupted: NodeJS.Signals | undefined;
let tests: ChildProcess | undefined;
const scratch = mkdtempSync(join(tmpdir(), 'aorta-test-'));

// An interrupted run still has services to stop: it ends through `finally` below, never at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted ??= signal;
    tests?.kill(signal);
  });
}

process.exitCode = 1;
try {
  const env = await startServices();
  if (interrupted !== undefined) throw new Error(`interrupted by ${interrupted}`);
  // Installed here, where it may take its time, and not within a test's time-out.
  if (chosen.some((file) => file.startsWith('test/browser/'))) await chromiumPath();
  const seed = fuzzSeed();
  const counts = await runTests({ ...env, FUZZ_SEED: String(seed) });
  if (counts.failed > 0 && seed !== defaultSeed) process.stdout.write(`\nFUZZ_SEED=${seed} draws the same again.\n`);
  for (const leak of counts.leaks.slice(0, 20)) process.stdout.write(`\nPHI of the fixtures in ${leak}\n`);
  const failed = counts.failed + (counts.leaks.length > 0 ? 1 : 0);
  process.stdout.write(`\n${counts.passed} passed, ${failed} failed\n`);
  process.exitCode = counts.code === 0 && failed === 0 && counts.passed > 0 ? 0 : 1;
} catch (thrown) {
  const remedy = thrown instanceof AortaError ? (errorTable as Record<string, ErrorSpec>)[thrown.code]?.remedy : undefined;
  process.stderr.write(`aorta: ${thrown instanceof AortaError ? thrown.message : String((thrown as Error).stack)}\n`);
  if (remedy !== undefined) process.stderr.write(`       ${remedy}\n`);
  process.stdout.write('\n0 passed, 1 failed\n');
} finally {
  if (started.length > 0)
    await servicesDown({ only: started, say: (service, line) => process.stderr.write(`${service.padEnd(9)} ${line}\n`) });
  rmSync(scratch, { recursive: true, force: true });
}

async function startServices(): Promise<NodeJS.ProcessEnv> {
  const up = await servicesUp({
    say: (service, line) => process.stderr.write(`${service.padEnd(9)} ${line}\n`),
    onStarted: (service) => started.push(service),
  });
  const variables = Object.entries(up).map(([name, service]) => [variableOf[name as ServiceName], service.url]);
  return { ...process.env, ...Object.fromEntries(variables) };
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Where the fixtures' patient stood in an output that says nothing of a patient. */
  readonly leaks: readonly string[];
  readonly code: number;
}

async function runTests(env: NodeJS.ProcessEnv): Promise<Counts> {
  const countsFile = join(scratch, 'counts.json');
  const leaksFile = join(scratch, 'leaks');
  const child = spawn(
    process.execPath,
    [
      '--test',
      '--test-concurrency=2',
      '--test-timeout=400000',
      // What a failed test left open must not keep the run.
      '--test-force-exit',
      '--import=./test/support/orphan.ts',
      '--import=./test/support/seeded.ts',
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=./scripts/test-counts.ts',
      `--test-reporter-destination=${countsFile}`,
      ...options,
      ...chosen,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'], env: { ...env, [leaksVariable]: leaksFile } },
  );
  tests = child;
  const code = await new Promise<number>((resolve) => child.once('exit', (status) => resolve(status ?? 1)));
  try {
    const { leaks, ...counts } = JSON.parse(readFileSync(countsFile, 'utf8')) as Omit<Counts, 'code'>;
    const seen = existsSync(leaksFile) ? readFileSync(leaksFile, 'utf8').trimEnd().split('\n') : [];
    return { ...counts, leaks: [...leaks, ...seen], code };
  } catch {
    return { passed: 0, failed: 1, leaks: [], code };
  }
}
