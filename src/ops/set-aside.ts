import type { RunningFlow } from '../engine/index.ts';
import type { Log } from '../log/port.ts';
import { type Drift, driftOf, minimumRetentionMs } from '../log/retention.ts';
import type { Quarantine } from '../quarantine/port.ts';
import type { Brake } from '../state/operations.ts';
import type { State } from '../state/port.ts';
import { countDeadLetters } from './dead-letters.ts';

export interface SetAsideParts {
  readonly flows: readonly RunningFlow[];
  readonly state: State;
  readonly log: Log;
  readonly quarantine: Quarantine;
}

/** What waits for an operator. More than ten in all is the DLQ alert. */
export interface SetAside {
  readonly total: number;
  readonly quarantined: number;
  readonly flows: readonly { readonly flow: string; readonly parked: number; readonly deadLettered: number }[];
}

/**
 * Counts it over all workers, from the stores: envelopes that stand parked (not those that merely wait behind one),
 * refused input, and dead letters that nobody took.
 */
export async function setAside({ flows, state, log, quarantine }: SetAsideParts): Promise<SetAside> {
  const [parked, quarantined, dead] = await Promise.all([
    state.query<{ flow: string; count: number | string }>(
      "SELECT flow, COUNT(*) AS count FROM aorta_held WHERE due IS NULL AND reason <> 'merge' GROUP BY flow",
      [],
    ),
    quarantine.count(),
    Promise.all(flows.map(async ({ name }) => [name, await countDeadLetters(log, state, name)] as const)),
  ]);
  const deadBy = new Map(dead);
  const parkedBy = new Map(parked.map(({ flow, count }) => [flow, Number(count)]));
  const names = [...new Set([...deadBy.keys(), ...parkedBy.keys()])].sort();
  const each = names.map((flow) => ({ flow, parked: parkedBy.get(flow) ?? 0, deadLettered: deadBy.get(flow) ?? 0 }));
  return { total: quarantined + each.reduce((sum, flow) => sum + flow.parked + flow.deadLettered, 0), quarantined, flows: each };
}

/** Topics of the running flows that keep less than they have to. */
export async function retentionDrift({ flows, log }: Pick<SetAsideParts, 'flows' | 'log'>): Promise<readonly Drift[]> {
  const names = [...new Set(flows.flatMap(({ name, topics }) => [...topics, `${name}.parked`, `${name}.dlq`]))].sort();
  const keeping = await log.keeping(names);
  return [...keeping].flatMap(([topic, kept]) => driftOf(topic, minimumRetentionMs(topic), kept) ?? []);
}

/** What needs an operator, in one look: `aorta doctor`. */
export interface Attention {
  readonly setAside: SetAside;
  readonly brakes: readonly Brake[];
  readonly drift: readonly Drift[];
}

export async function attention(parts: SetAsideParts): Promise<Attention> {
  const [aside, brakes, drift] = await Promise.all([setAside(parts), parts.state.operations.brakes(), retentionDrift(parts)]);
  return { setAside: aside, brakes, drift };
}
