import { error } from '../errors/index.ts';
import { header } from '../log/port.ts';
import type { HeldReason, HeldRow, HeldWrite, RedriveRequest, TimerRow } from '../state/port.ts';
import { headOf } from '../state/redrive-head.ts';
import type { HeldPatient } from './held-list.ts';
import type { Lane } from './lane.ts';
import type { Mailbox } from './mailbox.ts';
import { onlyFlowHeader } from './merging.ts';
import type { Root } from './root.ts';
import type { Failure } from './supervise.ts';
import { EngineTurn } from './turn.ts';

interface Hold {
  /** `null`: parked until an operator redrives it. */
  readonly due: number | null;
  readonly reason: HeldReason;
  readonly class: string | null;
  readonly code: string | null;
  readonly operator: string | null;
}

const inFront: Hold = { due: 0, reason: 'credits', class: null, code: null, operator: null };
const readAhead = 64;
const behindOthers: Hold = { due: 0, reason: 'behind', class: null, code: null, operator: null };
const timerPrefix = 'timer:';

/**
 * Moves envelopes of a lane to the held list and back: the one mechanism behind long retries, parking and backlog.
 *
 * Failure at every step: the addition of a row is durable before its root settles (a crash before: the record comes
 * again); the removal of a row is in the transaction of the turn that it ran; a patient is live again only when the
 * removal of its last row is durable and nothing was added meanwhile.
 */
export class Holding {
  readonly #lane: Lane;
  readonly #timers = new Map<string, TimerRow[]>();
  /** Bytes of inputs in memory behind their patients' heads; may be too high. */
  #kept = 0;
  #counted = Number.NEGATIVE_INFINITY;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  /** Puts a root on the held list (or its row back, with the new due time) and everything of its patient behind it. */
  hold(mailbox: Mailbox, root: Root, why: Hold): void {
    const lane = this.#lane;
    lane.results.take(root);
    const turn = new EngineTurn(lane, root, mailbox);
    const row = this.#row(root, why, root.held?.seq ?? lane.held.nextSeq());
    if (root.held) turn.held = [{ op: 'update', row }];
    else {
      lane.held.adding(root.key);
      turn.held = [{ op: 'add', row }];
      if (root.timer) turn.timers = [{ ...root.timer, due: null }];
    }
    turn.settlement = { kind: 'parked' };
    if (why.due === null && why.reason !== 'merge') {
      lane.metrics.parked.inc();
      const failure = { class: why.class as Failure['class'], code: why.code ?? '' };
      const large = lane.tooLarge(root);
      turn.emitBytes(
        `${lane.ref.flow}.parked`,
        lane.program.sidePartitionOf(root.key),
        root.key,
        large ? null : row.value,
        { ...this.headersOf(root, failure, why.operator ?? ''), ...(large ? { 'aorta-value': 'held-list' } : {}) },
        // Kept 30 days from now, whatever the age of the record.
        lane.ports.clock.now(),
      );
    }
    lane.turns.finish(turn);
    this.spill(mailbox);
  }

  /** The patient waits here for the one who is merged into it (merging.ts); an `in` puts an end to it. */
  keepPlace(turn: EngineTurn): void {
    const mailbox = turn.mailbox as Mailbox;
    mailbox.running = undefined;
    this.hold(mailbox, turn.root, { due: null, reason: 'merge', class: null, code: null, operator: null });
  }

  /** A record that was taken back: its source still has rows of the patient, and it does not pass them by. */
  queuesBehind(root: Root): boolean {
    return root.kind === 'log' && this.#lane.held.get(root.key) !== undefined && !this.#lane.merging.passes(root);
  }

  /** A patient's envelope queues behind its held ones. */
  behind(root: Root): void {
    this.#lane.held.adding(root.key);
    this.#add(root, this.#row(root, behindOthers, this.#lane.held.nextSeq()));
  }

