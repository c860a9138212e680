import { error } from '../errors/index.ts';
import { type Headers, header } from '../log/port.ts';
import type { HeldRow, HeldWrite } from '../state/port.ts';
import type { HeldPatient } from './held-list.ts';
import type { Lane } from './lane.ts';
import type { Root } from './root.ts';
import type { EngineTurn } from './turn.ts';

/**
 * Two patients become one (HL7 A40), and one becomes two again, while events of both are on their way.
 *
 * Ingress re-points the identifiers and appends, per topic, `out` under the patient who gives (B of a merge, A of an
 * unmerge) and `hold` under the one who takes, with one id. Then:
 *
 * - **out** at the giver, in the order of its events: its state goes to the taker as `in`. A merged patient keeps its
 *   rows and from then on only forwards. A held giver forwards its held envelopes too, in order, and is held no more.
 * - **hold** at the taker, in the order of its events: a row on the held list keeps the place; later envelopes queue
 *   behind it.
 * - **in** at the taker: waits in the taker's link row, and makes the `hold`'s row runnable; that also runs once whenever
 *   it becomes the head, so it finds an `in` that came while it was being written. The `hold`, when it runs and
 *   finds its `in`, folds it by the actor's `merge`. Whichever of the two comes second wins; a fold that fails is an
 *   ordinary held row with everything behind it.
 *
 * What a flow sends to itself (`in`, forwarded envelopes) goes through the source topic with `aorta-only-flow`, so that
 * a patient's envelopes stay in one partition and one order; other flows pass it by. Everything here is part of ordinary
 * turns: one transaction with the applied set, emissions through the outbox, numbered; a crash at any step repeats a
 * whole turn or none.
 *
 * Repeated ids are skipped. Forwarding in a circle ends with a coded defect after 8 steps; identity makes no circles.
 */
export const controlHeader = 'aorta-control';
export const onlyFlowHeader = header.onlyFlow;
const forwardsHeader = 'aorta-forwards';
/** The merges behind which a forwarded record comes, of which none was folded in where it was forwarded; with spaces between. */
const afterHeader = 'aorta-after-merge';
const mostForwards = 8;
const keptIds = 64;
const keptJournal = 16;

export type Control = 'merge.out' | 'merge.hold' | 'merge.in' | 'unmerge.out' | 'unmerge.hold' | 'unmerge.in';

/** What ingress appends as `out` and `hold`, JSON. */
export interface LinkOrder {
  readonly id: string;
  /** The other patient. */
  readonly peer: string;
}

interface Sent {
  readonly id: string;
  readonly from: string;
  /** By store. */
  readonly states: Readonly<Record<string, { readonly version: number; readonly value: unknown }>>;
}

/** The link row of a patient, in a store of the flow's own. */
export interface Link {
  /** Merged into: only forwards. */
  into?: { readonly key: string; readonly id: string };
  /** `in`s whose `hold` has not come yet. */
  arrived?: Record<string, Sent>;
  /** What was folded in, newest last: an unmerge gives it back. */
  journal?: Sent[];
  /** Ids done; a repeated order is nothing. */
  done?: string[];
}

export const linkStore = '@link';
/** Links begin empty and have one version; the rest of an actor is never called. */
export const linkActor = { version: 1, initial: (): Link => ({}), receive: () => ({}) };

const text = (headers: Headers, name: string): string | undefined => headers[name]?.toString();

export const controlOf = (headers: Headers): Control | undefined => text(headers, controlHeader) as Control | undefined;

/**
 * It brings a state. No code of the flow runs in its turn, so it is not what ends the process, and it must not be parked as
 * if it were: it would stand behind the place that waits for it.
 */
export const isArrival = ({ headers }: Pick<Root, 'headers'>): boolean => {
  const control = controlOf(headers);
  return control === 'merge.in' || control === 'unmerge.in';
};

/** A record that another flow sent to itself. */
export const isOthers = (headers: Headers, flow: string): boolean => {
  const only = text(headers, onlyFlowHeader);
  return only !== undefined && only !== flow;
};

export class Merging {
  readonly #lane: Lane;
  /** Held givers whose rows are being read, and then forwarded with their state. */
  readonly #rows = new WeakMap<Root, { patient: HeldPatient; rows: readonly HeldRow[] }>();

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  /** Passes a held patient's list by: its `out` empties it, an `in` fills the place that a `hold` keeps in it. */
  bypasses(root: Root, patient: HeldPatient): boolean {
    if (isArrival(root)) return true;
    if (controlOf(root.headers) !== 'merge.out') return false;
    patient.leaving = root;
    return true;
  }

