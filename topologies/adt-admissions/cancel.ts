import { type Place, placeOf, samePlace } from 'aorta/fhir';
import type { StepKind } from './steps.ts';
import type { VisitEvent } from './visit.ts';

/** A11 takes back A01 and A04 alike (HL7 v2.5.1, 3.3.11). */
const cancels: Partial<Record<StepKind, readonly StepKind[]>> = {
  'cancel-admit': ['admit', 'register'],
  'cancel-transfer': ['transfer'],
  'cancel-discharge': ['discharge'],
};

export const isCancel = (event: VisitEvent): boolean => event.kind in cancels;

/**
 * Order of folding: event time, then arrival; at the same time a cancellation comes after what it may cancel, since
 * EVN-6 of a cancellation is often that of the cancelled event.
 */
export const inOrder = <E extends VisitEvent>(events: readonly E[]): E[] =>
  [...events].sort((a, b) => a.at - b.at || Number(isCancel(a)) - Number(isCancel(b)) || a.seq - b.seq);

/**
 * Which event each cancellation takes back: the newest one of its kind at or before it that is not taken back yet.
 * A cancellation that finds none waits: when its event arrives later, this finds it. `events` are in order.
 */
export function cancellations(events: readonly VisitEvent[]): ReadonlyMap<string, string> {
  const taken = new Map<string, string>();
  const gone = new Set<string>();
  events.forEach((event, index) => {
    const kinds = cancels[event.kind];
    if (kinds === undefined) return;
    const open = events.slice(0, index).filter((earlier) => kinds.includes(earlier.kind) && !gone.has(earlier.id));
    const target = event.kind === 'cancel-transfer' ? transferMeant(event, open, events.slice(0, index)) : open[open.length - 1];
    if (!target) return;
    taken.set(event.id, target.id);
    gone.add(target.id);
  });
  return taken;
}

/**
 * A12 says in PV1-6 which place was taken back. One that names a place whose transfer is taken back already is said
 * twice; it does not reach for an earlier transfer.
 */
function transferMeant(cancel: VisitEvent, open: readonly VisitEvent[], earlier: readonly VisitEvent[]): VisitEvent | undefined {
  const meant = placeOf(cancel.facts['PV1-6']?.[0]);
  const to = (event: VisitEvent): Place | undefined => placeOf(event.facts['PV1-3']?.[0]);
  if (meant === undefined) return open[open.length - 1];
  const named = open.findLast((event) => samePlace(to(event), meant));
  if (named) return named;
  return earlier.some((event) => event.kind === 'transfer' && samePlace(to(event), meant)) ? undefined : open[open.length - 1];
}
