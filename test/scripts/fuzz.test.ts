import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { failedFiles, fuzzed } from '../../scripts/fuzz-files.ts';
import { defaultSeed, fuzzSeed } from '../support/seed.ts';

const root = resolve(import.meta.dirname, '../..');
const fixtures = 'test/scripts/fuzzed';

/** A script of the repository, as somebody would start it: not as a part of this run of tests. */
async function script(args: readonly string[], seed?: string): Promise<{ code: number | null; text: string }> {
  const { NODE_TEST_CONTEXT, FUZZ_SEED, ...env } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...env, ...(seed === undefined ? {} : { FUZZ_SEED: seed }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, text: Buffer.concat(parts).toString() };
}

describe('chance in tests', () => {
  it('comes from the seed of the run, in properties with options of their own too', () => {
    assert.equal(fc.readConfigureGlobal().seed, fuzzSeed());
    const seeds = [{}, { numRuns: 3 }].map(
      (options) =>
        fc.check(
          fc.property(fc.nat(), () => true),
          options,
        ).seed,
    );
    assert.deepEqual(seeds, [fuzzSeed(), fuzzSeed()]);
    assert.equal(
      fc.check(
        fc.property(fc.nat(), () => true),
        { seed: 5 },
      ).seed,
      5,
    );
  });

  it('is the same in each run, and another with another FUZZ_SEED', async () => {
    const drawn = async (seed?: string) => {
      const { code, text } = await script(['scripts/test.ts', `${fixtures}/holds.ts`], seed);
      assert.equal(code, 0, text);
      return /drawn ([\d ]+)/.exec(text)?.[1] as string;
    };
    const first = await drawn();
    assert.equal(first.split(' ').length, 10);
    assert.equal(await drawn(), first);
    assert.notEqual(await drawn('12'), first);
    const [one, other] = [await drawn('random'), await drawn('random')];
    assert.notEqual(one, other);
  });

  it('has a seed that means what it says', () => {
    assert.equal(fuzzSeed(''), defaultSeed);
    assert.deepEqual(
      ['0', '-1079712250', '2147483647'].map((text) => fuzzSeed(text)),
      [0, -1079712250, 2147483647],
    );
    for (const wrong of ['x', '1e3', '1.5', '2147483648', ' ', '0x10']) assert.throws(() => fuzzSeed(wrong), /FUZZ_SEED must be/);
  });
});

describe('npm run fuzz', () => {
  it('takes the files that use fast-check, by themselves or through another', () => {
    const files = fuzzed();
    for (const file of ['test/edge/hostile-bodies.test.ts', 'test/state/sqlite/state.test.ts', 'test/hl7/hostile.test.ts'])
      assert.ok(files.includes(file), file);
    assert.ok(!files.includes('test/layers.test.ts'));
  });

  it('draws from a new seed each round', async () => {
    const { code, text } = await script(['scripts/fuzz.ts', '--rounds', '2', `${fixtures}/holds.ts`]);
    assert.equal(code, 0, text);
    assert.match(text, /^1 files, 2 rounds, 0 failing seeds$/m);
    const seeds = [...text.matchAll(/^round \d {2}FUZZ_SEED=(\d+) {2}1 passed, 0 failed/gm)].map(([, seed]) => seed);
    assert.equal(new Set(seeds).size, 2, text);
  });

  it('says the seed that failed, and the command that repeats it does', async () => {
    const { code, text } = await script(['scripts/fuzz.ts', '--rounds', '1', `${fixtures}/fails.ts`, `${fixtures}/holds.ts`]);
    assert.equal(code, 3, text);
    const [, seed = '', file = ''] = /^ {2}FUZZ_SEED=(\d+) npm test -- (\S+)$/m.exec(text) ?? [];
    assert.equal(file, `${fixtures}/fails.ts`, text);
    assert.doesNotMatch(text, /npm test -- \S+holds\.ts/);
    assert.match(text, new RegExp(`^2 files, 1 rounds, 1 failing seeds: ${seed}$`, 'm'));
    const again = await script(['scripts/test.ts', file], seed);
    assert.equal(again.code, 1);
    assert.match(again.text, new RegExp(`seed: ${seed}, path: `));
    const path = (of: string) => /path: "([\d:]+)"/.exec(of)?.[1];
    assert.equal(path(again.text), path(text));
    assert.match(again.text, new RegExp(`^FUZZ_SEED=${seed} draws the same again\\.$`, 'm'));
  });

  it('refuses options that it does not know', async () => {
    for (const args of [['--rounds', '0'], ['--seconds', 'x'], ['--round', '3'], ['no/such/*.ts']])
      assert.equal((await script(['scripts/fuzz.ts', ...args])).code, 2, args.join(' '));
  });

  it('names each file that failed once', () => {
    const output = `✖ failing tests:\n\ntest at test/a/b.test.ts:3:1\n✖ x\n\ntest at test/a/b.test.ts:9:1\n✖ y\n\ntest at test/c.test.ts:1:1\n`;
    assert.deepEqual(failedFiles(`test at test/z.test.ts:1:1\n${output}`), ['test/a/b.test.ts', 'test/c.test.ts']);
  });
});
