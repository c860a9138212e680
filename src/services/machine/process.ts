import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that we started. `startedAt` is the kernel's own mark: a recycled pid never has the same one. */
export interface ProcessMark {
  readonly pid: number;
  readonly startedAt: string;
}

export interface LaunchOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Run as this user (only possible for root). */
  readonly uid?: number;
  readonly gid?: number;
}

/** Starts a process that outlives this one, its output appended to `logFile`. */
export async function launch(options: LaunchOptions): Promise<ProcessMark> {
  const log = openSync(options.logFile, 'a');
  try {
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      detached: true,
      stdio: ['ignore', log, log],
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const pid = child.pid as number;
    return { pid, startedAt: startMark(pid) ?? '' };
  } finally {
    closeSync(log);
  }
}

/** The kernel's start time of a live process, undefined when there is none (a zombie counts as none). */
export function startMark(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The command name is in brackets and may hold spaces: count fields after the last bracket.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** True while exactly this process runs (not another one that got its number). */
export function isRunning(mark: ProcessMark): boolean {
  const now = startMark(mark.pid);
  return now !== undefined && now === mark.startedAt;
}

/** Asks a process of ours to end, waits, and kills it when it does not. Returns how it went. */
export async function stop(mark: ProcessMark, signal: NodeJS.Signals, graceMs = 10_000): Promise<'gone' | 'stopped' | 'killed'> {
  if (!isRunning(mark)) return 'gone';
  process.kill(mark.pid, signal);
  for (let waited = 0; waited < graceMs; waited += 50) {
    if (!isRunning(mark)) return 'stopped';
    await sleep(50);
  }
  if (!isRunning(mark)) return 'stopped';
  process.kill(mark.pid, 'SIGKILL');
  while (isRunning(mark)) await sleep(20);
  return 'killed';
}
