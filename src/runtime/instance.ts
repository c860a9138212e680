import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../clock/system.ts';
import { ulid } from '../clock/ulid.ts';

/** The worker's name, made once and kept in the data directory: what it owes is found again under it. */
export function instanceName(data: string): string {
  mkdirSync(data, { recursive: true });
  const file = join(data, 'instance');
  try {
    const name = readFileSync(file, 'utf8').trim();
    if (name !== '') return name;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
  const name = ulid(systemClock, systemRandom).toLowerCase();
  writeFileSync(`${file}.new`, `${name}\n`);
  renameSync(`${file}.new`, file);
  return name;
}

/** Tells the command line where the running instance listens. The result takes it back. */
export function announce(data: string, running: { readonly http: string; readonly pid: number }): () => void {
  const file = join(data, 'instance.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(running)}\n`);
  renameSync(`${file}.new`, file);
  return () => rmSync(file, { force: true });
}