  /** As `bypasses`, of a record that has already begun: the `out` that takes the list along has its rows. */
  passes(root: Root): boolean {
    return this.#lane.program.merges && (isArrival(root) || this.#rows.has(root));
  }

  /** True when the turn was the merge protocol's; else the record is the flow's. */
  step(turn: EngineTurn, root: Root): boolean {
    const control = controlOf(root.headers);
    const { program } = this.#lane;
    if (!program.merges) {
      if (control === undefined) return false;
      turn.skip(this.#lane.ref.topic, 'merge-control');
      return true;
    }
    const link = turn.state(linkStore) as Link;
    if (control === undefined) {
      if (!link.into) return this.#early(turn, root, link);
      if (root.timer) turn.skip(root.timer.node, 'merged');
      else {
        this.#forward(turn, root, link.into.key, this.#behind(root.headers, link, link.into.id));
        turn.done();
      }
      return true;
    }
    if (root.value === null) turn.skip(this.#lane.ref.topic, 'tombstone');
    else {
      const order: unknown = JSON.parse(root.value.toString());
      if (link.into && (control === 'merge.in' || control === 'merge.hold') && !link.done?.includes((order as LinkOrder).id)) {
        // A merge into this patient that was under way when it was merged on: both its halves meet at the survivor.
        this.#forward(turn, root, link.into.key, this.#behind(root.headers, link, link.into.id));
        turn.done();
      } else if (control === 'merge.in' || control === 'unmerge.in') this.#in(turn, order as Sent, link);
      else if (link.done?.includes((order as LinkOrder).id)) this.#repeated(turn, link);
      else if (control === 'merge.hold' || control === 'unmerge.hold') this.#hold(turn, control, order as LinkOrder, link);
      else if (control === 'merge.out') this.#out(turn, order as LinkOrder, link);
      else if (control === 'unmerge.out') this.#giveBack(turn, order as LinkOrder, link);
      else turn.skip(this.#lane.ref.topic, 'merge-control');
    }
    return true;
  }

  // ---- the giver -----------------------------------------------------------------------------------------------

  #out(turn: EngineTurn, order: LinkOrder, link: Link): void {
    const { program } = this.#lane;
    const states: Record<string, { version: number; value: unknown }> = {};
    for (const { id, actor } of program.actors) states[id] = { version: actor.version, value: turn.state(id) };
    this.#send(turn, order.peer, 'merge.in', { id: order.id, from: turn.root.key, states });
    // Those whose `hold` has not run go with it: on the held list, or behind this in the log, it goes to the same place.
    for (const early of Object.values(link.arrived ?? {})) this.#send(turn, order.peer, 'merge.in', early);
    // A place that another source keeps waits for a state that goes on from here: it goes to the same place.
    if (this.#lane.siblings.length > 1) this.#tryPlaces(turn.root.key);
    const leaving = this.#rows.get(turn.root);
    if (leaving) this.#takeAlong(turn, leaving, link, order.peer, order.id);
    turn.setState(linkStore, noted({ ...link, arrived: {}, into: { key: order.peer, id: order.id } }, order.id));
    this.#enter(turn, () => ({ kind: 'merged-into', key: order.peer }));
  }

  /** Another source has brought the same order. What is on this source's held list still goes with it. */
  #repeated(turn: EngineTurn, link: Link): void {
    const leaving = this.#rows.get(turn.root);
    if (leaving && link.into) this.#takeAlong(turn, leaving, link, link.into.key, link.into.id);
    else if (leaving) leaving.patient.active = false;
    turn.skip(this.#lane.ref.topic, 'repeated');
  }

  #takeAlong(turn: EngineTurn, leaving: { patient: HeldPatient; rows: readonly HeldRow[] }, link: Link, to: string, id: string): void {
    for (const row of leaving.rows) if (!isDone(row, link)) this.#forward(turn, row, to, this.#behind(row.headers, link, id));
    turn.held = leaving.rows.map((row): HeldWrite => ({ op: 'remove', key: row.key, seq: row.seq }));
    turn.suspects = this.#lane.suspects.forget(leaving.rows);
  }

  /**
   * In a chain a record may come behind a merge that was still under way when its survivor was merged on: that one is
   * folded in further on, and the record waits for both. What was folded in here goes along with the state.
   */
  #behind(headers: Headers, link: Link, id: string): readonly string[] {
    const done = link.done ?? [];
    // Of more merges than are kept, any may be done.
    const open = done.length >= keptIds ? [] : mergesBefore(headers).filter((other) => other !== id && !done.includes(other));
    return [...open, id];
  }

  #forward(
    turn: EngineTurn,
    envelope: { eventId: string; value: Buffer | null; headers: Headers; timestamp: number },
    to: string,
    behind: readonly string[],
  ): void {
    const forwards = Number(text(envelope.headers, forwardsHeader) ?? 0) + 1;
    if (forwards > mostForwards) throw error('AORTA_ENGINE_015', { flow: this.#lane.ref.flow, forwards });
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(envelope.headers))
      if (value !== undefined && name !== header.seq) headers[name] = value.toString();
    this.#emit(
      turn,
      to,
      envelope.value,
      {
        ...headers,
        [header.eventId]: envelope.eventId,
        [onlyFlowHeader]: this.#lane.ref.flow,
        [forwardsHeader]: String(forwards),
        [afterHeader]: behind.map(encodeURIComponent).join(' '),
      },
      envelope.timestamp,
    );
  }

