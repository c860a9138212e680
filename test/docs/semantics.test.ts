// SEMANTICS.md promises with MUST; each promise names the test that proves it, and that test exists.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(join(root, 'SEMANTICS.md'), 'utf8');
const link = /\[proof\]\((\S+) "([^"]+)"\)/g;

/** List items with everything that belongs to them: a promise may have its proofs on the items below it. */
const promises = text.split(/\n(?=- )|\n\n/).filter((part) => part.startsWith('- ') && /\bMUST\b/.test(part));

/** Names of the tests of a file, as the runner prints them. */
const namesIn = (file: string): ReadonlySet<string> =>
  new Set(
    [...readFileSync(join(root, file), 'utf8').matchAll(/\b(?:test|it)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)].map((match) =>
      String(match[2]).replace(/\\(.)/g, '$1'),
    ),
  );

test('every MUST names its proof', () => {
  assert.ok(promises.length > 25, `${promises.length} promises`);
  assert.deepEqual(
    promises.filter((promise) => !/\[proof\]\(/.test(promise)),
    [],
  );
});

test('every proof is a test that exists', () => {
  const proofs = [...text.matchAll(link)].map((match) => ({ file: String(match[1]), name: String(match[2]) }));
  assert.equal(proofs.length, [...text.matchAll(/\[proof\]/g)].length, 'a proof is [proof](file "name of the test")');
  const missing = proofs.filter(({ file, name }) => !existsSync(join(root, file)) || !namesIn(file).has(name));
  assert.deepEqual(missing, []);
});
