// Every `@example` of src/** and every ```ts block of README.md is a module that compiles, as a user would write it: with
// `aorta` resolved through the exports of package.json. What they export as a flow is sound.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { isFlow, lint } from '../../src/index.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const tsc = join(root, 'node_modules/typescript/lib/tsc.js');

interface Example {
  readonly file: string;
  /** Line of the first line of code. */
  readonly line: number;
  readonly code: string;
}

/** Fenced `ts` blocks of a text; `strip` takes the comment's margin away. */
function blocks(file: string, text: string, strip: RegExp): Example[] {
  const found: Example[] = [];
  let open: { line: number; code: string[] } | undefined;
  text.split('\n').forEach((raw, index) => {
    const line = raw.replace(strip, '');
    if (open && line.startsWith('```')) {
      found.push({ file, line: open.line, code: `${open.code.join('\n')}\n` });
      open = undefined;
    } else if (open) open.code.push(line);
    else if (/^```(ts|typescript)\b/.test(line)) open = { line: index + 2, code: [] };
  });
  return found;
}

/** The doc comments of a file that have an `@example`, as text that keeps its line numbers. */
const comments = (text: string): string =>
  text.replace(/\/\*\*[\s\S]*?\*\/|[^\n]+/g, (part) => (part.startsWith('/**') && part.includes('@example') ? part : ''));

async function examples(): Promise<readonly Example[]> {
  const sources = (await readdir(join(root, 'src'), { recursive: true }))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('src', file));
  const all = await Promise.all(
    sources.sort().map(async (file) => blocks(file, comments(await readFile(join(root, file), 'utf8')), /^\s*\* ?/)),
  );
  return all.flat();
}

// One below the root, like topologies/, so that `../schemas` is what it is there; inside the repository, so that the self-reference `aorta` resolves; with a dot, so that `tsc -p .` does not see it.
async function asModules<T>(all: readonly Example[], use: (directory: string, files: readonly string[]) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(root, '.examples-'));
  try {
    const files = all.map((_, index) => `example-${index}.ts`);
    await Promise.all(all.map(({ code }, index) => writeFile(join(directory, files[index] as string), `${code}export {};\n`)));
    await writeFile(
      join(directory, 'tsconfig.json'),
      JSON.stringify({ extends: relative(directory, join(root, 'tsconfig.json')), include: ['*.ts'] }),
    );
    return await use(directory, files);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Compiler errors in the examples, at the lines where they are written. */
async function compile(all: readonly Example[]): Promise<readonly string[]> {
  return asModules(all, async (directory) => {
    const output = await promisify(execFile)(process.execPath, [tsc, '-p', directory, '--pretty', 'false'], { cwd: directory }).then(
      () => '',
      (error: { stdout: string }) => error.stdout || String(error),
    );
    return output
      .split('\n')
      .filter((line) => /error TS/.test(line))
      .map((line) =>
        line.replace(/^.*?example-(\d+)\.ts\((\d+),/, (_, index: string, at: string) => {
          const example = all[Number(index)] as Example;
          return `${example.file}(${example.line + Number(at) - 1},`;
        }),
      );
  });
}

test('every example compiles', async () => {
  const all = await examples();
  assert.ok(all.length > 15, `${all.length} examples`);
  assert.deepEqual(await compile(all), []);
});

test('the code on the README compiles', async () => {
  const all = blocks('README.md', await readFile(join(root, 'README.md'), 'utf8'), /^/);
  assert.ok(all.length > 0);
  assert.deepEqual(await compile(all), []);
});

test('every operator has an example', async () => {
  const documented = new Set((await examples()).map(({ file }) => file));
  const operators = (await readdir(join(root, 'src/flow/operators'))).map((file) => join('src/flow/operators', file));
  // The source is documented at flow(); `skipped` is no operator of the user's but the node of skip().
  const missing = operators.filter((file) => !documented.has(file) && !/(from|skipped)\.ts$/.test(file));
  assert.deepEqual(missing, []);
});

test('every flow that an example exports is sound', async () => {
  const exporting = (await examples()).filter(({ code }) => /^export default flow\(/m.test(code));
  assert.ok(exporting.length > 10);
  const findings = await asModules(exporting, async (directory, files) => {
    const modules = await Promise.all(
      files.map((file) => import(pathToFileURL(join(directory, file)).href) as Promise<{ default: unknown }>),
    );
    return modules.flatMap((module, index) => {
      assert.ok(isFlow(module.default), exporting[index]?.file);
      return lint(module.default).filter(({ severity }) => severity === 'error');
    });
  });
  assert.deepEqual(findings, []);
});

test('an example that does not compile is found, at its own line', async () => {
  const [wrong] = blocks(
    'some.ts',
    comments('const a = 1;\n/**\n * @example\n * ```ts\n * const n: number = 1;\n * const s: string = n;\n * ```\n */\n'),
    /^\s*\* ?/,
  );
  const errors = await compile([wrong as Example]);
  assert.equal(errors.length, 1);
  assert.match(errors[0] as string, /^some\.ts\(6,7\): error TS2322/);
});
