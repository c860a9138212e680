import { header } from '../log/port.ts';
import type { HeldReason, HeldRow, HeldWrite, RedriveRequest, TimerRow } from '../state/port.ts';
import type { HeldPatient } from './held-list.ts';
import type { Lane } from './lane.ts';
import type { Mailbox } from './mailbox.ts';
import type { Root } from './root.ts';
import type { Failure } from './supervise.ts';
import { isPoison } from './suspect-gate.ts';
import { EngineTurn } from './turn.ts';

interface Hold {
  /** `null`: parked until an operator redrives it. */
  readonly due: number | null;
  readonly reason: HeldReason;
  readonly class: string | null;
  readonly code: string | null;
  readonly operator: string | null;
}

const poison: Hold = { due: null, reason: 'poison', class: 'Defect', code: 'AORTA_ENGINE_007', operator: null };
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
  /** Newest redrive requests that were taken: a list that was read before they became durable still names them. */
  readonly #taken = new Set<string>();

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  /** Puts a root on the held list (or its row back, with the new due time) and everything of its patient behind it. */
  hold(mailbox: Mailbox, root: Root, why: Hold): void {
    const lane = this.#lane;
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
      turn.emitBytes(`${lane.ref.flow}.parked`, lane.program.sidePartitionOf(root.key), root.key, lane.tooLarge(root) ? null : root.value, {
        ...this.headersOf(root, failure, why.operator ?? ''),
        ...(lane.tooLarge(root) ? { 'aorta-value': 'held-list' } : {}),
      });
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

  /** A patient's envelope queues behind its held ones. */
  behind(root: Root): void {
    this.#lane.held.adding(root.key);
    this.#add(root, this.#row(root, isPoison(root) ? poison : behindOthers, this.#lane.held.nextSeq()));
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
    lane.suspects.survived(root);
    if (root.suspect > 0) turn.suspects = [{ offset: root.offset, attempts: 0 }];
    lane.commit(turn);
  }

  /** Everything queued for the patient goes to the held list, behind the turn that runs or waits. */
  spill(mailbox: Mailbox): void {
    if (mailbox.retryAt !== undefined) {
      const head = mailbox.shift();
      const due = mailbox.retryAt;
      mailbox.cancelRetry?.();
      mailbox.retryAt = undefined;
      mailbox.cancelRetry = undefined;
      if (head) return this.hold(mailbox, head, { due, reason: 'credits', class: null, code: mailbox.lastError ?? null, operator: null });
    }
    const { running } = mailbox;
    if (mailbox.length > 0 && running && !running.root.held && !this.#lane.held.get(mailbox.key)) this.#holdRunning(running);
    const lane = this.#lane;
    for (const root of mailbox.takeAll()) {
      const patient = lane.held.get(root.key);
      if (root.timer && root.kind === 'timer') this.timerWaits(root.timer);
      else if (!(patient && lane.program.merges && lane.merging.bypasses(root, patient))) this.behind(root);
      else if (patient.leaving !== root) mailbox.push(root);
    }
    if (mailbox.length > 0) lane.host.ready(lane, mailbox);
  }

  /** Runs the patient's next row when it is due and nothing of the patient is under way. */
  next(key: string): void {
    const lane = this.#lane;
    const patient = lane.held.get(key);
    if (!patient || patient.active || !lane.owned || lane.draining) return;
    const mailbox = lane.mailboxes.get(key);
    if (mailbox && !mailbox.idle) return;
    if (patient.leaving) return void lane.merging.leave(patient);
    patient.head ??= patient.ahead.shift();
    if (!patient.head) return void this.#read(patient);
    const { head } = patient;
    if (head.due === null) {
      if (head.reason !== 'merge' || patient.placeTried === head.seq) return;
      patient.placeTried = head.seq;
    }
    const wait = (head.due ?? 0) - lane.ports.clock.now();
    if (wait > 0) {
      patient.cancelWake?.();
      patient.cancelWake = lane.ports.clock.after(Math.min(wait, 3_600_000), () => this.next(key));
      return;
    }
    patient.active = true;
    lane.suspects.admitHeld(head, (suspect) => {
      const own = lane.mailbox(key);
      own.push({ ...this.#root(head), suspect });
      lane.host.ready(lane, own);
    });
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
    for (const timer of waiting) this.#lane.refire(timer);
  }

  /**
   * An operator's request: the patient's head is tried again now, or discarded. A request for a patient that is not held
   * is done: there is nothing to redrive.
   */
  redrive(request: RedriveRequest): void {
    const lane = this.#lane;
    const key = request.key ?? '';
    if (this.#taken.has(request.id)) return;
    const patient = lane.held.get(key);
    const head = patient?.head;
    const mailbox = lane.mailboxes.get(key);
    // The head is being tried, or being read: the request waits for its outcome.
    if (patient && (!head || patient.active || (mailbox && !mailbox.idle))) return this.next(key);
    this.#taken.add(request.id);
    if (this.#taken.size > 10_000) this.#taken.delete(this.#taken.values().next().value as string);
    if (!patient || !head || (request.errorClass !== null && head.errorClass !== request.errorClass)) {
      return lane.host.commit(lane.mark({ redrivesDone: [request.id] }));
    }
    patient.active = true;
    const held: HeldWrite =
      request.action === 'discard'
        ? { op: 'remove', key, seq: head.seq }
        : { op: 'update', row: { ...head, due: lane.ports.clock.now(), redrives: head.redrives + 1, attempt: 1 } };
    if (request.action === 'discard') lane.metrics.skipped(head.operator ?? lane.ref.topic, 'operator');
    lane.host.commit(
      lane.mark({ held: [held], suspects: [lane.suspects.forgive(head)], redrivesDone: [request.id] }, () => this.durable([held])),
    );
  }

  /** Headers of records on `<flow>.parked` and `<flow>.dlq`. No PHI: codes, names and coordinates. */
  headersOf(root: Root, failure: Failure, operator: string): Record<string, string> {
    const { flow, topic, partition } = this.#lane.ref;
    return {
      [header.eventId]: root.eventId,
      'aorta-flow': flow,
      'aorta-operator': operator,
      'aorta-error-class': failure.class,
      'aorta-error-code': failure.code,
      'aorta-attempts': String(root.attempt),
      'aorta-source': `${topic}/${partition}/${root.offset}`,
      'aorta-source-timestamp': String(root.timestamp),
      'aorta-graph-hash': this.#lane.program.hash,
      'aorta-redrives': String(root.held?.redrives ?? 0),
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
      const rows = await lane.ports.state.held(lane.ref, patient.key, patient.doneThrough + 1, readAhead);
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
      recordKey: root.recordKey,
      value: root.value,
      headers: root.headers,
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
