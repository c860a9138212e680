import { AortaError, error } from '../errors/index.ts';
import { header, type LogRecord, type TopicPartition } from '../log/port.ts';
import type { ClaimedLane, LaneGroup, LaneRef, OutboxRecord, StateWrite, TimerRow } from '../state/port.ts';
import type { Settlement } from './ack.ts';
import type { FlowMetrics } from './flow-metrics.ts';
import type { CommitItem } from './group-commit.ts';
import { HeldList } from './held-list.ts';
import { Holding } from './holding.ts';
import { parseHop } from './hop.ts';
import { LaneTimers } from './lane-timers.ts';
import { Mailbox } from './mailbox.ts';
import { OffsetTracker } from './offset-tracker.ts';
import type { EngineOptions, EnginePorts } from './options.ts';
import { Outbox } from './outbox.ts';
import type { Program } from './program.ts';
import type { Root } from './root.ts';
import { failureOf, supervise } from './supervise.ts';
import { SuspectGate } from './suspect-gate.ts';
import { EngineTurn } from './turn.ts';

/** What a lane needs of the flow's runtime. */
export interface LaneHost {
  ready(lane: Lane, mailbox: Mailbox): void;
  activate(lane: Lane, mailbox: Mailbox): void;
  commit(item: CommitItem): void;
  withdraw(where: (item: CommitItem) => boolean): readonly CommitItem[];
  pause(lane: Lane): void;
  resume(lane: Lane): void;
  running(change: 1 | -1): void;
  settled(lane: Lane, root: Root, settlement: Settlement): void;
  fenced(lane: Lane): void;
  maxLaneBytes(): number;
}

/**
 * The owner of one partition (one epoch of it).
 *
 * States: claimed → owned (fed) → draining → released; from any of them → lost (fenced, or the session expired).
 * Invariants: one turn per patient at a time; turns become durable in the order in which they ended; a root is settled
 * once, when its effects are durable and what it emitted is in the log; nothing is decided for a lane that is not owned.
 */
export class Lane {
  readonly ref: LaneRef;
  readonly partition: TopicPartition;
  readonly generation: number;
  readonly epoch: number;
  readonly program: Program;
  readonly ports: EnginePorts;
  readonly options: EngineOptions;
  readonly metrics: FlowMetrics;
  readonly host: LaneHost;
  readonly tracker: OffsetTracker;
  readonly mailboxes = new Map<string, Mailbox>();
  readonly idle = new Map<string, Mailbox>();
  readonly held: HeldList;
  readonly holding: Holding;
  readonly outbox: Outbox;
  readonly timers: LaneTimers;
  readonly suspects: SuspectGate;
  owned = true;
  draining = false;
  /** The partition stands still and says why. */
  refused: AortaError | undefined;
  paused = false;
  records = 0;
  bytes = 0;
  running = 0;
  committed = -1;
  /** End of the log as last seen, for lag. */
  end = 0;
  #group: number;
  /** Newest group with an outbox row, and the sent mark that the store has: a flush deletes what lies between. */
  #lastOutboxGroup = 0;
  #sentThroughStored: number;
  /** Something was applied that no group has carried yet (skips). */
  #dirty = false;

  constructor(
    ref: LaneRef,
    generation: number,
    claimed: ClaimedLane,
    program: Program,
    ports: EnginePorts,
    options: EngineOptions,
    metrics: FlowMetrics,
    host: LaneHost,
    onRetry: (what: 'commit' | 'produce', cause: unknown, attempt: number) => void,
  ) {
    this.ref = ref;
    this.partition = { topic: ref.topic, partition: ref.partition };
    this.generation = generation;
    this.epoch = claimed.epoch;
    this.program = program;
    this.ports = ports;
    this.options = options;
    this.metrics = metrics;
    this.host = host;
    this.#group = claimed.group;
    this.#sentThroughStored = claimed.sentThrough;
    this.tracker = new OffsetTracker(claimed.applied);
    this.held = new HeldList(claimed.epoch, claimed.held);
    this.holding = new Holding(this);
    this.outbox = new Outbox(
      ports.log,
      ports.clock,
      ports.random,
      `${ref.flow}/${ref.partition}`,
      claimed.sentThrough,
      2000,
      (cause, attempt) => onRetry('produce', cause, attempt),
    );
    this.timers = new LaneTimers(
      ports.state,
      ports.clock,
      ref,
      options.timerWindowMs,
      (timer) => this.#timerDue(timer),
      (cause) => onRetry('commit', cause, 1),
    );
    this.suspects = new SuspectGate(this, claimed.clean ? 0 : options.suspects, claimed.suspects);
    this.#lastOutboxGroup = claimed.outbox.at(-1)?.group ?? 0;
    for (const { group, records } of claimed.outbox) this.outbox.group(group, records, () => {});
  }

