import { error } from '../../src/errors/index.ts';
import type { Study } from '../contract/study.ts';
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
  return selected(all, options.workload).map((workload) => ({ workload, settings: settingsOf(workload, options), peers: options.peers }));
}

/** A study that was asked for, with the peers that it knows of those that were named. */
export interface StudySelection {
  readonly study: Study;
  readonly peers: readonly string[];
}

/**
 * Workloads that measure in their own way; `rounds` are the others. Throws AORTA_CFG_001 where there is no workload of the
 * name, none of the studies knows a peer that was named, or flags after `--` would go to nobody or to several.
 */
export function studiesOf(all: readonly Study[], rounds: readonly Workload[], options: BenchOptions): readonly StudySelection[] {
  const refuse = (problem: string) => error('AORTA_CFG_001', { problem });
  const studies = options.quick ? [] : selected(all, options.workload);
  const others = options.quick ? rounds : selected(rounds, options.workload);
  if (studies.length + others.length === 0)
    throw refuse(`there is no workload ${options.workload}; there are ${[...rounds, ...all].map(({ name }) => name).join(', ')}`);
  if (options.workers > 1 && studies.length > 0)
    throw refuse(`--workers is not for ${studies.map(({ name }) => name).join(', ')}: they have workers of their own`);
  const able = [...new Set(studies.flatMap(({ peers }) => peers))];
  const stranger = others.length > 0 ? undefined : options.peers.find((name) => !able.includes(name));
  if (stranger !== undefined)
    throw refuse(`${stranger} is no peer of ${studies.map(({ name }) => name).join(', ')}; there are ${able.join(', ') || 'none'}`);
  if (options.own.length > 0 && !(studies.length === 1 && studies[0]?.flags !== undefined))
    throw refuse(
      `flags after -- are for one workload with flags of its own: ${all.flatMap(({ name, flags }) => (flags ? [name] : [])).join(', ')}`,
    );
  return studies
    .map((study) => ({ study, peers: options.peers.filter((name) => study.peers.includes(name)) }))
    .filter(({ peers }) => options.peers.length === 0 || peers.length > 0);
}

function settingsOf(workload: Workload, options: BenchOptions): Settings {
  const topics = workload.outputs.length > 0;
  const given = options.rate >= 0;
  return {
    messages: options.messages || workload.messages,
    patients: options.patients || workload.patients,
    partitions: workload.partitions,
    workers: options.workers,
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
