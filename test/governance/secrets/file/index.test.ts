import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../../../../src/clock/system.ts';
import { AortaError } from '../../../../src/errors/index.ts';
import { createFileSecrets } from '../../../../src/governance/secrets/file/index.ts';
import type { Secrets } from '../../../../src/governance/secrets/port.ts';

const code = (wanted: string) => (thrown: unknown) => thrown instanceof AortaError && thrown.code === wanted;
const minute = 60_000;

describe('secrets on files', () => {
  let dir: string;
  let now = 0;
  let secrets: Secrets;
  const write = (name: string, value: string, mode = 0o600) => writeFile(join(dir, name), value, { mode });
  /** Until the reading in the background has had its chance. */
  const settled = async (value: string, reference = 'secret:key', tries = 2_000) => {
    for (let i = 0; i < tries && (await secrets.get(reference)) !== value; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    return secrets.get(reference);
  };
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'aorta-secrets-'));
  });
  beforeEach(async () => {
    await rm(join(dir, 'key'), { force: true });
    now = 0;
    secrets = createFileSecrets({ dir, clock: { ...systemClock, now: () => now } });
  });
  after(() => rm(dir, { recursive: true }));

  it('gives the text of the file without its last line break', async () => {
    await write('key', 'first line\nsecond line \n');
    assert.equal(await secrets.get('secret:key'), 'first line\nsecond line ');
    await write('windows.txt', 'value\r\n');
    assert.equal(await secrets.get('secret:windows.txt'), 'value');
  });

  it('is cached for five minutes, then read again behind the old value', async () => {
    await write('key', 'one');
    assert.equal(await secrets.get('secret:key'), 'one');
    await write('key', 'two');
    now = 5 * minute - 1;
    assert.equal(await secrets.get('secret:key'), 'one');
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(await secrets.get('secret:key'), 'one');
    now = 5 * minute;
    assert.equal(await secrets.get('secret:key'), 'one');
    assert.equal(await settled('two'), 'two');
  });

  it('the old value stays in use while the file is gone or open to others, and the new one is taken when it is back', async () => {
    await write('key', 'one');
    await secrets.get('secret:key');
    await rm(join(dir, 'key'));
    now = 6 * minute;
    for (let i = 0; i < 5; i++) {
      assert.equal(await secrets.get('secret:key'), 'one');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await write('key', 'stolen');
    await chmod(join(dir, 'key'), 0o644);
    assert.equal(await settled('stolen', 'secret:key', 100).catch(() => 'one'), 'one');
    await chmod(join(dir, 'key'), 0o600);
    assert.equal(await settled('stolen'), 'stolen');
  });

  it('a file that others can read is refused', async () => {
    for (const mode of [0o644, 0o640, 0o604, 0o620]) {
      await write('open', 'value');
      await chmod(join(dir, 'open'), mode);
      await assert.rejects(secrets.get('secret:open'), code('AORTA_SEC_002'));
    }
    await chmod(join(dir, 'open'), 0o400);
    assert.equal(await secrets.get('secret:open'), 'value');
  });

  it('names that are no names are refused without being repeated', async () => {
    for (const reference of [
      'key',
      'secret:',
      'secret:../key',
      'secret:a/b',
      'secret:.hidden',
      'secret:KEY',
      'secret:a\n',
      `secret:${'a'.repeat(200)}`,
      'hunter2 is my password',
      'secret:key\u0000',
    ]) {
      await assert.rejects(
        secrets.get(reference),
        (thrown: Error) => code('AORTA_SEC_003')(thrown) && !JSON.stringify({ ...thrown, message: thrown.message }).includes('hunter2'),
      );
    }
  });

  it('what is missing, empty, too large or a folder is told apart, never with its value', async () => {
    await assert.rejects(secrets.get('secret:key'), code('AORTA_SEC_001'));
    await write('empty', '\n');
    await assert.rejects(secrets.get('secret:empty'), code('AORTA_SEC_005'));
    await write('large', 'v'.repeat(64 * 1024 + 1));
    await assert.rejects(secrets.get('secret:large'), (thrown: Error) => code('AORTA_SEC_005')(thrown) && !thrown.message.includes('vvv'));
    await assert.rejects(createFileSecrets({ dir: join(dir, 'empty') }).get('secret:key'), code('AORTA_SEC_004'));
  });

  it('callers at once share one reading', async () => {
    await write('key', 'one');
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 20 }, () => secrets.get('secret:key')))), new Set(['one']));
    await secrets.close();
  });
});