  // ---- feeding -------------------------------------------------------------------------------------------------

  feed(records: readonly LogRecord[], end: number): void {
    if (!this.owned || this.draining || this.refused) return;
    this.end = Math.max(this.end, end);
    const now = this.ports.clock.now();
    for (const record of records) {
      this.metrics.totals.received++;
      const { entry, duplicate } = this.tracker.add(record.offset, parseHop(record.headers[header.seq]), now);
      if (this.tracker.wasApplied(record.offset)) {
        entry.applied = entry.settled = true;
        this.metrics.redelivered.inc();
        this.metrics.totals.redelivered++;
        continue;
      }
      if (duplicate) {
        entry.applied = entry.settled = true;
        this.#dirty = true;
        this.metrics.sentTwice.inc();
        continue;
      }
      const size = (record.value?.length ?? 0) + (record.key?.length ?? 0) + 128;
      this.records++;
      this.bytes += size;
      const eventId = record.headers[header.eventId];
      const root: Root = {
        kind: 'log',
        key: record.key === null ? '' : record.key.toString(),
        eventId: eventId === undefined ? `${this.ref.topic}/${this.ref.partition}/${record.offset}` : eventId.toString(),
        timestamp: record.timestamp,
        offset: record.offset,
        recordKey: record.key,
        value: record.value,
        headers: record.headers,
        size,
        attempt: 1,
        entry,
        held: undefined,
        timer: undefined,
        suspect: 0,
      };
      if (this.suspects.open) this.admit(root);
      else this.suspects.push(root);
    }
    this.metrics.received.inc(records.length);
    if (!this.paused && this.overCredit) {
      this.paused = true;
      this.host.pause(this);
    }
  }

  get overCredit(): boolean {
    return this.records > this.options.maxRecords || this.bytes > this.host.maxLaneBytes() || this.held.total > this.options.maxHeld;
  }

  /** A root enters its patient's mailbox, or queues on the held list behind what is there. */
  admit(root: Root): void {
    if (this.held.get(root.key)) {
      this.holding.behind(root);
      return;
    }
    const mailbox = this.mailbox(root.key);
    mailbox.push(root);
    this.host.ready(this, mailbox);
    this.#relieve(mailbox);
  }

