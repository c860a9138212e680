import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { createFileBlob } from '../../../src/blob/file/index.ts';
import { systemClock } from '../../../src/clock/system.ts';
import { AortaError } from '../../../src/errors/index.ts';
import { blobConformance } from '../conformance.ts';

const folder = () => mkdtemp(join(tmpdir(), 'aorta-blob-'));
const place = (dir: string, sha256: string) => join(dir, sha256.slice(0, 2), sha256);

blobConformance('files', async (clock) => {
  const dir = await folder();
  return {
    open: () => createFileBlob({ dir, clock }),
    async damage(sha256) {
      const file = await open(place(dir, sha256), 'r+');
      await file.write(Buffer.from([((await readFile(place(dir, sha256)))[9] as number) ^ 1]), 0, 1, 9);
      await file.close();
    },
    remove: () => rm(dir, { recursive: true }),
  };
});

it('files and folders are for the owner only, and nothing unfinished stays', async () => {
  const dir = await folder();
  const blob = await createFileBlob({ dir });
  const { sha256 } = await blob.put(randomBytes(100));
  assert.equal((await stat(place(dir, sha256))).mode & 0o777, 0o600);
  assert.equal((await stat(join(dir, sha256.slice(0, 2)))).mode & 0o777, 0o700);
  assert.deepEqual(await readdir(join(dir, 'new')), []);
  await rm(dir, { recursive: true });
});

it('a start clears what a dead process left: unfinished bodies go, bodies moved aside come back', async () => {
  const dir = await folder();
  const body = randomBytes(100);
  const { ref, sha256 } = await (await createFileBlob({ dir })).put(body);
  await writeFile(join(dir, 'new', 'half'), 'unfinished');
  await utimes(join(dir, 'new', 'half'), 1000, 1000);
  await writeFile(join(dir, 'new', 'running'), 'of another instance');
  await rename(place(dir, sha256), join(dir, 'old', `${sha256}-moved`));
  const blob = await createFileBlob({ dir });
  assert.deepEqual(await readdir(join(dir, 'new')), ['running']);
  assert.deepEqual(await readdir(join(dir, 'old')), []);
  assert.ok((await blob.get(ref)).equals(body));
  await rm(dir, { recursive: true });
});

it('pruning while the same bodies are put again loses none', async () => {
  const dir = await folder();
  const bodies = Array.from({ length: 20 }, () => randomBytes(50));
  let now = 1000;
  const blob = await createFileBlob({ dir, clock: { ...systemClock, now: () => now } });
  const refs = await Promise.all(bodies.map((body) => blob.put(body)));
  now = 100_000;
  for (let round = 0; round < 10; round++) {
    now += 1000;
    await Promise.all([blob.prune(now), ...bodies.map((body) => blob.put(body))]);
    for (const { ref } of refs) await blob.get(ref);
  }
  await rm(dir, { recursive: true });
});

it('a disk that fails is Transient', async () => {
  const dir = await folder();
  const blob = await createFileBlob({ dir });
  await rm(dir, { recursive: true });
  await writeFile(dir, 'a file where the folder was');
  await assert.rejects(
    blob.put(randomBytes(10)),
    (thrown) => thrown instanceof AortaError && thrown.code === 'AORTA_BLOB_004' && thrown.class === 'Transient',
  );
  await rm(dir);
});
