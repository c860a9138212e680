import type { HeldRow, SuspectNote, SuspectWrite } from '../state/port.ts';
import type { Lane } from './lane.ts';
import type { Mailbox } from './mailbox.ts';
import type { Root } from './root.ts';
import type { Leave } from './suspicion.ts';
import type { EngineTurn } from './turn.ts';

/** A record during whose tries the process ended this often is parked. */
const maxDeaths = 3;

/** Under which a root's notes are stored: its offset; timers on the held list have none, and a key of their own. */
export const suspectKey = (root: { readonly offset: number; readonly held?: HeldRow | undefined }): number =>
  root.offset >= 0 ? root.offset : -2 - ((root.held?.seq ?? 0) % 2 ** 40);

/** It is not run any more: its turn fails at once, in the place where the record stands among its patient's. */
export const isPoison = (root: Root): boolean => root.suspect > maxDeaths;

/** One try of a record under suspicion, from the wish to run to its end. */
interface Try {
  readonly root: Root;
  readonly mailbox: Mailbox;
  readonly leave: Leave;
  /** Its note is in the group commit, or durable. */
  noted: boolean;
  /** Its note is durable: it may start. */
  ready: boolean;
  /** It runs. */
  turn: EngineTurn | undefined;
}

const none: readonly SuspectWrite[] = [];

/**
 * After an unclean end what was not committed is under suspicion: the first records of the log (`engine.suspects` of them;
 * after another end before those were through, all that the credits let be under way), and the rows on the held list. What
 * the store has for a record is a **note** for each of its tries that nobody took back, by the epoch of the lane; those of
 * epochs before this one are its **deaths**.
 *
 * A try: waits at the head of its mailbox → asks (suspicion.ts) → its note is written → durable → runs → over: the note is
 * taken back, or with the end of the record all its notes are removed. At each step the process may end. Before the note is
 * durable: nothing ran, nothing is counted. Until what follows the try is durable: one death. A record with deaths runs
 * alone, and the next one is asked to run only when that try is over in the store, so nobody else's count rises with it.
 * Each try is noted, also those after a failure: a record may end the process in its second try.
 *
 * At each step the lane may be lost too, while the process lives. Not noted: nothing to do. Note on its way: `late` takes it
 * back if it came to the store before the next owner. Durable, or over: taken back at once (`close`, outlived.ts), without
 * the lane. Running: when its function has come to its end, as one that does not look at its signal may still end the
 * process. Until that has reached the store the next owner counts it; so it counts again before it parks, by what stands
 * then. Only one thing is no proof of innocence: a try in which the process stood still for half a session at a stretch may
 * be what lost the lane, and would lose it on every worker in turn. Its note stays.
 *
 * A lane that stands still (`stands`) is still owned: what runs comes to its end as always, the other tries are given up.
 */
export class SuspectGate {
  readonly #lane: Lane;
  readonly #unclean: boolean;
  /** Deaths, as they were when the lane was claimed, of what is not settled. */
  readonly #deaths = new Map<number, number>();
  /** Notes of records that were settled otherwise (their patient was merged, retention): they would never be removed. */
  readonly #stale: SuspectWrite[] = [];
  /** The newest record of the log that has deaths, until it has come. */
  #last = -1;
  /** End of the log when the lane was claimed: what stands behind was not under way at the unclean end. */
  readonly #until: number;
  /** Records that are under suspicion by their place in the log only; as many more as wait for something else. */
  #slots: number;
  /** Behind those: in the order of the log. */
  readonly #queue: Root[] = [];
  /** Under suspicion, and without a try yet. What is in the queue waits for them. */
  readonly #untried = new Set<Root>();
  readonly #tries = new Map<Root, Try>();
  /** Of tries that are over here, and not yet in the store. */
  readonly #ending = new Set<Leave>();
  /** Records whose tries are over, while their notes may stand; false: the process stood still in one. */
  readonly #open = new Map<number, boolean>();
  /** When the lane was lost: notes that stay. */
  readonly #accused = new Set<number>();
  #closed = false;
  /** It is being counted again, or was, and is poison. */
  readonly #counted = new Map<Root, 'asked' | 'poison'>();
  #pumping = false;

