import { parseHop } from '../engine/hop.ts';
import { header, type LogRecord } from '../log/port.ts';
import type { AppliedSet, LaneGroup } from '../state/port.ts';
import { type Emitting, producerOf } from './producer.ts';

/** One broken guarantee. */
export interface Violation {
  readonly oracle:
    | 'NoLoss'
    | 'NoDoubleEffect'
    | 'PerPatientOrder'
    | 'SerialPerPatient'
    | 'WatermarkNeverPassesIncomplete'
    | 'NoLeakedAck'
    | 'SettledOnce'
    | 'EmissionsMatch'
    | 'EmissionsLeave'
    | 'MemoryBounded'
    | 'ProgressAfterFaults'
    | 'CleanHandover'
    | 'OnlyCulpritParked'
    | 'BrakeHolds'
    | 'Invariant'
    | 'NoUnhandledRejection';
  readonly message: string;
}

/** One input as it was sent, and one effect as the store has it: what list-append checking needs. */
export interface Sent {
  readonly key: string;
  readonly eventId: string;
}
export interface Effected {
  readonly key: string;
  readonly eventId: string;
}

/** Every sent event has an effect. */
export function noLoss(sent: readonly Sent[], effects: readonly Effected[]): Violation[] {
  const have = new Set(effects.map((e) => e.eventId));
  return sent.filter((s) => !have.has(s.eventId)).map((s) => ({ oracle: 'NoLoss', message: `${s.eventId} of ${s.key} has no effect` }));
}

/** No event has two. */
export function noDoubleEffect(effects: readonly Effected[]): Violation[] {
  const seen = new Map<string, number>();
  for (const { eventId } of effects) seen.set(eventId, (seen.get(eventId) ?? 0) + 1);
  return [...seen]
    .filter(([, n]) => n > 1)
    .map(([eventId, n]) => ({ oracle: 'NoDoubleEffect', message: `${eventId} took effect ${n} times` }));
}

/** The effects of each patient stand in the order in which its events were sent. */
export function perPatientOrder(sent: readonly Sent[], effects: readonly Effected[]): Violation[] {
  const rank = new Map(sent.map((s, i) => [s.eventId, i]));
  const last = new Map<string, { rank: number; eventId: string }>();
  const violations: Violation[] = [];
  for (const { key, eventId } of effects) {
    const at = rank.get(eventId);
    if (at === undefined) continue;
    const before = last.get(key);
    if (before && before.rank > at)
      violations.push({ oracle: 'PerPatientOrder', message: `${eventId} of ${key} took effect after ${before.eventId}` });
    if (!before || before.rank < at) last.set(key, { rank: at, eventId });
  }
  return violations;
}

/** A committed offset never passes a record whose effects are not durable. */
export function watermarkNeverPassesIncomplete(applied: AppliedSet | undefined, committed: number, partition: string): Violation[] {
  if (!applied || committed <= applied.watermark) return [];
  return [
    {
      oracle: 'WatermarkNeverPassesIncomplete',
      message: `${partition}: ${committed} is committed, but only records below ${applied.watermark} are applied`,
    },
  ];
}

/** Groups of one lane rise by one within an epoch, and epochs never go back. */
export function oneOwner(journal: readonly LaneGroup[]): Violation[] {
  const last = new Map<string, { epoch: number; group: number }>();
  const violations: Violation[] = [];
  for (const { lane, epoch, group } of journal) {
    const key = `${lane.flow}/${lane.lane}/${lane.topic}/${lane.partition}`;
    const before = last.get(key);
    if (before && epoch < before.epoch) {
      violations.push({
        oracle: 'SerialPerPatient',
        message: `${key}: epoch ${epoch} wrote group ${group} after epoch ${before.epoch} had taken over`,
      });
    }
    last.set(key, { epoch: Math.max(epoch, before?.epoch ?? 0), group });
  }
  return violations;
}

/**
 * What a reader that follows the hop rule gets of a flow's topics is what its groups decided: nothing missing, nothing of
 * a group that is not durable, nothing twice, in the order of the groups. `topics`: records by partition.
 */
export function emissionsMatch(
  flow: Emitting,
  journal: readonly LaneGroup[],
  topics: readonly { readonly topic: string; readonly partitions: readonly (readonly LogRecord[])[] }[],
): Violation[] {
  const decided = new Map<string, string[]>();
  for (const group of journal) {
    if (group.lane.flow !== flow.name) continue;
    for (const record of group.outbox) {
      const at = `${producerOf(flow, group.lane)} on ${record.topic}/${record.partition}`;
      const list = decided.get(at) ?? [];
      list.push(String(record.headers[header.eventId]));
      decided.set(at, list);
    }
  }
  const read = new Map<string, string[]>();
  for (const { topic, partitions } of topics) {
    for (const [partition, records] of partitions.entries()) {
      const highest = new Map<string, number>();
      for (const { headers } of records) {
        const hop = parseHop(headers[header.seq]);
        if (!hop?.producer.startsWith(`${flow.name}/`)) continue;
        if (hop.seq <= (highest.get(hop.producer) ?? -1)) continue;
        highest.set(hop.producer, hop.seq);
        const at = `${hop.producer} on ${topic}/${partition}`;
        const list = read.get(at) ?? [];
        list.push(String(headers[header.eventId]));
        read.set(at, list);
      }
    }
  }
  const violations: Violation[] = [];
  for (const at of new Set([...decided.keys(), ...read.keys()])) {
    const [want, got] = [decided.get(at) ?? [], read.get(at) ?? []];
    const first = Array.from({ length: Math.max(want.length, got.length) }, (_, i) => i).find((i) => want[i] !== got[i]);
    if (first === undefined) continue;
    violations.push({
      oracle: 'EmissionsMatch',
      message: `${at}: emission ${first} should be ${want[first] ?? 'none'} and is ${got[first] ?? 'none'} (${want.length} decided, ${got.length} read)`,
    });
  }
  return violations;
}

/** One settlement that ends a record, as its worker told it. */
export interface Ended {
  readonly lane: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly eventId: string;
  readonly kind: string;
  /** The process that said so. */
  readonly worker?: number;
}

/**
 * Each record of the log is parked at most once, and comes to its end at most once, in each lane that it reaches. One that
 * left nothing (skipped) is settled before its place is durable: after a crash another process may skip it again.
 */
export function settledOnce(settlements: readonly Ended[]): Violation[] {
  const seen = new Map<string, Ended[]>();
  for (const ended of settlements) {
    const { lane, topic, partition, offset, eventId, kind } = ended;
    if (offset < 0) continue;
    const key = `${eventId} at ${topic}/${partition}/${offset} (${lane}) was ${kind === 'parked' ? 'parked' : 'settled'}`;
    seen.set(key, [...(seen.get(key) ?? []), ended]);
  }
  const harmless = (all: readonly Ended[]) =>
    all.every(({ kind }) => kind === 'skipped') && new Set(all.map(({ worker }) => worker)).size === all.length;
  return [...seen]
    .filter(([, all]) => all.length > 1 && !harmless(all))
    .map(([key, all]) => ({ oracle: 'SettledOnce', message: `${key} ${all.length} times` }));
}

/** A redrive request is carried out once. */
export function redrivenOnce(journal: readonly LaneGroup[]): Violation[] {
  const seen = new Map<string, number>();
  for (const { redrivesDone } of journal) for (const id of redrivesDone) seen.set(id, (seen.get(id) ?? 0) + 1);
  return [...seen].filter(([, n]) => n > 1).map(([id, n]) => ({ oracle: 'NoDoubleEffect', message: `redrive ${id} was taken ${n} times` }));
}
