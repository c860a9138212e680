import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Processor time and memory of a process, read from outside: one reader for all peers, whatever their language. */
export interface Usage {
  /** User and system time of all its threads since it started, those that ended too. */
  readonly cpuSeconds: number;
  /** The most memory that it ever had resident. */
  readonly peakRssMb: number;
}

let ticks: number | undefined;
/** Units of /proc/<pid>/stat in a second. */
const ticksPerSecond = (): number => {
  ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).trim());
  return ticks;
};

/** From the third one of proc(5) on: the name before them, in parentheses, may hold blanks and parentheses. */
const fieldsOf = (stat: string): readonly string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

export function parseStat(stat: string, perSecond: number): number {
  // utime and stime are fields 14 and 15.
  const fields = fieldsOf(stat);
  return (Number(fields[11]) + Number(fields[12])) / perSecond;
}

/** The same, and that of its children that have ended and were waited for. */
export function parseStatWithEnded(stat: string, perSecond: number): number {
  const fields = fieldsOf(stat);
  return parseStat(stat, perSecond) + (Number(fields[13]) + Number(fields[14])) / perSecond;
}

/** Number of the process that started it. */
export const parentOf = (stat: string): number => Number(fieldsOf(stat)[1]);

/** Processor seconds of a process, its children that ended, and these children. Throws where the process is gone. */
export function cpuOfFamily(pid: number, children: readonly number[]): number {
  const read = (each: number): string => readFileSync(`/proc/${each}/stat`, 'utf8');
  // Children first: one that ends meanwhile is then counted twice or by the parent, never lost.
  const living = children.reduce((sum, each) => {
    try {
      return sum + parseStat(read(each), ticksPerSecond());
    } catch {
      return sum;
    }
  }, 0);
  return living + parseStatWithEnded(read(pid), ticksPerSecond());
}

export function parseStatus(status: string): number {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(status);
  if (!found) throw new Error('the kernel tells no VmHWM of the process: it has ended');
  return Number(found[1]) / 1024;
}

/** Linux only. Throws where the process is gone. */
export function usageOf(pid: number): Usage {
  return {
    cpuSeconds: parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'), ticksPerSecond()),
    peakRssMb: parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8')),
  };
}
