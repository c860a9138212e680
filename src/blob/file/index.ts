import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock/clock.ts';
import { systemClock } from '../../clock/system.ts';
import { AortaError, error } from '../../errors/index.ts';
import type { Blob } from '../port.ts';
import { checkDigest, digestIn, referenceOf } from '../reference.ts';

export interface FileBlobOptions {
  /** Made if missing, for the owner only. */
  readonly dir: string;
  readonly clock?: Clock;
}

/** Nobody writes one body for so long (milliseconds). */
const abandonedMs = 3600_000;

/**
 * Port Blob on files: `<dir>/<first two digits>/<digest>`.
 *
 * A body is written to `<dir>/new`, synced, renamed to its place, and the place synced, so that after a crash there is
 * the whole body or none. Its time of modification is the time it was last put. Putting the same bytes again writes
 * them again, which repairs what was damaged. `prune` first moves a body aside and looks at its time there: one that
 * was put again meanwhile goes back, also at the next start if the process dies in between.
 */
export async function createFileBlob({ dir, clock = systemClock }: FileBlobOptions): Promise<Blob> {
  const fresh = join(dir, 'new');
  const aside = join(dir, 'old');
  const place = (sha256: string): string => join(dir, sha256.slice(0, 2), sha256);
  await guarded(async () => {
    for (const folder of [dir, fresh, aside]) await mkdir(folder, { recursive: true, mode: 0o700 });
    // Left by a process that died: unfinished bodies were never acknowledged, bodies moved aside may be in use.
    for (const name of await readdir(fresh)) {
      const path = join(fresh, name);
      if (await isOlder(path, clock.now() - abandonedMs)) await unlink(path).catch(ignoreMissing);
    }
    for (const name of await readdir(aside)) await putBack(join(aside, name), place(name.slice(0, 64)));
  });

  return {
    kind: 'file',
    async put(bytes) {
      const reference = await referenceOf(bytes);
      await guarded(async () => {
        const folder = join(dir, reference.sha256.slice(0, 2));
        const made = await mkdir(folder, { recursive: true, mode: 0o700 });
        const temporary = join(fresh, `${reference.sha256}-${randomUUID()}`);
        const file = await open(temporary, 'wx', 0o600);
        try {
          await file.writeFile(bytes);
          const now = clock.now() / 1000;
          await file.utimes(now, now);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, place(reference.sha256));
        await syncFolder(folder);
        if (made !== undefined) await syncFolder(dir);
      });
      return reference;
    },

    async get(ref) {
      const sha256 = digestIn(ref);
      const bytes = await guarded(() => readFile(place(sha256)).catch(ignoreMissing));
      if (bytes === undefined) throw error('AORTA_BLOB_001', { ref });
      return checkDigest(ref, bytes);
    },

    prune: (before) =>
      guarded(async () => {
        let count = 0;
        for (const folder of await readdir(dir)) {
          if (!/^[0-9a-f]{2}$/.test(folder)) continue;
          for (const name of await readdir(join(dir, folder))) {
            const path = join(dir, folder, name);
            if (!(await isOlder(path, before))) continue;
            const moved = join(aside, `${name}-${randomUUID()}`);
            await rename(path, moved).catch(ignoreMissing);
            if (await isOlder(moved, before)) {
              await unlink(moved);
              count++;
            } else await putBack(moved, path).catch(ignoreMissing);
          }
        }
        return count;
      }),

    async close() {},
  };
}

async function isOlder(path: string, before: number): Promise<boolean> {
  const found = await stat(path).catch(ignoreMissing);
  // Times pass through the file system as seconds with a fraction.
  return found !== undefined && Math.round(found.mtimeMs) < before;
}

/** Unless the body was put again: then the newer file, with the same bytes, stays. */
async function putBack(from: string, to: string): Promise<void> {
  await link(from, to).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EEXIST') throw thrown;
  });
  await unlink(from).catch(ignoreMissing);
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; there the rename itself is durable.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(thrown: NodeJS.ErrnoException): undefined {
  if (thrown.code !== 'ENOENT') throw thrown;
  return undefined;
}

/** Failures of the disk: no space, no permission, too many open files. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof AortaError) throw thrown;
    throw error('AORTA_BLOB_004', { problem: (thrown as NodeJS.ErrnoException).code ?? 'unknown' });
  }
}
