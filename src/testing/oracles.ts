import type { AppliedSet, LaneGroup } from '../state/port.ts';

/** One broken guarantee. */
export interface Violation {
  readonly oracle:
    | 'NoLoss'
    | 'NoDoubleEffect'
    | 'PerPatientOrder'
    | 'SerialPerPatient'
    | 'WatermarkNeverPassesIncomplete'
    | 'NoLeakedAck'
    | 'NoUnhandledRejection'
    | 'Check';
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
