import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { error } from '../../errors/index.ts';
import { isRunning, type ProcessMark, startMark } from './process.ts';

/** Runs `work` while no other process holds the lock of `dir`; a lock whose owner has died is taken over. */
export async function withLock<T>(dir: string, work: () => Promise<T>, waitMs = 300_000): Promise<T> {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'lock');
  const mine: ProcessMark = { pid: process.pid, startedAt: startMark(process.pid) ?? '' };
  const deadline = performance.now() + waitMs;
  while (!take(file, mine)) {
    const owner = readOwner(file);
    if (owner !== undefined && !isRunning(owner)) takeOver(file);
    if (performance.now() > deadline) throw error('AORTA_SVC_006', { file, pid: owner?.pid ?? 0 });
    await sleep(50);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string, mine: ProcessMark): boolean {
  try {
    writeFileSync(file, JSON.stringify(mine), { flag: 'wx' });
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

/**
 * Removes the lock of a dead owner. Two that saw it dead must not both remove: the second would remove the lock that
 * the first has taken since. So the look and the removal happen under a guard, in one go without a wait between.
 */
function takeOver(file: string): void {
  const guard = `${file}.takeover`;
  try {
    writeFileSync(guard, '', { flag: 'wx' });
  } catch {
    if (Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 10_000) rmSync(guard, { force: true });
    return;
  }
  const owner = readOwner(file);
  if (owner !== undefined && !isRunning(owner)) rmSync(file, { force: true });
  rmSync(guard, { force: true });
}

/** Undefined while the owner is between creating and filling the file. */
function readOwner(file: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessMark;
  } catch {
    return undefined;
  }
}