  constructor(lane: Lane, window: number, stored: readonly SuspectNote[]) {
    this.#lane = lane;
    this.#unclean = window > 0;
    this.#until = lane.end;
    for (const [offset, deaths] of this.#deathsOf(stored)) {
      const inLog = !lane.main && offset >= lane.tracker.settledWatermark && !lane.tracker.wasApplied(offset);
      if (!inLog && lane.held.size === 0) {
        this.#stale.push({ offset, note: 'settled' });
        continue;
      }
      if (deaths > 0) this.#deaths.set(offset, deaths);
      if (deaths > 0 && inLog) this.#last = Math.max(this.#last, offset);
    }
    // Another end, with records of the first window noted: what did it may have run behind them. Now all count that may be under way.
    this.#slots = this.#unclean && this.#deaths.size > 0 ? window + lane.options.maxRecords : window;
    // Inputs are suspects by their rows.
    if (lane.main) this.#slots = 0;
  }

  /** Records may pass by. */
  get open(): boolean {
    return this.#slots === 0 && this.#last < 0 && this.#queue.length === 0 && this.#untried.size === 0;
  }

  /** The lane may write. */
  begin(): void {
    if (this.#stale.length > 0) this.#lane.host.commit(this.#lane.mark({ suspects: this.#stale }));
  }

  /**
   * What was under way at the unclean end has been tried. Until then the lane is not given back as a clean one: its next
   * owner would run the rest without notes.
   */
  get through(): boolean {
    if (!this.#unclean) return true;
    const { tracker, held } = this.#lane;
    // A row that is parked runs for an operator only, and begins with a clean slate then.
    for (const { head } of held.all()) if (!head || (head.due !== null && !held.isOwn(head.seq))) return false;
    if (this.#slots === 0 && this.#queue.length === 0 && this.#untried.size === 0) return true;
    return tracker.settledWatermark >= this.#until;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** The head of the mailbox waits here. */
  holdsBack(mailbox: Mailbox): boolean {
    const root = mailbox.peek();
    return root !== undefined && (this.#tries.get(root)?.ready === false || this.#counted.get(root) === 'asked');
  }

  push(root: Root): void {
    this.#queue.push(root);
    this.#pump();
  }

  /** `suspect` of a row's root: deaths + 1, or 0 without suspicion. */
  ofHeld(row: HeldRow): number {
    const deaths = this.#deaths.get(suspectKey({ offset: row.offset, held: row }));
    if (deaths === undefined && (!this.#unclean || this.#lane.held.isOwn(row.seq))) return 0;
    return (deaths ?? 0) + 1;
  }

  /** Notes are durable: of what is settled nothing is left. */
  written(notes: readonly SuspectWrite[]): void {
    for (const { offset, note } of notes) {
      if (note !== 'settled') continue;
      this.#deaths.delete(offset);
      this.#open.delete(offset);
    }
  }

  /** Its row goes on elsewhere (a merge). */
  forget(rows: readonly HeldRow[]): readonly SuspectWrite[] {
    const offsets = rows.map((row) => suspectKey({ offset: row.offset, held: row }));
    return offsets.filter((offset) => this.#deaths.has(offset)).map((offset) => ({ offset, note: 'settled' }));
  }

  /** An operator tries it again: it begins with a clean slate. */
  forgive(row: HeldRow): SuspectWrite {
    const offset = suspectKey({ offset: row.offset, held: row });
    this.#deaths.delete(offset);
    return { offset, note: 'settled' };
  }

  /** Asked for the head of a mailbox that would start now. False: the mailbox is made ready when it may. */
  mayRun(root: Root, mailbox: Mailbox): boolean {
    if (root.suspect === 0) return true;
    if (isPoison(root)) return this.#countedAgain(root, mailbox);
    const known = this.#tries.get(root);
    if (known) return known.ready;
    const leave = { alone: root.suspect > 1, go: () => this.#note(mine) };
    const mine: Try = { root, mailbox, leave, noted: false, ready: false, turn: undefined };
    this.#tries.set(root, mine);
    this.#lane.host.suspicion.ask(leave);
    return false;
  }

  /** Owners before may have taken notes back since the lane was claimed: what stands now decides. */
  #countedAgain(root: Root, mailbox: Mailbox): boolean {
    const known = this.#counted.get(root);
    if (known === undefined) {
      this.#counted.set(root, 'asked');
      void this.#count(root, mailbox);
    }
    return known === 'poison';
  }

  async #count(root: Root, mailbox: Mailbox): Promise<void> {
    const lane = this.#lane;
    const { state, telemetry, clock } = lane.ports;
    try {
      const deaths = this.#deathsOf(await state.suspects(lane.ref)).get(suspectKey(root)) ?? 0;
      if (this.#counted.get(root) === undefined) return;
      root.suspect = deaths + 1;
      if (isPoison(root)) this.#counted.set(root, 'poison');
      else {
        this.#counted.delete(root);
        if (deaths > 0) this.#deaths.set(suspectKey(root), deaths);
        else this.#deaths.delete(suspectKey(root));
      }
      if (lane.owned) lane.host.ready(lane, mailbox);
    } catch (cause) {
      telemetry.log('warn', 'flow.suspects-read-failed', { flow: lane.ref.flow, ...lane.partition, error: cause });
      clock.after(1000, () => {
        this.#counted.delete(root);
        if (lane.owned) lane.host.ready(lane, mailbox);
      });
    }
  }

  /** By record, those with notes. An owner's own notes are no deaths, nor those that this process outlived as an owner before. */
  #deathsOf(notes: readonly SuspectNote[]): Map<number, number> {
    const { ref, epoch: own, host } = this.#lane;
    const deaths = new Map<number, number>();
    for (const { offset, epoch } of notes) {
      const counts = epoch !== own && !host.outlived.has(ref, epoch, offset);
      deaths.set(offset, (deaths.get(offset) ?? 0) + (counts ? 1 : 0));
    }
    return deaths;
  }

  #note(mine: Try): void {
    const { root, mailbox } = mine;
    const lane = this.#lane;
    if (!lane.owned || lane.draining || lane.refused) {
      // Others need not wait until the drain is over.
      lane.ports.clock.soon(() => lane.host.suspicion.end(mine.leave));
      return;
    }
    mine.noted = true;
    const notes: readonly SuspectWrite[] = [{ offset: suspectKey(root), note: 'begun' }];
    const mark = lane.mark({ suspects: notes }, () => {
      if (this.#tries.get(root) !== mine) return this.#closed || lane.refused ? this.late(notes) : undefined;
      mine.ready = true;
      lane.host.suspicion.begins(mine.leave);
      if (mailbox.peek() !== root) this.over(root, false);
      lane.host.ready(lane, mailbox);
    });
    lane.host.commit(mark);
  }

  /** What `mayRun` allowed. */
  started(turn: EngineTurn): void {
    const known = this.#tries.get(turn.root);
    if (known) known.turn = turn;
  }

  /**
   * The record's try came to its end, or is not wanted now: it has not ended the process. `final`: the record is settled,
   * or an operator's. What it returns is written with the turn, which must be handed over before anything else runs.
   */
  over(root: Root, final: boolean): readonly SuspectWrite[] {
    if (root.suspect === 0) return none;
    const lane = this.#lane;
    const offset = suspectKey(root);
    this.#counted.delete(root);
    if (this.#untried.delete(root)) {
      // It waits for something else: one more may have been under way when the process ended.
      if (!final) this.#slots++;
      lane.ports.clock.soon(() => this.#pump());
    }
    const known = this.#tries.get(root);
    if (known) {
      this.#tries.delete(root);
      const { suspicion } = lane.host;
      const innocent = this.#innocent(known) && this.#open.get(offset) !== false;
      if (known.noted) this.#open.set(offset, innocent);
      // A lane that stands still may be refused the note as well: it is taken back without it.
      if (known.noted && lane.refused && innocent) lane.host.outlived.tell(lane.ref, lane.epoch, [offset]);
      // What the turn writes may come late (a flow without state writes it behind what it emits): a lone one's is not waited for.
      if (known.noted && !lane.refused && (!final || known.leave.alone)) {
        this.#ending.add(known.leave);
        const mark = lane.mark({ suspects: [{ offset, note: 'over' }] }, () => {
          this.#ending.delete(known.leave);
          this.#open.delete(offset);
          suspicion.end(known.leave);
        });
        lane.host.commit(mark);
      } else lane.ports.clock.soon(() => suspicion.end(known.leave));
    }
    return final ? [{ offset, note: 'settled' }] : none;
  }

  /** Its turn goes on as that of a row. */
  moved(from: Root, to: Root): void {
    to.suspect = from.suspect;
    from.suspect = 0;
    if (this.#untried.delete(from)) this.#lane.ports.clock.soon(() => this.#pump());
    const known = this.#tries.get(from);
    if (!known) return;
    this.#tries.delete(from);
    this.#tries.set(to, { ...known, root: to });
  }

  /** What is in the mailbox cannot start now, or another record stands in front. */
  retract(mailbox: Mailbox): void {
    for (const { root, mailbox: of } of [...this.#tries.values()]) if (of === mailbox) this.over(root, false);
  }

  /** The patient waits: what is behind its head keeps nobody else waiting. It is noted when it runs. */
  aside(key: string): void {
    let moved = false;
    for (const root of this.#untried) {
      if (root.key !== key) continue;
      this.#untried.delete(root);
      this.#slots++;
      moved = true;
    }
    if (moved) this.#lane.ports.clock.soon(() => this.#pump());
  }

  /** The lane is given back in good order: tries that it ends are no deaths. */
  drained(): void {
    for (const root of [...this.#tries.keys()]) this.over(root, false);
  }

  /** The lane stands still: others need not wait for what does not run. */
  stands(): void {
    this.#giveUp([...this.#tries.values()].filter(({ turn }) => turn === undefined));
    this.#counted.clear();
  }

  /** The lane has ended. */
  close(): void {
    this.#closed = true;
    for (const [offset, innocent] of this.#open) if (!innocent) this.#accused.add(offset);
    this.#giveUp([...this.#tries.values()]);
    this.#open.clear();
    this.#counted.clear();
  }

  #giveUp(tries: readonly Try[]): void {
    const { host, ref, epoch } = this.#lane;
    // Also what is over and was not written in time (by a drain, or with its turn).
    const notes = new Set(this.#open.keys());
    for (const one of tries) {
      this.#tries.delete(one.root);
      if (!one.ready) continue;
      const offset = suspectKey(one.root);
      if (!this.#innocent(one)) this.#accused.add(offset);
      else if (one.turn === undefined) notes.add(offset);
      else one.turn.whenQuiet(() => host.outlived.tell(ref, epoch, [offset]));
    }
    host.outlived.tell(
      ref,
      epoch,
      [...notes].filter((offset) => !this.#accused.has(offset) && this.#open.get(offset) !== false),
    );
    for (const { leave } of tries) host.suspicion.end(leave);
    for (const leave of this.#ending) host.suspicion.end(leave);
    this.#ending.clear();
  }

  /** Notes that are durable, or may be, and whose lane was lost before: nothing ran by them. */
  late(notes: readonly SuspectWrite[]): void {
    const { host, ref, epoch } = this.#lane;
    const begun = notes.filter(({ offset, note }) => note === 'begun' && !this.#accused.has(offset)).map(({ offset }) => offset);
    host.outlived.tell(ref, epoch, begun);
  }

  /** What it did to the process did not lose the lane. */
  #innocent({ turn, leave }: Try): boolean {
    const { host, options } = this.#lane;
    return turn === undefined || host.suspicion.stoodMs(leave) < options.sessionTimeoutMs / 2;
  }

  #pump(): void {
    const lane = this.#lane;
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#queue.length > 0 && lane.owned && !lane.draining && !lane.refused) {
      const root = this.#queue[0] as Root;
      if (root.offset >= this.#until) this.#slots = 0;
      const deaths = this.#deaths.get(root.offset);
      const free = deaths === undefined && this.#slots === 0;
      if (free && this.#untried.size > 0) break;
      this.#queue.shift();
      if (root.offset >= this.#last) this.#last = -1;
      if (!free) {
        if (this.#slots > 0) this.#slots--;
        root.suspect = (deaths ?? 0) + 1;
        this.#untried.add(root);
      }
      lane.admit(root);
      if (lane.mailboxes.get(root.key)?.retryAt !== undefined) this.aside(root.key);
    }
    this.#pumping = false;
  }
}