  /**
   * A running turn goes on as that of a row: what is spilled must stand behind it on the list, or whoever takes the
   * partition over would begin with what was behind.
   */
  #holdRunning(turn: EngineTurn): void {
    const { root } = turn;
    const row = this.#row(root, inFront, this.#lane.held.nextSeq());
    this.#lane.held.adding(root.key).active = true;
    turn.root = this.#root(row);
    this.#lane.suspects.moved(root, turn.root);
    this.#add(root, row);
  }

  #add(root: Root, row: HeldRow): void {
    const lane = this.#lane;
    const mailbox = lane.mailboxes.get(root.key);
    // Behind turns that can still be taken back it must be taken back with them; else it needs no mailbox.
    const bound = mailbox?.undurable.some((turn) => turn.root.kind !== 'held');
    const turn = new EngineTurn(lane, root, bound ? mailbox : undefined);
    turn.held = [{ op: 'add', row }];
    if (root.timer) turn.timers = [{ ...root.timer, due: null }];
    turn.settlement = { kind: 'parked' };
    if (bound) return lane.turns.finish(turn);
    turn.suspects = lane.suspects.over(root, !turn.comesAgain);
    lane.commit(turn);
  }

  /** Everything queued for the patient goes to the held list, behind the turn that runs or waits. */
  spill(mailbox: Mailbox): void {
    if (mailbox.retryAt !== undefined && mailbox.peek()?.lane === this.#lane) {
      const head = mailbox.shift();
      const due = mailbox.retryAt;
      mailbox.cancelRetry?.();
      mailbox.retryAt = undefined;
      mailbox.cancelRetry = undefined;
      if (head) return this.hold(mailbox, head, { due, reason: 'credits', class: null, code: mailbox.lastError ?? null, operator: null });
    }
    const { running } = mailbox;
    const lane = this.#lane;
    const queued = mailbox.take(lane);
    for (const root of queued) {
      lane.suspects.over(root, false);
      lane.results.take(root);
    }
    if (queued.length > 0 && running?.lane === lane && !running.root.held && !lane.held.get(mailbox.key)) this.#holdRunning(running);
    for (const root of queued) {
      const patient = lane.held.get(root.key);
      // It has its row, and only waited for its turn.
      if (root.held) this.again(root.held);
      // Only a held patient's last row wakes what waits: in front of the first row it stays where it is.
      else if (root.timer && root.kind === 'timer') patient ? this.timerWaits(root.timer) : mailbox.push(root);
      else if (!(patient && lane.program.merges && lane.merging.bypasses(root, patient))) this.behind(root);
      else if (patient.leaving !== root) mailbox.push(root);
    }
    if (mailbox.length > 0) lane.host.ready(lane, mailbox);
  }

  /** Runs the patient's next row when it is due and nothing of the patient is under way. */
  next(key: string): void {
    const lane = this.#lane;
    const patient = lane.held.get(key);
    if (!patient || patient.active || !lane.owned || lane.draining || !lane.co.complete) return;
    const mailbox = lane.mailboxes.get(key);
    if (mailbox && !mailbox.idleFor(lane)) return;
    if (patient.leaving) return void lane.merging.leave(patient);
    patient.head ??= patient.ahead.shift();
    if (!patient.head) return void this.#read(patient);
    const { head } = patient;
    if (head.due === null) {
      if (head.reason !== 'merge' || patient.placeTried === head.seq) return;
      patient.placeTried = head.seq;
    }
    const due = (head.due ?? 0) - lane.ports.clock.now();
    // Not even tried while the guard would refuse it: a thousand waiting patients cost the store nothing.
    const wait = due > 0 ? due : (lane.ports.outside?.heldBackMs(head) ?? 0);
    if (wait > 0) {
      patient.cancelWake?.();
      patient.cancelWake = lane.ports.clock.after(Math.min(wait, 3_600_000), () => this.next(key));
      return;
    }
    patient.active = true;
    const own = lane.mailbox(key);
    own.push({ ...this.#root(head), suspect: lane.suspects.ofHeld(head) });
    lane.host.ready(lane, own);
  }

  /** Wakes every held patient; on assignment. */
  wakeAll(): void {
    for (const { key } of [...this.#lane.held.all()]) this.next(key);
  }

  durable(writes: readonly HeldWrite[]): void {
    const lane = this.#lane;
    // All of them first: what is next is decided when none of them stands on the list any more.
    const keys = new Set<string>();
    for (const write of writes) {
      if (write.op === 'remove') {
        const patient = lane.held.get(write.key);
        if (lane.held.removed(write.key, write.seq)) this.#live(write.key, patient);
        else keys.add(write.key);
        lane.relax();
        continue;
      }
      const patient = lane.held.get(write.row.key);
      if (!patient) continue;
      if (write.op === 'update') {
        patient.head = write.row;
        patient.active = false;
      } else this.#added(patient, write.row);
      keys.add(write.row.key);
    }
    for (const key of keys) this.next(key);
  }

  /** The patient stands still: timers wait. Inputs of a lane that only queue for their turn hold up nothing. */
  standsStill(key: string): boolean {
    const patient = this.#lane.held.get(key);
    if (!patient) return false;
    return !(this.#lane.main && (patient.head === undefined || patient.head.reason === 'lane'));
  }

  /** An input of this lane, which a turn of the main lane has written. */
  arrived(row: HeldRow): void {
    if (!this.#lane.owned) return;
    const patient = this.#lane.held.adding(row.key);
    this.#added(patient, row);
    if (patient.head !== row) this.#keep(patient, row);
    this.next(row.key);
  }

  /** An input that stands right behind those in memory stays there too, within a part of the worker's credits. */
  #keep(patient: HeldPatient, row: HeldRow): void {
    const known = (patient.head ? 1 : 0) + patient.ahead.length;
    if (patient.reading || known === 0 || known !== patient.count - 1 || patient.ahead.length >= readAhead) return;
    const size = row.value?.length ?? 0;
    if (this.#kept + size > this.#lane.host.maxLaneBytes() / 4) this.#recount();
    if (this.#kept + size > this.#lane.host.maxLaneBytes() / 4) return;
    this.#kept += size;
    patient.ahead.push(row);
  }

  /** Rows leave memory in many ways; they are counted anew when they seem too many, at most once in a second. */
  #recount(): void {
    const now = this.#lane.ports.clock.monotonic();
    if (now - this.#counted < 1000) return;
    this.#counted = now;
    this.#kept = 0;
    for (const { ahead } of this.#lane.held.all()) for (const row of ahead) this.#kept += row.value?.length ?? 0;
  }

  #added(patient: HeldPatient, row: HeldRow): void {
    // The read that is under way finds it, or what it finds stands in front of it; a head of its own would be passed by.
    if (patient.reading) patient.stale = true;
    else if (!patient.head && !patient.active && patient.ahead.length === 0 && patient.count === 1) patient.head = row;
  }

  /** Additions that will not become durable. */
  withdrawn(writes: readonly HeldWrite[]): void {
    for (const write of writes) {
      if (write.op !== 'add') continue;
      const patient = this.#lane.held.get(write.row.key);
      if (this.#lane.held.notAdded(write.row.key)) this.#live(write.row.key, patient);
    }
  }

  /** The head's turn was taken back with an earlier turn of the patient, which another source brought. */
  again(row: HeldRow): void {
    const patient = this.#lane.held.get(row.key);
    if (patient?.head?.seq === row.seq) patient.active = false;
  }

  timerWaits(timer: TimerRow): void {
    const waiting = this.#timers.get(timer.key);
    if (waiting) waiting.push(timer);
    else this.#timers.set(timer.key, [timer]);
  }

  #live(key: string, patient: HeldPatient | undefined): void {
    // Its `merge.out` waited for rows that are gone meanwhile: it goes on as any envelope.
    const leaving = patient?.leaving;
    if (patient && leaving) {
      patient.leaving = undefined;
      this.#lane.admit(leaving);
    }
    const waiting = this.#timers.get(key);
    if (!waiting) return;
    this.#timers.delete(key);
    for (const timer of waiting) this.#lane.timerLane.refire(timer);
  }

  /**
   * An operator's request: the patient's head is tried again now, or discarded. A request for a patient that is not held
   * is done: there is nothing to redrive.
   */
  redrive(request: RedriveRequest): void {
    const lane = this.#lane;
    const key = request.key ?? '';
    if (lane.co.redriven.has(request.id)) return;
    const patient = lane.held.get(key);
    const head = patient?.head;
    const mailbox = lane.mailboxes.get(key);
    // The head is being tried, or being read: the request waits for its outcome.
    if (patient && (!head || patient.active || (mailbox && !mailbox.idleFor(lane)))) return this.next(key);
    const matches = isMeant(request, head);
    if (request.action === 'single' && matches && patient && head && patient.count > 1) return void this.#single(request, patient, head);
    this.#take(request, patient, head);
  }

  /** What is behind the head is parked in the same transaction in which the head is released: it stays, however that ends. */
  async #single(request: RedriveRequest, patient: HeldPatient, head: HeldRow): Promise<void> {
    const lane = this.#lane;
    // Nothing else touches the head meanwhile.
    patient.active = true;
    let next: HeldRow | undefined;
    try {
      [next] = await lane.ports.state.held(lane.ref, patient.key, head.seq + 1, 1);
    } catch (cause) {
      lane.ports.telemetry.log('warn', 'flow.held-read-failed', { flow: lane.ref.flow, ...lane.partition, error: cause });
    }
    patient.active = false;
    // Not read, or on its way into the group commit: the request is looked at again in a second.
    if (!lane.owned) return;
    if (!next || patient.head !== head) return this.next(patient.key);
    const behind: HeldRow = { ...next, due: null, reason: 'park', errorClass: null, errorCode: 'AORTA_ENGINE_019', operator: null };
    if (patient.ahead[0]?.seq === behind.seq) patient.ahead[0] = behind;
    else patient.ahead.length = 0;
    this.#take(request, patient, head, behind);
  }

  #take(request: RedriveRequest, patient: HeldPatient | undefined, head: HeldRow | undefined, behind?: HeldRow): void {
    const lane = this.#lane;
    const key = request.key ?? '';
    lane.co.redrove(request.id);
    if (!patient || !head || !isMeant(request, head)) {
      const asked = headOf(request.id);
      if (asked !== undefined)
        lane.ports.telemetry.log('warn', 'flow.redrive-refused', {
          ...{ flow: lane.ref.flow, ...lane.partition },
          error: error('AORTA_ENGINE_032', { flow: lane.ref.flow, asked }),
        });
      return lane.host.commit(lane.mark({ redrivesDone: [request.id] }));
    }
    patient.active = true;
    const held: HeldWrite =
      request.action === 'discard'
        ? { op: 'remove', key, seq: head.seq }
        : { op: 'update', row: { ...head, due: lane.ports.clock.now(), redrives: head.redrives + 1, attempt: 1 } };
    if (request.action === 'discard') lane.metrics.skipped(head.operator ?? lane.ref.topic, 'operator');
    lane.host.commit(
      lane.mark(
        {
          held: behind ? [held, { op: 'update', row: behind }] : [held],
          suspects: [lane.suspects.forgive(head)],
          redrivesDone: [request.id],
        },
        () => this.durable([held]),
      ),
    );
  }

  /** Headers of records on `<flow>.parked` and `<flow>.dlq`. No PHI: codes, names and coordinates. */
  headersOf(root: Root, failure: Failure, operator: string): Record<string, string> {
    const { flow, lane, topic, partition } = this.#lane.ref;
    return {
      // A dead letter of a lane's input goes back into that lane, and no other flow takes it.
      ...(this.#lane.main ? { [header.lane]: lane, [onlyFlowHeader]: flow } : {}),
      [header.eventId]: root.eventId,
      'aorta-flow': flow,
      'aorta-operator': operator,
      'aorta-error-class': failure.class,
      'aorta-error-code': failure.code,
      'aorta-attempts': String(root.attempt),
      'aorta-source': `${topic}/${partition}/${root.offset}`,
      'aorta-source-timestamp': String(root.timestamp),
      'aorta-graph-hash': this.#lane.program.hash,
      // Of the held list here, and of the dead letters that it was before.
      'aorta-redrives': String((root.held?.redrives ?? 0) + (Number(root.headers[header.redrives]?.toString()) || 0)),
      ...(root.value && root.value.length > 5 && root.value[0] === 0 ? { 'aorta-schema-id': String(root.value.readUInt32BE(1)) } : {}),
    };
  }

  close(): void {
    for (const patient of this.#lane.held.all()) patient.cancelWake?.();
    this.#timers.clear();
  }

  async #read(patient: HeldPatient): Promise<void> {
    if (patient.reading) return;
    patient.reading = true;
    patient.stale = false;
    const lane = this.#lane;
    try {
      const rows = await lane.host.reads.run(() => lane.ports.state.held(lane.ref, patient.key, patient.doneThrough + 1, readAhead));
      patient.reading = false;
      if (!lane.owned) return;
      // Rows on their way into the group commit wake it when durable; those that became durable meanwhile have done so.
      if (rows.length === 0) return void (patient.stale && this.#read(patient));
      patient.head = rows[0];
      patient.ahead.push(...rows.slice(1));
      this.next(patient.key);
    } catch (cause) {
      lane.ports.telemetry.log('warn', 'flow.held-read-failed', { flow: lane.ref.flow, ...lane.partition, error: cause });
      lane.ports.clock.after(1000, () => {
        patient.reading = false;
        this.next(patient.key);
      });
    }
  }

  #row(root: Root, why: Hold, seq: number): HeldRow {
    return {
      key: root.key,
      seq,
      offset: root.offset,
      timestamp: root.timestamp,
      eventId: root.eventId,
      // A head stays in memory for as long as its patient is held.
      recordKey: this.#lane.slabs.ownKeyBytes(root.recordKey),
      value: root.value && this.#lane.slabs.own(root.value),
      headers: this.#lane.slabs.ownHeaders(root.headers),
      resume: root.timer ? `${timerPrefix}${root.timer.node}:${root.timer.name}` : this.#lane.ref.topic,
      attempt: root.attempt,
      due: why.due,
      reason: why.reason,
      errorClass: why.class,
      errorCode: why.code,
      operator: why.operator,
      redrives: root.held?.redrives ?? 0,
    };
  }

  #root(row: HeldRow): Root {
    let timer: TimerRow | undefined;
    if (row.resume.startsWith(timerPrefix)) {
      const [node, ...name] = row.resume.slice(timerPrefix.length).split(':') as [string, ...string[]];
      timer = { node, key: row.key, name: name.join(':'), due: row.timestamp, payload: row.value, eventId: row.eventId };
    }
    return {
      kind: 'held',
      lane: this.#lane,
      key: row.key,
      eventId: row.eventId,
      timestamp: row.timestamp,
      offset: row.offset,
      recordKey: row.recordKey,
      value: row.value,
      headers: row.headers,
      size: 0,
      attempt: row.attempt,
      entry: undefined,
      held: row,
      timer,
      suspect: 0,
    };
  }
}

/** The head is what the request was made about. */
const isMeant = ({ id, errorClass }: RedriveRequest, head: HeldRow | undefined): boolean =>
  (errorClass === null || head?.errorClass === errorClass) && (headOf(id) ?? head?.seq) === head?.seq;
