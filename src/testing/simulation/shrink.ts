import type { Violation } from '../oracles.ts';
import { type Simulated, type SimulationOptions, type SimulationResult, simulate } from '../simulate.ts';
import { type Action, inOrder, type RecordRef, type Schedule } from './schedule.ts';

export interface Shrunk {
  readonly schedule: Schedule;
  readonly result: SimulationResult;
  /** Runs that it took. */
  readonly runs: number;
}

/**
 * Makes a failing schedule short: drops faults, patients, records, workers and delays as long as the same oracle still
 * objects. At most `maxRuns` runs.
 *
 * @example
 * ```ts
 * import { flow, map, to, topic } from 'aorta';
 * import { describeSchedule, shrink, simulate } from 'aorta/testing';
 * const vitals = topic<number>('vitals', 'int');
 * const doubled = flow('doubled').from(vitals).pipe(map((n: number) => n * 2), to(topic<number>('doubled', 'int')));
 * const options = { seed: 7, event: (_key: string, n: number) => n, emissions: { name: 'doubled' } };
 * const failed = await simulate(doubled, options);
 * if (failed.violations.length > 0) {
 *   const { schedule, result } = await shrink(doubled, options, failed);
 *   console.log(describeSchedule(schedule).join('\n'), result.violations, JSON.stringify(schedule));
 * }
 * ```
 */
export async function shrink<T>(flow: Simulated, options: SimulationOptions<T>, failed: SimulationResult, maxRuns = 400): Promise<Shrunk> {
  const wanted = failed.violations[0]?.oracle;
  let best = failed;
  let runs = 0;
  const fails = async (schedule: Schedule): Promise<boolean> => {
    if (runs >= maxRuns) return false;
    runs++;
    const result = await simulate(flow, { ...withoutLines(options), schedule });
    if (!result.violations.some((v: Violation) => v.oracle === wanted)) return false;
    best = result;
    return true;
  };
  const current = () => best.schedule;
  for (let before = -1; before !== sizeOf(current()) && runs < maxRuns; ) {
    before = sizeOf(current());
    await dropParts(
      (): readonly Action[] => current().actions.filter((a) => a.do !== 'send'),
      (drop) => fails({ ...current(), actions: current().actions.filter((a) => !drop.has(a)) }),
    );
    for (const key of new Set(recordsOf(current()).map((r) => r.key))) await fails(withoutRecords(current(), (r) => r.key === key));
    await dropParts(
      () => recordsOf(current()),
      (drop) => fails(withoutRecords(current(), (r) => drop.has(r))),
    );
    for (const simpler of simplerOf(current())) await fails({ ...current(), ...simpler });
    for (const action of current().actions) {
      const plain = plainer(action);
      if (plain) await fails({ ...current(), actions: current().actions.map((a) => (a === action ? plain : a)) });
    }
    // The same in less time.
    await fails({ ...current(), actions: inOrder(current().actions.map((a) => ({ ...a, at: Math.floor(a.at / 2) }))) });
  }
  return { schedule: current(), result: best, runs };
}

/** The trace of the first run is asked for, not those of the attempts. */
function withoutLines<T>(options: SimulationOptions<T>): SimulationOptions<T> {
  const { onLine: _, ...rest } = options;
  return rest;
}

const recordsOf = (schedule: Schedule): readonly RecordRef[] => schedule.actions.flatMap((a) => (a.do === 'send' ? a.records : []));

const sizeOf = (schedule: Schedule): number =>
  schedule.actions.length + recordsOf(schedule).length + schedule.workers + schedule.logMs + schedule.stateMs + schedule.batch;

function withoutRecords(schedule: Schedule, drop: (record: RecordRef) => boolean): Schedule {
  const actions = schedule.actions.flatMap((action): Action[] => {
    if (action.do !== 'send') return [action];
    const records = action.records.filter((record) => !drop(record));
    return records.length > 0 ? [{ ...action, records }] : [];
  });
  return { ...schedule, actions };
}

/** Drops halves, then quarters, down to single ones (delta debugging); `attempt` says whether it still fails. */
async function dropParts<P>(parts: () => readonly P[], attempt: (drop: ReadonlySet<P>) => Promise<boolean>): Promise<void> {
  for (let size = Math.ceil(parts().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < parts().length; ) {
      const dropped = await attempt(new Set(parts().slice(from, from + size)));
      if (!dropped) from += size;
    }
  }
}

function simplerOf(schedule: Schedule): Partial<Schedule>[] {
  return [
    ...Array.from({ length: schedule.workers - 1 }, (_, i) => ({ workers: i + 1 }) as Partial<Schedule>),
    { logMs: 1 },
    { stateMs: 1 },
    { batch: 1 },
    { hasty: false },
  ].filter((part) => Object.entries(part).some(([name, value]) => schedule[name as keyof Schedule] !== value));
}

/** Of two that fail alike the plainer one. */
function plainer(action: Action): Action | undefined {
  if (action.do === 'send' && (action.twice || action.foreign)) return { at: action.at, do: 'send', records: action.records };
  if (action.do === 'redrive' && action.again) return { ...action, again: false };
  if (action.do === 'fail' && action.how === 'lost-reply') return { ...action, how: 'refused' };
  return undefined;
}
