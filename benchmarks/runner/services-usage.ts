import { readdirSync, readFileSync } from 'node:fs';
import { type ServiceName, variableOf } from '../../src/services/service.ts';
import { readState } from '../../src/services/state.ts';
import { cpuOfFamily, parentOf } from './proc.ts';

/** Services that take processor time for what a peer does. */
const watched: readonly ServiceName[] = ['kafka', 'postgres'];

/** Processor seconds of each service, by its name. */
export type ServicesUsage = Readonly<Record<string, number>>;

/**
 * Processor seconds so far of the broker and of PostgreSQL with all its processes: they share the machine with the peer, so
 * what it makes them do is part of its price. Only those that `services up` started here and this run uses: others are not
 * there, rather than zero. Linux only.
 */
export function servicesUsage(): ServicesUsage {
  const used: Record<string, number> = {};
  for (const name of watched) {
    const state = readState(name);
    if (state === undefined || state.where !== 'local' || state.pid === 0 || process.env[variableOf[name]] !== state.url) continue;
    try {
      used[name] = cpuOfFamily(state.pid, childrenOf(state.pid));
    } catch {
      // It has ended: the round will say so.
    }
  }
  return used;
}

function childrenOf(pid: number): readonly number[] {
  const processes = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  return processes.filter((each) => {
    try {
      return parentOf(readFileSync(`/proc/${each}/stat`, 'utf8')) === pid;
    } catch {
      // It ended meanwhile: its time is then the parent's.
      return false;
    }
  });
}

/** Processor seconds a million events between two looks, of the services that both saw. */
export const servicesPerMillion = (before: ServicesUsage, after: ServicesUsage, events: number): ServicesUsage =>
  Object.fromEntries(
    Object.entries(after).flatMap(([name, seconds]) => {
      const since = before[name];
      return since === undefined ? [] : [[name, ((seconds - since) * 1e6) / events] as const];
    }),
  );
