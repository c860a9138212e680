// Type tests: every `@ts-expect-error` in *.test-d.ts must be needed, and nothing else may be an error.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const tsc = fileURLToPath(new URL('../../node_modules/typescript/lib/tsc.js', import.meta.url));

async function check(directory: string): Promise<string> {
  try {
    await promisify(execFile)(process.execPath, [tsc, '-p', directory], { cwd: directory });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout || String(error);
  }
}

test('the public types infer, narrow and refuse as the type tests say', async () => {
  assert.equal(await check(here), '');
});

test('the type tests are really checked: without a mistake under it, @ts-expect-error is an error', async () => {
  // Inside the repository, so that the self-reference `aorta` resolves; with a dot, so that `tsc -p .` does not see it.
  const copy = await mkdtemp(join(here, '.copy-'));
  try {
    await cp(join(here, 'expect.ts'), join(copy, 'expect.ts'));
    await writeFile(join(copy, 'tsconfig.json'), JSON.stringify({ extends: '../../../tsconfig.json', include: ['*.ts'] }));
    const source = await readFile(join(here, 'operators.test-d.ts'), 'utf8');
    await writeFile(join(copy, 'operators.ts'), `${source}\n// @ts-expect-error nothing is wrong below\nexport const fine = 1;\n`);
    assert.match(await check(copy), /Unused '@ts-expect-error'/);
  } finally {
    await rm(copy, { recursive: true });
  }
});
