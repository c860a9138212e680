import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { which } from '../../../src/services/machine/command.ts';

/** A wall clock that a test sets for one process (libfaketime); what measures durations stays as it is. */
export interface FakeClock {
  /** What the process is started with. */
  readonly env: NodeJS.ProcessEnv;
  /** Seconds before or behind the true time, from within a second on. */
  set(offset: number): void;
  close(): Promise<void>;
}

/** `undefined`: there is no libfaketime, and none could be fetched. */
export function fakeClock(): FakeClock | undefined {
  const library = installed() ?? fetched();
  if (library === undefined) return undefined;
  const dir = mkdtempSync(join(tmpdir(), 'aorta-clock-'));
  const file = join(dir, 'offset');
  const set = (offset: number) => {
    writeFileSync(`${file}.new`, `${offset < 0 ? '' : '+'}${offset}\n`);
    renameSync(`${file}.new`, file);
  };
  set(0);
  return {
    // The file is read once a second: read at every look at the clock, a look takes 60 µs.
    env: { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    set,
    close: async () => rmSync(dir, { recursive: true, force: true }),
  };
}

const name = 'libfaketimeMT.so.1';
const places = (root: string): readonly string[] => {
  const lib = join(root, 'usr/lib');
  const below = existsSync(lib) ? readdirSync(lib).map((one) => join(lib, one, 'faketime')) : [];
  return [join(lib, 'faketime'), ...below].map((folder) => join(folder, name));
};
const installed = (root = '/') => places(root).find((file) => existsSync(file));

/** From Debian's package, unpacked and not installed; kept for the next run. */
function fetched(): string | undefined {
  const root = join(tmpdir(), `aorta-libfaketime-${process.getuid?.() ?? 0}`);
  const kept = installed(root);
  if (kept !== undefined || !which('apt-get') || !which('dpkg-deb')) return kept;
  try {
    mkdirSync(root, { recursive: true });
    execFileSync('apt-get', ['download', '-q', 'libfaketime'], { cwd: root, stdio: 'ignore', timeout: 60_000 });
    const deb = readdirSync(root).find((file) => file.endsWith('.deb'));
    if (deb !== undefined) execFileSync('dpkg-deb', ['-x', deb, root], { cwd: root, stdio: 'ignore', timeout: 60_000 });
  } catch {
    // No network, no such package: the row says that it was not run.
  }
  return installed(root);
}
