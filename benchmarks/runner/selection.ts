import { error } from '../../src/errors/index.ts';
import type { Workload } from '../contract/workload.ts';
import { selected } from '../contract/workloads.ts';
import type { BenchOptions } from './options.ts';
import type { Settings } from './outcome.ts';

/** A workload and what is measured of it. */
export interface Selection {
  readonly workload: Workload;
  readonly settings: Settings;
  readonly peers: readonly string[];
}

/** Short rounds of the two ratios that a change breaks first. */
const quick = [
  { name: 'passthrough', peers: ['tuned'], messages: 25_000, rounds: 3, budgetSeconds: 36 },
  { name: 'effects', peers: ['pg-event'], messages: 15_000, rounds: 1, budgetSeconds: 14 },
] as const;

/** What the options ask for. Throws AORTA_CFG_001. */
export function selectionOf(all: readonly Workload[], options: BenchOptions): readonly Selection[] {
  if (options.quick)
    return quick.flatMap(({ name, peers, messages, rounds, budgetSeconds }) =>
      selected(all, name).map((workload) => ({
        workload,
        settings: { ...settingsOf(workload, options), messages, rounds, budgetSeconds, rate: 0, loads: [], duration: 3 },
        peers,
      })),
    );
  const workloads = selected(all, options.workload);
  if (workloads.length === 0)
    throw error('AORTA_CFG_001', {
      problem: `there is no workload ${options.workload}; there are ${all.map(({ name }) => name).join(', ')}`,
    });
  return workloads.map((workload) => ({ workload, settings: settingsOf(workload, options), peers: options.peers }));
}

function settingsOf(workload: Workload, options: BenchOptions): Settings {
  const topics = workload.outputs.length > 0;
  const given = options.rate >= 0;
  return {
    messages: options.messages || workload.messages,
    patients: options.patients || workload.patients,
    partitions: workload.partitions,
    duration: options.duration,
    rateSeconds: options.rateSeconds,
    rounds: options.rounds,
    // A table tells nobody when a row came.
    rate: topics ? (given ? options.rate : workload.rate) : 0,
    loads: given ? [] : (workload.loads ?? []),
    maxLatenessMs: options.maxLatenessMs,
    margin: options.margin ? 3 : 0,
    budgetSeconds: 0,
  };
}
