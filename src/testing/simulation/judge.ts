import type { Flow } from '../../flow/flow.ts';
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

/** What a partition says whose topic was made anew. */
const madeAnew: ReadonlySet<string | null> = new Set(['AORTA_ENGINE_005', 'AORTA_ENGINE_020']);
const placeOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }) => `${topic}/${partition}`;

/** Partitions that stand still because their topic was made anew: they say so, and an operator must decide. */
export function refusedPartitions(world: World): ReadonlySet<string> {
  const refused = new Set<string>();
  for (const worker of world.workers)
    for (const p of worker.running?.partitions() ?? []) if (madeAnew.has(p.refused)) refused.add(placeOf(p));
  return refused;
}

/** Events of a patient have an order within each source. */
export const orderKey = (flow: Flow<unknown>, { topic, key }: Pick<SentRecord, 'topic' | 'key'>): string =>
  flow.sources.length > 1 ? `${topic}/${key}` : key;

/** Sent, not applied, and nothing says why. */
export function missing(world: World): readonly SentRecord[] {
  const refused = refusedPartitions(world);
  return world.history.sent.filter(
    (record) => !world.durable.has(record.eventId) && !world.history.excused.has(record.eventId) && !refused.has(placeOf(record)),
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
  const sent = history.sent.map((s) => ({ key: orderKey(flow, s), eventId: s.eventId }));
  const origin = new Map(sent.map((s) => [s.eventId, s.key]));
  const effects = durable.effects.map(({ key, eventId }) => ({ key: origin.get(eventId) ?? key, eventId }));
  if (stateful) {
    history.violated(...noDoubleEffect(effects), ...settledOnce(history.settlements));
  }
  const { brakes } = world;
  brakes?.check();
  const overtaken = brakes?.lettered();
  const inOrder = overtaken ? effects.filter(({ eventId }) => !overtaken.has(eventId)) : effects;
  history.violated(...perPatientOrder(sent, inOrder), ...oneOwner(state.journal), ...redrivenOnce(state.journal));
  const topics = log.topics().map((topic) => ({ topic, partitions: log.all(topic) }));
  if (!history.script.some((line) => line.includes('made anew'))) history.violated(...emissionsMatch(flow, state.journal, topics));
  history.violated(...parkedInnocents(world), ...leaks(world), ...(await idleTimers(world)));
  // Where a claim that was slow came late, the newer owner was fenced and began again: safe, not clean.
  if (orderly && world.all.every((w) => w.killed || (w.running?.totals()['fenced'] ?? 0) === 0)) {
    for (const [eventId, workers] of history.handledBy) {
      if (workers.size > 1 && !durable.wasHeld(eventId))
        history.violated({ oracle: 'CleanHandover', message: `${eventId} was handled by workers ${[...workers].join(' and ')}` });
    }
  }
}

function committedPast(world: World, record: SentRecord): boolean {
  return (world.log.group(`aorta.${world.flow.name}`).committed.get(placeOf(record)) ?? 0) > record.offset;
}

function why(world: World, { key, partition }: SentRecord): string {
  const reasons = world.workers.flatMap((w) => [...(w.running?.whyPatient(key) ?? []), ...(w.running?.whyPartition(partition) ?? [])]);
  return reasons.map((r) => r.message).join('; ') || 'nothing says why';
}

/** Parked as if they had ended the process. */
function parkedInnocents({ state, lethal }: World): Violation[] {
  return state.journal
    .flatMap(({ held }) => held)
    .flatMap((write) => (write.op !== 'remove' && write.row.reason === 'poison' ? [write.row] : []))
    .filter(({ eventId }) => lethal.wronglyParked(eventId))
    .map(({ eventId, key }) => ({ oracle: 'OnlyCulpritParked', message: `${eventId} of ${key} was parked and ended no process` }));
}

function leaks(world: World): Violation[] {
  const violations: Violation[] = [];
  for (const worker of world.workers) {
    for (const p of worker.running?.partitions() ?? []) {
      world.history.note(`end: worker ${worker.id} ${JSON.stringify(p)}`);
      if (p.open === 0 || madeAnew.has(p.refused)) continue;
      const reasons = worker.running?.whyPartition(p.partition).map((w) => w.message);
      violations.push({
        oracle: 'NoLeakedAck',
        message: `${placeOf(p)} ends with ${p.open} open records: ${reasons?.join('; ')}`,
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
    if (refused.has(placeOf(lane))) continue;
    for (const timer of await world.state.timers(lane, late, 10))
      violations.push({
        oracle: 'ProgressAfterFaults',
        message: `timer ${timer.name} of ${timer.key} was due ${late - timer.due + 60_000} ms ago`,
      });
  }
  return violations;
}
