import type { Lane } from './lane.ts';
import type { Waiting } from './wait.ts';
import { overdueHeld, whyPartition, whyPatient } from './why.ts';

/** An independent lane of one partition, as operators see it. */
export interface LaneView {
  readonly lane: string;
  /** Inputs that are not settled. */
  readonly waiting: number;
  /** Patients whom they belong to. */
  readonly patients: number;
  /** Of those, who wait for an operator. */
  readonly parked: number;
  readonly refused: string | null;
}

/** Patients whose next input waits for an operator. */
export function parkedIn({ held }: Lane): number {
  let count = 0;
  for (const { head } of held.all()) if (head?.due === null) count++;
  return count;
}

export const laneViews = (lane: Lane): readonly LaneView[] =>
  [...lane.lanes].map(([name, fed]) => ({
    lane: name,
    waiting: fed.held.total,
    patients: fed.held.size,
    parked: parkedIn(fed),
    refused: fed.refused?.code ?? null,
  }));

const all = (lane: Lane): readonly Lane[] => [lane, ...lane.lanes.values()];

/** Lines about an independent lane name it. */
const named = (lane: Lane, waits: readonly Waiting[]): readonly Waiting[] =>
  lane.main ? waits.map((wait) => ({ ...wait, lane: lane.ref.lane, message: `lane ${lane.ref.lane}: ${wait.message}` })) : waits;

/** Over all lanes of the patient. A mailbox over several sources is told once. */
export function whyEverywhere(mains: readonly Lane[], key: string): readonly Waiting[] {
  const seen = new Set<unknown>();
  return mains.flatMap(all).flatMap((lane) => {
    const mailbox = lane.mailboxes.get(key);
    const told = mailbox !== undefined && seen.has(mailbox);
    seen.add(mailbox);
    return named(lane, whyPatient(lane, key, !told));
  });
}

/** The partition's sources, and the backlog of each of its lanes. */
export function whyLanes(mains: readonly Lane[]): readonly Waiting[] {
  return mains.flatMap((lane) => [...whyPartition(lane), ...[...lane.lanes.values()].flatMap((fed) => named(fed, whyBacklog(fed)))]);
}

function whyBacklog(lane: Lane): readonly Waiting[] {
  const waits = whyPartition(lane);
  if (lane.held.total === 0) return waits;
  const message = `${lane.held.total} inputs of ${lane.held.size} patients wait, ${parkedIn(lane)} of them for an operator; at ${lane.options.maxHeld} the partition is not fed`;
  return [...waits, { ...lane.partition, reason: 'lane', behind: lane.held.total, overdue: false, message }];
}

export const overdueLanes = (mains: readonly Lane[]): readonly Waiting[] =>
  mains.flatMap(all).flatMap((lane) => named(lane, [...whyPartition(lane).filter((w) => w.overdue), ...overdueHeld(lane)]));
