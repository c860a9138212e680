import { cancellations, inOrder } from './cancel.ts';
import type { VisitEvent } from './visit.ts';

/** The part of the state that says which visits there are. */
export interface Assignable<E extends VisitEvent = VisitEvent> {
  /** Events by visit key. Loose ones lie under the empty key. */
  readonly visits: { readonly [key: string]: readonly E[] };
  /** Visits that have events from before these. */
  readonly bases: { readonly [key: string]: unknown };
  /** Unnumbered visits that have a key of their own already. */
  readonly unnumbered: number;
}

/**
 * The visits as they are to be folded, with the loose events in them: a loose event joins the numbered visit that was
 * open at its time (the one that began last); else it belongs to an unnumbered visit, which an A01 begins anew once the
 * one before is closed. A loose update alone makes no visit: it is about the person (`PV1|1|N`). Computed from all
 * events each time, so the order of arrival does not matter.
 */
export function assign<E extends VisitEvent>(state: Assignable<E>): { readonly [key: string]: readonly E[] } {
  const assigned: Record<string, E[]> = {};
  const open: { key: string; from: number; to: number }[] = [];
  for (const [key, events] of Object.entries(state.visits)) {
    if (key === '') continue;
    assigned[key] = [...events];
    const { from, to } = interval(inOrder(events));
    open.push({ key, from: key in state.bases ? Number.NEGATIVE_INFINITY : from, to });
  }
  open.sort((a, b) => b.from - a.from || (a.key < b.key ? -1 : 1));
  const alone: E[] = [];
  for (const event of inOrder(state.visits[''] ?? [])) {
    const joined = open.find((visit) => visit.from <= event.at && event.at <= visit.to);
    if (joined) assigned[joined.key]?.push(event);
    else alone.push(event);
  }
  for (const [n, events] of episodes(alone).entries()) assigned[`unnumbered|${state.unnumbered + n}`] = events;
  return assigned;
}

/** Whether some visit is going on then. */
export const isOpenAt = (state: Assignable, at: number): boolean =>
  Object.entries(assign(state)).some(([key, events]) => {
    const { from, to } = interval(inOrder(events));
    return (events.length > 0 || key in state.bases) && (key in state.bases || from <= at) && at <= to;
  });

/** Begins a visit, where none is open. */
const opens = ({ kind }: VisitEvent): boolean => kind === 'admit' || kind === 'register' || kind === 'pre-admit';

function interval(events: readonly VisitEvent[]): { from: number; to: number } {
  const gone = new Set(cancellations(events).values());
  let to = Number.POSITIVE_INFINITY;
  for (const event of events) {
    if (gone.has(event.id)) continue;
    if (opens(event) || event.kind === 'cancel-discharge') to = Number.POSITIVE_INFINITY;
    if (event.kind === 'discharge' || event.kind === 'cancel-admit') to = event.at;
  }
  return { from: events[0]?.at ?? 0, to };
}

/** Unnumbered events, cut where an admission follows a closed visit. */
function episodes<E extends VisitEvent>(events: readonly E[]): E[][] {
  const gone = new Set(cancellations(events).values());
  const found: E[][] = [];
  let closed = true;
  for (const event of events) {
    const begins = opens(event) ? closed : found.length === 0 && event.kind !== 'update';
    if (begins) found.push([event]);
    else found[found.length - 1]?.push(event);
    if (begins) closed = false;
    if (gone.has(event.id)) continue;
    if (event.kind === 'discharge' || event.kind === 'cancel-admit') closed = true;
    if (opens(event)) closed = false;
  }
  return found;
}