  #giveBack(turn: EngineTurn, order: LinkOrder, link: Link): void {
    const { program, ref } = this.#lane;
    const merged = link.journal?.findLast((sent) => sent.from === order.peer);
    if (!merged) return turn.skip(ref.topic, 'not-merged');
    const states: Record<string, { version: number; value: unknown }> = {};
    turn.setState(linkStore, noted({ ...link, journal: (link.journal ?? []).filter((sent) => sent !== merged) }, order.id));
    this.#enter(turn, (id) => ({
      kind: 'unmerge',
      key: order.peer,
      state: this.#stateOf(merged, id),
      restored: (value) => {
        const actor = program.actors.find((a) => a.id === id)?.actor;
        states[id] = { version: actor?.version ?? 1, value };
      },
    }));
    this.#send(turn, order.peer, 'unmerge.in', { id: order.id, from: turn.root.key, states });
  }

  // ---- the taker -----------------------------------------------------------------------------------------------

  #hold(turn: EngineTurn, control: Control, order: LinkOrder, link: Link): void {
    const early = link.arrived?.[order.id];
    if (early) {
      const { [order.id]: _, ...arrived } = link.arrived ?? {};
      this.#fold(turn, control === 'merge.hold' ? 'merge.in' : 'unmerge.in', early, { ...link, arrived });
    } else {
      turn.holdsFor = order.id;
      turn.done();
    }
  }

  #in(turn: EngineTurn, sent: Sent, link: Link): void {
    if (link.done?.includes(sent.id)) return turn.skip(this.#lane.ref.topic, 'repeated');
    // The row that keeps the place folds it in: a fold that fails is held there, in front of what waits behind it.
    this.#tryPlaces(turn.root.key);
    turn.setState(linkStore, { ...link, arrived: { ...link.arrived, [sent.id]: sent } });
    turn.done();
  }

  /** Places that are kept for the patient, in any of its sources, are looked at again. */
  #tryPlaces(key: string): void {
    for (const lane of this.#lane.siblings) {
      const patient = lane.held.get(key);
      if (patient) patient.placeTried = undefined;
    }
  }

  /**
   * Of several sources one brings the state and another one, sooner, a record that was forwarded behind it: the record
   * keeps its place until the state is folded in. Where no `hold` keeps a place for that, nothing is waited for.
   */
  #early(turn: EngineTurn, root: Root, link: Link): boolean {
    const { siblings } = this.#lane;
    const done = link.done ?? [];
    // Of more merges than are kept, the record may be behind one of the first.
    if (siblings.length === 1 || done.length >= keptIds) return false;
    const heads = siblings.map((lane) => lane.held.get(root.key)?.head);
    const place = (id: string) => heads.some((head) => head && controlOf(head.headers) === 'merge.hold' && orderOf(head)?.id === id);
    const id = mergesBefore(root.headers).find((each) => !done.includes(each) && (!link.arrived?.[each] || place(each)));
    if (id === undefined) return false;
    turn.holdsFor = id;
    turn.done();
    return true;
  }

  #fold(turn: EngineTurn, control: 'merge.in' | 'unmerge.in', sent: Sent, link: Link): void {
    // The same order keeps a place in every source: with this one folded, the others find nothing left to do.
    if (this.#lane.siblings.length > 1) this.#tryPlaces(turn.root.key);
    if (control === 'unmerge.in') {
      const { into: _, ...free } = link;
      turn.setState(linkStore, noted(free, sent.id));
      this.#enter(turn, (id) => ({ kind: 'restored', key: sent.from, state: this.#stateOf(sent, id) }));
      return;
    }
    turn.setState(linkStore, noted({ ...link, journal: [...(link.journal ?? []), sent].slice(-keptJournal) }, sent.id));
    this.#enter(turn, (id) => ({ kind: 'merge', key: sent.from, state: this.#stateOf(sent, id) }));
  }

  // ---- both ----------------------------------------------------------------------------------------------------

  /** Each actor of the flow takes its part, one after the other; what it emits goes on like any emission. */
  #enter(turn: EngineTurn, event: (store: string) => Parameters<NonNullable<ReturnType<Lane['program']['merge']>>>[0]): void {
    const { actors } = this.#lane.program;
    turn.derive(actors.length);
    for (const { id } of actors) {
      const step = this.#lane.program.merge(id);
      // `process` is synchronous, and lint refuses an asynchronous operator behind an actor that merges.
      if (step?.(event(id), turn) instanceof Promise) throw error('AORTA_ENGINE_014', { flow: this.#lane.ref.flow, store: id });
    }
  }

  /** A state that was sent, or lies in the journal, may be of an earlier version of the actor. */
  #stateOf(sent: Sent, store: string): unknown {
    const kept = sent.states[store];
    const actor = this.#lane.program.actors.find(({ id }) => id === store)?.actor;
    if (!kept || !actor || kept.version === actor.version) return kept?.value;
    if (!actor.migrate) throw error('AORTA_ENGINE_012', { store, stored: kept.version, known: actor.version });
    return actor.migrate(kept.value, kept.version);
  }

  #send(turn: EngineTurn, to: string, control: Control, sent: Sent): void {
    this.#emit(
      turn,
      to,
      Buffer.from(JSON.stringify(sent)),
      {
        [header.eventId]: `${sent.id}:${this.#lane.ref.flow}:${control}`,
        [controlHeader]: control,
        [onlyFlowHeader]: this.#lane.ref.flow,
      },
      turn.root.timestamp,
    );
  }

  #emit(turn: EngineTurn, key: string, value: Buffer | null, headers: Record<string, string>, timestamp: number): void {
    turn.emitBytes(this.#lane.ref.topic, this.#lane.program.partitionOf(key), key, value, headers, timestamp);
  }

  /** The `out` of a held giver failed or was refused: its rows run again. Those that come after it forward one by one. */
  stays(root: Root): void {
    const leaving = this.#rows.get(root);
    if (!leaving) return;
    this.#rows.delete(root);
    leaving.patient.active = false;
  }

  /** Reads what a held giver has on its list, all of it, then lets its `out` run. */
  async leave(patient: HeldPatient): Promise<void> {
    const root = patient.leaving;
    if (!root || patient.active || patient.reading) return;
    const lane = this.#lane;
    patient.active = true;
    patient.leaving = undefined;
    patient.head = undefined;
    patient.ahead.length = 0;
    const rows: HeldRow[] = [];
    // Rows on their way into the group commit must be in the store first, or they would stay behind.
    while (rows.length < patient.count) {
      const from = rows.length > 0 ? (rows[rows.length - 1] as HeldRow).seq + 1 : 0;
      const read = await lane.ports.state.held(lane.ref, patient.key, from, 500).catch(() => []);
      rows.push(...read);
      if (read.length === 0) await new Promise<void>((resolve) => lane.ports.clock.after(20, resolve));
      if (!lane.owned) return;
    }
    this.#rows.set(root, { patient, rows });
    const mailbox = lane.mailbox(patient.key);
    mailbox.push(root);
    lane.host.ready(lane, mailbox);
  }
}

const mergesBefore = (headers: Headers): readonly string[] =>
  (text(headers, afterHeader) ?? '')
    .split(' ')
    .filter((id) => id !== '')
    .map(decodeURIComponent);

/** The order that a placeholder row stands for. */
export const orderOf = (row: HeldRow): LinkOrder | undefined => {
  try {
    return row.value === null ? undefined : (JSON.parse(row.value.toString()) as LinkOrder);
  } catch {
    return undefined;
  }
};

/** A place that was kept for a state which another source's place has taken: at the survivor nothing would ever fill it. */
const isDone = (row: HeldRow, link: Link): boolean => {
  const control = controlOf(row.headers);
  return (control === 'merge.hold' || control === 'unmerge.hold') && (link.done?.includes(orderOf(row)?.id ?? '') ?? false);
};

const noted = (link: Link, id: string): Link => ({ ...link, done: [...(link.done ?? []), id].slice(-keptIds) });
