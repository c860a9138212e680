import type { LaneRef } from '../../state/port.ts';
import {
  emissionsMatch,
  noDoubleEffect,
  noLoss,
  oneOwner,
  perPatientOrder,
  redrivenOnce,
  type Sent,
  settledOnce,
  type Violation,
} from '../oracles.ts';
import type { SentRecord } from './history.ts';
import type { World } from './world.ts';

/** Partitions that stand still because their topic was made anew: they say so, and an operator must decide. */
export function refusedPartitions(world: World): ReadonlySet<number> {
  const refused = new Set<number>();
  for (const worker of world.workers)
    for (const p of worker.running?.partitions() ?? []) if (p.refused === 'AORTA_ENGINE_005') refused.add(p.partition);
  return refused;
}

/** Sent, not applied, and nothing says why. */
export function missing(world: World): readonly SentRecord[] {
  const refused = refusedPartitions(world);
  return world.history.sent.filter(
    ({ eventId, partition }) => !world.durable.has(eventId) && !world.history.excused.has(eventId) && !refused.has(partition),
  );
}

/** Nothing left to do. */
export async function quiet(world: World): Promise<boolean> {
  world.durable.update();
  if (world.workers.some((w) => w.clock.paused || !w.running)) return false;
  if ((await world.state.heldKeys(world.flow.name, 1)).length > 0) return false;
  if (missing(world).length > 0) return false;
  return world.workers.every((w) => w.running?.partitions().every((p) => p.open === 0 || p.refused !== null) ?? false);
}

/** What the end of a run must look like, once everything healed and had its time. */
export async function judge(world: World, stateful: boolean, orderly: boolean): Promise<void> {
  const { history, durable, state, log, flow } = world;
  durable.update();
  const lost: Sent[] = [];
  for (const record of missing(world)) {
    if (durable.claimsApplied(record) || committedPast(world, record)) lost.push(record);
    else
      history.violated({
        oracle: 'ProgressAfterFaults',
        message: `${record.eventId} of ${record.key} has no effect yet: ${why(world, record)}`,
      });
  }
  history.violated(...noLoss(lost, durable.effects));
  // Of a patient who was merged into another, the events go on under the other's key, in the order that they had.
  const origin = new Map(history.sent.map((s) => [s.eventId, s.key]));
  const effects = durable.effects.map(({ key, eventId }) => ({ key: origin.get(eventId) ?? key, eventId }));
  if (stateful) {
    history.violated(...noDoubleEffect(effects), ...settledOnce(history.settlements));
  }
  history.violated(...perPatientOrder(history.sent, effects), ...oneOwner(state.journal), ...redrivenOnce(state.journal));
  const topics = log.topics().map((topic) => ({ topic, partitions: log.all(topic) }));
  if (!history.script.some((line) => line.includes('made anew'))) history.violated(...emissionsMatch(flow.name, state.journal, topics));
  history.violated(...leaks(world), ...(await idleTimers(world)));
  // Where a claim that was slow came late, the newer owner was fenced and began again: safe, not clean.
  if (orderly && world.all.every((w) => w.clock.dead || (w.running?.totals()['fenced'] ?? 0) === 0)) {
    for (const [eventId, workers] of history.handledBy) {
      if (workers.size > 1 && !durable.wasHeld(eventId))
        history.violated({ oracle: 'CleanHandover', message: `${eventId} was handled by workers ${[...workers].join(' and ')}` });
    }
  }
}

function committedPast(world: World, { partition, offset }: SentRecord): boolean {
  return (world.log.group(`aorta.${world.flow.name}`).committed.get(`${world.flow.source.name}/${partition}`) ?? 0) > offset;
}

function why(world: World, { key, partition }: SentRecord): string {
  const reasons = world.workers.flatMap((w) => [...(w.running?.whyPatient(key) ?? []), ...(w.running?.whyPartition(partition) ?? [])]);
  return reasons.map((r) => r.message).join('; ') || 'nothing says why';
}

function leaks(world: World): Violation[] {
  const violations: Violation[] = [];
  for (const worker of world.workers) {
    for (const p of worker.running?.partitions() ?? []) {
      world.history.note(`end: worker ${worker.id} ${JSON.stringify(p)}`);
      if (p.open === 0 || p.refused === 'AORTA_ENGINE_005') continue;
      const reasons = worker.running?.whyPartition(p.partition).map((w) => w.message);
      violations.push({
        oracle: 'NoLeakedAck',
        message: `partition ${p.partition} ends with ${p.open} open records: ${reasons?.join('; ')}`,
      });
    }
  }
  return violations;
}

/** Lanes that ever wrote. */
export const lanesOf = (world: World): readonly LaneRef[] => [
  ...new Map(world.state.journal.map(({ lane }) => [`${lane.lane}/${lane.topic}/${lane.partition}`, lane])).values(),
];

/** Timers that were due long ago. */
async function idleTimers(world: World): Promise<Violation[]> {
  const refused = refusedPartitions(world);
  const late = world.clock.now() - 60_000;
  const violations: Violation[] = [];
  for (const lane of lanesOf(world)) {
    if (refused.has(lane.partition)) continue;
    for (const timer of await world.state.timers(lane, late, 10))
      violations.push({
        oracle: 'ProgressAfterFaults',
        message: `timer ${timer.name} of ${timer.key} was due ${late - timer.due + 60_000} ms ago`,
      });
  }
  return violations;
}
