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
  /** In the group commit, or durable. */
  note: Note | undefined;
  /** Its note is durable: it may start. */
  ready: boolean;
  /** It runs. */
  turn: EngineTurn | undefined;
}

/** What this owner has noted of a record: one row in the store, whatever runs by it. */
interface Note {
  readonly offset: number;
  /** The try that has it. */
  holder: Try | undefined;
  /** Functions of earlier tries that go on: a number, as one that hangs for ever must keep nothing in memory. */
  goingOn: number;
  /** Of those, as long as others wait for them. */
  readonly leaves: Set<Leave>;
  /** The process did not stand still in one of its tries. */
  innocent: boolean;
  /** Known to the process while a function goes on. */
  known: (() => void) | undefined;
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
 * A note stands as long as something runs by it: the try that has it, and the functions of tries that are over. A function
 * is nobody's to stop: it may go on after its deadline, after the abort of its turn, after a drain, and end the process
 * then. So when a try is over its note is taken back once its turn is quiet (`turn.whenQuiet`), and until then it counts for
 * the record, also when a later try of it, in front of the same note, is over first. While it goes on the others wait as for
 * a try, but no longer than `goesOnMs` (suspicion.ts). One whose promise is never settled leaves its note until the record is
 * settled or the worker stops in good order.
 *
 * It is taken back in one of two ways. The owner of the lane writes that (`over`), in the order of the group commit: a next
 * try may be noted right behind. Who has lost it removes what it wrote, by what it is (outlived.ts). The lane may be lost at
 * each step. Not noted: nothing to do. Note on its way: it is looked at again when it has come to the store (`late`), as it
 * may have come before the next owner. Until it is gone from the store the next owner counts it; so it counts again before
 * it parks, by what stands then. Only one thing is no proof of innocence: a try in which the process stood still for half a
 * session at a stretch may be what lost the lane, and would lose it on every worker in turn. Its note stays.
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
  /** Those that stand in the store, or may. */
  readonly #notes = new Map<number, Note>();
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
      this.#forgetNote(offset);
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
    const mine: Try = { root, mailbox, leave, note: undefined, ready: false, turn: undefined };
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
    const offset = suspectKey(root);
    let note = this.#notes.get(offset);
    if (!note) {
      note = { offset, holder: undefined, goingOn: 0, leaves: new Set(), innocent: true, known: undefined };
      this.#notes.set(offset, note);
    }
    mine.note = note;
    note.holder = mine;
    const notes: readonly SuspectWrite[] = [{ offset, note: 'begun' }];
    const mark = lane.mark({ suspects: notes }, () => {
      if (note.holder !== mine) return this.#writes ? undefined : this.late(notes);
      mine.ready = true;
      note.goingOn += lane.host.outlived.adopt(lane.ref, lane.epoch, offset, () => this.#quiet(note));
      if (note.goingOn > 0) this.#known(note);
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
    this.#counted.delete(root);
    if (this.#untried.delete(root)) {
      // It waits for something else: one more may have been under way when the process ended.
      if (!final) this.#slots++;
      lane.ports.clock.soon(() => this.#pump());
    }
    const known = this.#tries.get(root);
    // What the turn writes may come late (a flow without state writes it behind what it emits): a lone one's is not waited for.
    if (known && this.#leaves(known)) this.#free(known, final && !known.leave.alone && this.#writes);
    return final ? [{ offset: suspectKey(root), note: 'settled' }] : none;
  }

  /** Its turn goes on as that of a row. */
  moved(from: Root, to: Root): void {
    to.suspect = from.suspect;
    from.suspect = 0;
    if (this.#untried.delete(from)) this.#lane.ports.clock.soon(() => this.#pump());
    const known = this.#tries.get(from);
    if (!known) return;
    this.#tries.delete(from);
    const moved: Try = { ...known, root: to };
    if (moved.note) moved.note.holder = moved;
    this.#tries.set(to, moved);
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
    for (const note of this.#notes.values()) for (const leave of note.leaves) this.#judge(note, leave);
    this.#giveUp([...this.#tries.values()]);
    for (const note of this.#notes.values()) if (!note.innocent) this.#unknown(note);
    this.#counted.clear();
  }

  /** What takes a note back may be written. */
  get #writes(): boolean {
    return !this.#closed && !this.#lane.refused;
  }

  /** Nothing is written any more: also what was over and is not written yet (by a drain, or with its turn) is told. */
  #giveUp(tries: readonly Try[]): void {
    const { suspicion } = this.#lane.host;
    for (const one of tries) if (this.#leaves(one)) suspicion.end(one.leave);
    for (const leave of this.#ending) suspicion.end(leave);
    this.#ending.clear();
    this.#tell([...this.#notes.keys()]);
  }

  /** Notes that are durable, or may be, and were not waited for. */
  late(notes: readonly SuspectWrite[]): void {
    this.#tell(notes.filter(({ note }) => note === 'begun').map(({ offset }) => offset));
  }

  /** The try is over. False: a function of it goes on. */
  #leaves(one: Try): boolean {
    this.#tries.delete(one.root);
    const { note, leave, turn } = one;
    if (!note) return true;
    if (note.holder === one) note.holder = undefined;
    if (!turn) return true;
    this.#judge(note, leave);
    let quiet: boolean | undefined;
    turn.whenQuiet(() => {
      if (quiet === undefined) quiet = true;
      else this.#quiet(note, leave);
    });
    if (quiet) return true;
    quiet = false;
    note.goingOn++;
    note.leaves.add(leave);
    this.#known(note);
    this.#lane.host.suspicion.goesOn(leave, () => note.leaves.delete(leave));
    return false;
  }

  #known(note: Note): void {
    const { host, ref, epoch } = this.#lane;
    note.known ??= host.outlived.runsOn(ref, epoch, note.offset);
  }

  /** The function of a try that was over has ended; without leave: of one under an owner before, which this process was. */
  #quiet(note: Note, leave?: Leave): void {
    note.goingOn--;
    if (leave) note.leaves.delete(leave);
    this.#free({ note, leave }, false);
    if (note.goingOn > 0) return;
    this.#unknown(note);
  }

  #unknown(note: Note): void {
    note.known?.();
    note.known = undefined;
  }

  /** Nothing runs by this try any more: its note is taken back, unless something else has it. `settles`: its turn does that. */
  #free({ note, leave }: { readonly note: Note | undefined; readonly leave?: Leave | undefined }, settles: boolean): void {
    const lane = this.#lane;
    const end = () => leave && lane.host.suspicion.end(leave);
    if (!note || settles || note.holder || note.goingOn > 0 || this.#notes.get(note.offset) !== note) return lane.ports.clock.soon(end);
    const { offset } = note;
    if (!this.#writes) {
      end();
      return this.#tell([offset]);
    }
    if (leave) this.#ending.add(leave);
    const mark = lane.mark({ suspects: [{ offset, note: 'over' }] }, () => {
      if (leave) this.#ending.delete(leave);
      if (!note.holder && note.goingOn === 0) this.#forgetNote(offset);
      end();
    });
    lane.host.commit(mark);
  }

  #forgetNote(offset: number): void {
    const note = this.#notes.get(offset);
    if (note) this.#unknown(note);
    this.#notes.delete(offset);
  }

  /** Those that nothing has are taken back without the lane. What is not known here any more has nothing. */
  #tell(offsets: readonly number[]): void {
    const { host, ref, epoch } = this.#lane;
    const told = offsets.filter((offset) => {
      const note = this.#notes.get(offset);
      if (note && (note.holder || note.goingOn > 0 || !note.innocent)) return false;
      this.#notes.delete(offset);
      return true;
    });
    host.outlived.tell(ref, epoch, told);
  }

  /** What it did to the process may have lost the lane, or lose it yet. */
  #judge(note: Note, leave: Leave): void {
    const { host, options } = this.#lane;
    if (host.suspicion.stoodMs(leave) >= options.sessionTimeoutMs / 2) note.innocent = false;
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
