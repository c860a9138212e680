/** `npm run lint`: every check that needs no running service. Prints one line a check, and the whole output of those that fail. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { composeProblems } from './compose-rules.ts';

const root = resolve(import.meta.dirname, '..');
process.chdir(root);
const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}` };

interface Outcome {
  readonly ok: boolean;
  readonly said: string;
}

const quiet = '--disable-warning=ExperimentalWarning';

const checks: Readonly<Record<string, () => Outcome | Promise<Outcome>>> = {
  'format and lint (biome)': () => run('biome', ['ci', '--colors=off', '.']),
  'types (tsc)': () => run('tsc', ['-p', '.', '--pretty', 'false']),
  'layers (dependency-cruiser)': () => run('node', [quiet, 'scripts/layers.ts']),
  'generated types of schemas': () => run('node', ['bin/aorta.js', 'schema', 'gen', '--check']),
  'docs/v2-to-fhir.md': () => run('node', ['scripts/v2-docs.ts', '--check']),
  'docs/errors.md': () => run('node', ['scripts/error-docs.ts', '--check']),
  'shell scripts': shellcheck,
  'docker-compose.yml': compose,
};

const failures: string[] = [];
for (const [name, check] of Object.entries(checks)) {
  const { ok, said } = await check();
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${name}\n`);
  if (ok) continue;
  failures.push(name);
  process.stdout.write(`${said.trim().replace(/^/gm, '      ')}\n`);
}
process.stdout.write(
  failures.length === 0 ? 'lint: all good\n' : `lint: ${failures.length} of ${Object.keys(checks).length} checks failed\n`,
);
process.exitCode = failures.length === 0 ? 0 : 1;

function run(command: string, args: readonly string[]): Outcome {
  const done = spawnSync(command, args, { encoding: 'utf8', env, maxBuffer: 64 * 1024 * 1024 });
  return { ok: done.status === 0, said: done.error === undefined ? done.stdout + done.stderr : done.error.message };
}

function shellcheck(): Outcome {
  const scripts = ['.ci/run', ...globSync('{scripts,bin,deploy}/**/*.sh')].filter((file) => existsSync(file));
  const syntax = scripts.map((script) => run('bash', ['-n', script])).find((outcome) => !outcome.ok);
  if (syntax !== undefined) return syntax;
  // Where shellcheck is not installed, the syntax check above is what there is.
  return run('shellcheck', ['--version']).ok ? run('shellcheck', scripts) : { ok: true, said: '' };
}

async function compose(): Promise<Outcome> {
  const problems = await composeProblems();
  return { ok: problems.length === 0, said: problems.join('\n') };
}