  /** A patient that waits or runs long must not take the partition's credits from the others. */
  #relieve(mailbox: Mailbox): void {
    if (mailbox.length > this.options.maxRecords / 2 && (mailbox.running || mailbox.retryAt !== undefined)) this.holding.spill(mailbox);
  }

  mailbox(key: string): Mailbox {
    let mailbox = this.mailboxes.get(key);
    if (!mailbox) {
      mailbox = this.idle.get(key);
      if (mailbox) this.idle.delete(key);
      else mailbox = new Mailbox(key);
      this.mailboxes.set(key, mailbox);
    }
    return mailbox;
  }

  #timerDue(timer: TimerRow): void {
    if (!this.owned || this.draining) return;
    const root: Root = {
      kind: 'timer',
      key: timer.key,
      eventId: `${timer.eventId}:${timer.node}:${timer.name}`,
      timestamp: timer.due,
      offset: -1,
      recordKey: null,
      value: timer.payload,
      headers: {},
      size: 0,
      attempt: 1,
      entry: undefined,
      held: undefined,
      timer,
      suspect: 0,
    };
    // A held patient's timers wait: they fire again when it is live.
    if (this.held.get(timer.key)) this.holding.timerWaits(timer);
    else {
      const mailbox = this.mailbox(timer.key);
      mailbox.push(root);
      this.host.ready(this, mailbox);
    }
  }

  /** Runs it when its patient is live. */
  refire(timer: TimerRow): void {
    this.#timerDue(timer);
  }

  // ---- turns ---------------------------------------------------------------------------------------------------

  /** Starts the patient's next turn if it may start. Called by the run queue. */
  next(mailbox: Mailbox): void {
    if (!this.owned || this.draining || mailbox.running || mailbox.loading || mailbox.retryAt !== undefined) return;
    const root = mailbox.peek();
    if (!root) return this.#rest(mailbox);
    if (this.program.actors.length > 0 && !mailbox.cells) {
      mailbox.loading = true;
      mailbox.since = this.ports.clock.now();
      return this.host.activate(this, mailbox);
    }
    // A turn that calls out must not act on state that can still be taken back.
    if (this.program.asynchronous && this.program.stateful && mailbox.undurable.length > 0) return;
    if (mailbox.undurable.length >= this.options.group.maxTurns) return;
    mailbox.shift();
    this.#run(mailbox, root);
  }

  #run(mailbox: Mailbox, root: Root): void {
    const turn = new EngineTurn(this, root, mailbox);
    mailbox.running = turn;
    try {
      const outcome = this.#steps(turn, root);
      if (outcome === undefined) this.#ended(turn);
      else {
        mailbox.since = this.ports.clock.now();
        this.running++;
        this.host.running(1);
        this.#relieve(mailbox);
        outcome.then(
          () => {
            this.running--;
            this.host.running(-1);
            this.#ended(turn);
          },
          (cause) => {
            this.running--;
            this.host.running(-1);
            this.#failed(turn, cause);
          },
        );
      }
    } catch (cause) {
      this.#failed(turn, cause);
    }
  }

  #steps(turn: EngineTurn, root: Root): void | Promise<void> {
    if (root.key === '' && root.kind === 'log')
      throw error('AORTA_ENGINE_010', { topic: this.ref.topic, partition: this.ref.partition, offset: root.offset });
    if (root.timer) {
      const { node, name, payload } = root.timer;
      const step = this.program.timer(node);
      if (!step) {
        turn.skip(node, 'timer-without-actor');
        return;
      }
      return step({ name, payload: payload === null ? undefined : JSON.parse(payload.toString()) }, turn);
    }
    if (root.value === null) {
      turn.skip(this.ref.topic, 'tombstone');
      return;
    }
    const value = this.program.decode(root.value);
    if (value instanceof Promise) {
      return value.then(
        (decoded) => this.program.start(decoded, turn),
        (cause) => {
          // The registry is away: wait for it, however long; the record itself may be perfectly good.
          if (cause instanceof AortaError && cause.class === 'Transient') {
            throw new AortaError(cause.code, 'Overload', cause.message, cause.details, { cause });
          }
          throw cause;
        },
      );
    }
    return this.program.start(value, turn);
  }

  #ended(turn: EngineTurn): void {
    if (turn.withdrawn || !this.owned) return;
    if (turn.dead) return this.#failed(turn, turn.dead);
    if (turn.ack.open > 0) {
      return this.#failed(turn, error('AORTA_ENGINE_002', { flow: this.ref.flow, pending: turn.ack.open, operator: turn.at }));
    }
    try {
      turn.seal();
    } catch (cause) {
      return this.#failed(turn, cause);
    }
    turn.settlement = turn.ack.settlement;
    const { root } = turn;
    if (root.held) turn.held = [{ op: 'remove', key: root.key, seq: root.held.seq }];
    if (root.timer && !turn.timers?.some((t) => t.node === root.timer?.node && t.name === root.timer.name)) {
      turn.timers = [...(turn.timers ?? []), { ...root.timer, due: null }];
    }
    this.finish(turn);
  }

  /** Hands an ended turn over: to the group commit, to the outbox, or (nothing to keep) straight to its settlement. */
  finish(turn: EngineTurn): void {
    const mailbox = turn.mailbox as Mailbox;
    if (mailbox.running === turn) mailbox.running = undefined;
    this.suspects.survived(turn.root);
    if (turn.root.suspect > 0) turn.suspects = [{ offset: turn.root.offset, attempts: 0 }];
    const emitted = turn.outbox?.length ?? 0;
    if (emitted > 0) {
      this.metrics.emitted.inc(emitted);
      this.metrics.totals.emitted += emitted;
    }
    if (turn.transactional || (this.program.stateful && emitted > 0)) {
      mailbox.undurable.push(turn);
      this.host.commit(turn);
    } else if (emitted > 0) {
      this.outbox.direct(turn.outbox as OutboxRecord[], () => this.settle(turn.root, turn.settlement));
    } else if (mailbox.undurable.length > 0) {
      mailbox.undurable.push(turn);
      this.host.commit(turn);
    } else {
      this.#dirty = this.program.stateful;
      this.settle(turn.root, turn.settlement);
    }
    this.#go(mailbox);
  }

  #go(mailbox: Mailbox): void {
    if (mailbox.length > 0) this.host.ready(this, mailbox);
    else this.#rest(mailbox);
  }

  /** Nothing queued: a held patient's next row, else the mailbox may be forgotten. */
  #rest(mailbox: Mailbox): void {
    if (!mailbox.idle) return;
    if (this.held.get(mailbox.key)) {
      this.holding.next(mailbox.key);
      if (!mailbox.idle) return;
    }
    // An empty mailbox may still stand in the run queue while a newer one of the same patient is in use.
    if (this.mailboxes.get(mailbox.key) !== mailbox) return;
    this.mailboxes.delete(mailbox.key);
    if (!mailbox.cells) return;
    this.idle.set(mailbox.key, mailbox);
    if (this.idle.size > this.options.maxIdle) this.idle.delete(this.idle.keys().next().value as string);
  }

  #failed(turn: EngineTurn, cause: unknown): void {
    const mailbox = turn.mailbox as Mailbox;
    if (turn.withdrawn || !this.owned) return;
    if (!turn.dead) turn.kill(cause instanceof AortaError ? cause : error('AORTA_ENGINE_004', { flow: this.ref.flow, reason: 'failed' }));
    mailbox.running = undefined;
    if (mailbox.cells) for (const cell of mailbox.cells.values()) cell.restore();
    // A drain ends turns: their records stay uncommitted and are the next owner's.
    if (this.draining) return;
    this.fail(mailbox, turn.root, cause, turn.at);
  }

  /** Supervision decides about a root whose turn failed. The mailbox runs nothing now. */
  fail(mailbox: Mailbox, root: Root, cause: unknown, at: string): void {
    const failure = failureOf(cause);
    this.suspects.survived(root);
    this.metrics.error(at, failure.class);
    mailbox.lastError = failure.code;
    const verdict = supervise(cause, root.attempt, this.program.order, this.program.supervision, () => this.ports.random.next());
    if (verdict.kind === 'fenced') return this.fenced();
    if (verdict.kind === 'retry') {
      root.attempt++;
      if (root.held || verdict.delayMs > this.options.maxWaitMs) {
        return this.holding.hold(mailbox, root, {
          due: this.ports.clock.now() + verdict.delayMs,
          reason: 'retry',
          ...failure,
          operator: at,
        });
      }
      this.#retryLater(mailbox, root, verdict.delayMs);
      return;
    }
    this.ports.telemetry.log(failure.class === 'Defect' ? 'error' : 'warn', `flow.${verdict.kind}`, {
      flow: this.ref.flow,
      partition: this.ref.partition,
      offset: root.offset,
      node: at,
      code: failure.code,
      class: failure.class,
      attempt: root.attempt,
      ...(failure.class === 'Defect' ? { error: cause } : {}),
    });
    if (verdict.kind === 'park') return this.holding.hold(mailbox, root, { due: null, reason: 'park', ...failure, operator: at });
    const turn = new EngineTurn(this, root, mailbox);
    if (root.held) turn.held = [{ op: 'remove', key: root.key, seq: root.held.seq }];
    if (root.timer) turn.timers = [{ ...root.timer, due: null }];
    if (verdict.kind === 'skip') {
      this.metrics.skipped(at, verdict.reason);
      turn.settlement = { kind: 'skipped', reason: verdict.reason };
    } else if (verdict.kind === 'deadLetter') {
      turn.settlement = { kind: 'failed', code: failure.code };
      this.metrics.deadLetters.inc();
      this.metrics.totals.deadLetters++;
      turn.emitBytes(
        `${this.ref.flow}.dlq`,
        this.program.sidePartitionOf(root.key),
        root.key,
        root.value,
        this.holding.headersOf(root, failure, at),
      );
    } else {
      mailbox.unshift([root]);
      return this.#standStill(root, cause);
    }
    this.finish(turn);
  }

  #retryLater(mailbox: Mailbox, root: Root, delayMs: number): void {
    mailbox.unshift([root]);
    mailbox.retryAt = this.ports.clock.now() + delayMs;
    mailbox.cancelRetry = this.ports.clock.after(delayMs, () => {
      mailbox.retryAt = undefined;
      mailbox.cancelRetry = undefined;
      if (this.owned) this.host.ready(this, mailbox);
    });
    this.#relieve(mailbox);
  }

  // ---- commit --------------------------------------------------------------------------------------------------

  /** The items as one group: their offsets join the applied set, the last state of a row stands. */
  buildGroup(items: readonly CommitItem[]): LaneGroup {
    const states = new Map<string, StateWrite>();
    const group = { effects: [], timers: [], outbox: [], held: [], suspects: [], redrivesDone: [] } as {
      -readonly [K in 'effects' | 'timers' | 'outbox' | 'held' | 'suspects' | 'redrivesDone']: LaneGroup[K][number][];
    };
    for (const item of items) {
      if (item.root?.entry) item.root.entry.applied = true;
      for (const state of item.states ?? []) states.set(`${state.store}\u0000${state.key}`, state);
      for (const effect of item.effects ?? []) group.effects.push(effect);
      for (const timer of item.timers ?? []) group.timers.push(timer);
      for (const record of item.outbox ?? []) group.outbox.push(record);
      for (const held of item.held ?? []) group.held.push(held);
      for (const suspect of item.suspects) group.suspects.push(suspect);
      for (const redrive of item.redrivesDone) group.redrivesDone.push(redrive);
    }
    this.#dirty = false;
    this.metrics.groupTurns.observe(items.length);
    return {
      lane: this.ref,
      epoch: this.epoch,
      group: this.#group + 1,
      applied: this.tracker.snapshot(),
      sentThrough: this.outbox.sentThrough,
      states: [...states.values()],
      ...group,
    };
  }

  groupDurable(group: LaneGroup, items: readonly CommitItem[]): void {
    this.#group = group.group;
    this.#sentThroughStored = group.sentThrough;
    if (group.outbox.length > 0) this.#lastOutboxGroup = group.group;
    if (!this.owned) return;
    this.tracker.confirm(group.applied);
    for (const item of items) item.durable();
    this.outbox.group(group.group, group.outbox, () => {
      for (const item of items) if (item.root && item instanceof EngineTurn) this.settle(item.root, item.settlement);
    });
  }

  groupFailed(items: readonly CommitItem[]): void {
    for (const item of items) if (item.root?.entry) item.root.entry.applied = false;
  }

  turnDurable(turn: EngineTurn): void {
    const { mailbox } = turn;
    if (mailbox) {
      if (mailbox.undurable[0] === turn) mailbox.undurable.shift();
      else mailbox.undurable = mailbox.undurable.filter((other) => other !== turn);
      mailbox.alone = false;
    }
    if (turn.timers) this.timers.applied(turn.timers);
    if (turn.held) this.holding.durable(turn.held);
    if (mailbox) this.#go(mailbox);
  }

  /** The database refuses this turn: it fails, and what its patient did afterwards is done again. */
  turnRejected(turn: EngineTurn, cause: unknown): void {
    if (!this.owned) return;
    const { mailbox } = turn;
    if (!mailbox) return this.#standStill(turn.root, cause);
    const later = mailbox.undurable.filter((other) => other !== turn);
    for (const other of later) {
      other.withdrawn = true;
      if (other.held) this.holding.withdrawn(other.held);
    }
    this.host.withdraw((item) => item instanceof EngineTurn && item.withdrawn);
    const again = later.map((other) => other.root);
    if (mailbox.running) {
      mailbox.running.withdrawn = true;
      mailbox.running.kill(error('AORTA_ENGINE_004', { flow: this.ref.flow, reason: 'an earlier turn of the patient was refused' }));
      again.push(mailbox.running.root);
      mailbox.running = undefined;
    }
    mailbox.undurable = [];
    mailbox.cells = undefined;
    mailbox.alone = true;
    mailbox.unshift(again.filter((root) => !root.held));
    if (turn.held) this.holding.withdrawn(turn.held);
    if (turn.settlement.kind === 'parked' || turn.settlement.kind === 'failed') {
      // Even keeping it aside was refused: nothing is left but to stand still, loudly.
      mailbox.unshift([turn.root]);
      return this.#standStill(turn.root, cause);
    }
    this.fail(mailbox, turn.root, cause, turn.at);
    this.#go(mailbox);
  }

  #standStill(root: Root, cause: unknown): void {
    const { code } = failureOf(cause);
    this.refuse(error('AORTA_ENGINE_013', { flow: this.ref.flow, ...this.partition, offset: root.offset, problem: code }, { cause }));
  }

  withdrawn(item: CommitItem): boolean {
    return item instanceof EngineTurn && item.withdrawn;
  }

  settle(root: Root, settlement: Settlement): void {
    if (root.entry) {
      root.entry.applied = true;
      root.entry.settled = true;
      this.records--;
      this.bytes -= root.size;
      if (
        this.paused &&
        this.owned &&
        !this.draining &&
        this.records <= this.options.maxRecords / 2 &&
        this.bytes <= this.host.maxLaneBytes() / 2 &&
        this.held.total <= this.options.maxHeld
      ) {
        this.paused = false;
        this.host.resume(this);
      }
    }
    // A held row put back is no new settlement: its envelope was counted as parked when it left the log.
    if (root.kind === 'held' && settlement.kind === 'parked') return;
    this.metrics.settled(settlement);
    this.host.settled(this, root, settlement);
  }

  /** Writes an applied set (or a sent mark) that no turn carried. */
  flush(): void {
    const sent = this.#lastOutboxGroup > this.#sentThroughStored && this.outbox.sentThrough >= this.#lastOutboxGroup;
    if (!this.owned || this.refused || (!this.#dirty && !sent)) return;
    this.host.commit(this.mark({}));
  }

  /** A commit item of the engine's own. */
  mark(content: Partial<Pick<CommitItem, 'held' | 'suspects' | 'redrivesDone'>>, durable: () => void = () => {}): CommitItem {
    return {
      lane: this,
      states: undefined,
      effects: undefined,
      timers: undefined,
      outbox: undefined,
      held: content.held,
      suspects: content.suspects ?? [],
      redrivesDone: content.redrivesDone ?? [],
      alone: false,
      size: 64,
      durable,
      rejected: (cause) =>
        this.refuse(
          error('AORTA_ENGINE_013', { flow: this.ref.flow, ...this.partition, offset: -1, problem: failureOf(cause).code }, { cause }),
        ),
    };
  }

  // ---- giving up -----------------------------------------------------------------------------------------------

  /** Stands still until the worker restarts: `aorta why` and the metrics show the code. */
  refuse(cause: AortaError): void {
    if (this.refused) return;
    this.refused = cause;
    this.host.pause(this);
    this.ports.telemetry.log('error', 'flow.partition-refused', { flow: this.ref.flow, ...this.partition, code: cause.code, error: cause });
  }

  /** A newer owner exists: nothing of ours may be written any more. */
  fenced(): void {
    if (!this.owned) return;
    this.metrics.fenced.inc();
    this.metrics.totals.fenced++;
    this.ports.telemetry.log('warn', 'flow.fenced', { flow: this.ref.flow, ...this.partition, epoch: this.epoch });
    this.lose(error('AORTA_ENGINE_011', { flow: this.ref.flow, ...this.partition, epoch: this.epoch }));
    this.host.fenced(this);
  }

  /** Discards everything at once. */
  lose(reason: AortaError): void {
    if (!this.owned) return;
    this.owned = false;
    for (const mailbox of this.mailboxes.values()) {
      mailbox.cancelRetry?.();
      mailbox.running?.kill(reason);
    }
    this.close();
  }

  /** Ends running turns; their records are the next owner's. */
  abort(): void {
    for (const mailbox of this.mailboxes.values())
      mailbox.running?.kill(error('AORTA_ENGINE_004', { flow: this.ref.flow, reason: 'drain' }));
  }

  close(): void {
    this.owned = false;
    this.outbox.close();
    this.timers.close();
    this.holding.close();
    this.mailboxes.clear();
    this.idle.clear();
  }
}
