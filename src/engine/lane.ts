import { type AortaError, error } from '../errors/index.ts';
import { mainLane } from '../flow/nodes.ts';
import { header, type LogRecord, type TopicPartition } from '../log/port.ts';
import { Slabs } from '../log/slabs.ts';
import { LastStates } from '../state/last-states.ts';
import type { ClaimedLane, LaneGroup, LaneRef, TimerRow } from '../state/port.ts';
import type { Settlement } from './ack.ts';
import { ActorCell, type Snapshot } from './actor-cell.ts';
import { BatchResults } from './batch-results.ts';
import { Batches } from './batches.ts';
import type { DeadLetterBrake } from './brake.ts';
import type { CoPartition, Patients } from './co-partition.ts';
import { Failing } from './failing.ts';
import type { FlowMetrics } from './flow-metrics.ts';
import type { CommitItem } from './group-commit.ts';
import { HeldList } from './held-list.ts';
import { Holding } from './holding.ts';
import { parseHop } from './hop.ts';
import { LaneTimers } from './lane-timers.ts';
import type { Linger } from './linger.ts';
import type { Mailbox } from './mailbox.ts';
import type { Mailboxes } from './mailboxes.ts';
import { isOthers, Merging } from './merging.ts';
import { OffsetTracker } from './offset-tracker.ts';
import type { EngineOptions, FlowPorts } from './options.ts';
import { Outbox } from './outbox.ts';
import type { Outlived } from './outlived.ts';
import type { LaneProgram, Program } from './program.ts';
import type { ReadGate } from './read-gate.ts';
import { own, type Root } from './root.ts';
import { failureOf } from './supervise.ts';
import { SuspectGate } from './suspect-gate.ts';
import type { Suspicion } from './suspicion.ts';
import { EngineTurn } from './turn.ts';
import { Turns } from './turns.ts';
import type { Watch } from './watch.ts';

/** Bytes of memory that a delivered record takes besides its key and value: its objects, buffers' own and headers, as measured. */
const recordOverhead = 1024;

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
  /** Unsettled records of a lane, where that is less than `EngineOptions.maxRecords`. */
  maxLaneRecords(): number;
  /** Bytes for small states of idle patients of one lane, over all sources. */
  maxIdleBytes(): number;
  /** Of the process. */
  readonly suspicion: Suspicion;
  readonly outlived: Outlived;
  /** Nothing new starts while it is on. */
  readonly brake: DeadLetterBrake;
  readonly watch: Watch;
  /** Patients are ready, and the run queue does not look at them. */
  readonly stalled: boolean;
  /** Enough patients are ready: what comes later is better left where it is, as bytes. */
  readonly crowded: boolean;
  readonly reads: ReadGate;
  readonly linger: Linger;
  /** Milliseconds since the group last heard of this worker; 0 where no group can take partitions away. */
  heartbeatAgeMs(): number;
  /** Something waits for the store. */
  readonly committing: boolean;
}

/** Where a lane stands among the others of its worker. */
export interface LanePlace {
  readonly co: CoPartition;
  readonly part: LaneProgram;
  /** The lane whose turns feed it; undefined for a main lane, which the log feeds. */
  readonly main?: Lane | undefined;
  /** Where delivery begins, if not at the watermark. */
  readonly start?: number;
  /** End of the log now. */
  readonly end?: number;
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
  readonly ports: FlowPorts;
  readonly options: EngineOptions;
  readonly metrics: FlowMetrics;
  readonly host: LaneHost;
  readonly tracker: OffsetTracker;
  readonly co: CoPartition;
  readonly part: LaneProgram;
  readonly main: Lane | undefined;
  /** The independent lanes that it feeds, by name. */
  readonly lanes = new Map<string, Lane>();
  readonly #patients: Patients;
  readonly held: HeldList;
  readonly holding: Holding;
  readonly merging: Merging;
  readonly outbox: Outbox;
  readonly timers: LaneTimers;
  readonly suspects: SuspectGate;
  readonly turns: Turns;
  readonly failing: Failing;
  readonly batches: Batches;
  readonly results = new BatchResults();
  /** Memory of what is kept for longer than a moment. */
  readonly slabs = new Slabs();
  owned = true;
  draining = false;
  /** The partition stands still and says why. */
  refused: AortaError | undefined;
  paused = false;
  records = 0;
  bytes = 0;
  running = 0;
  /** Functions of turns that failed and go on, as nobody can stop them: they may end the process when the lane is another one's. */
  goingOn = 0;
  committed = -1;
  /** The newest record that was settled: shows later whether the log is the same one. */
  newestOffset = -1;
  newestTime = 0;
  /** The last owner's groups whose emissions are not in the log yet: below them nothing may be committed. */
  inherited = 0;
  /** End of the log as last seen, for lag. */
  end = 0;
  /** Monotonic: the last `keepOwn`. */
  #ownAt = 0;
  #group: number;
  /** Newest group with an outbox row, and the sent mark that the store has: a flush deletes what lies between. */
  #lastOutboxGroup = 0;
  #sentThroughStored: number;
  /** Something was applied that no group has carried yet (skips). */
  dirty = false;

  constructor(
    ref: LaneRef,
    generation: number,
    claimed: ClaimedLane,
    program: Program,
    ports: FlowPorts,
    options: EngineOptions,
    metrics: FlowMetrics,
    host: LaneHost,
    onRetry: (what: 'commit' | 'produce', cause: unknown, attempt: number) => void,
    { co, part, main, start = claimed.applied.watermark, end = 0 }: LanePlace,
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
    this.end = end;
    this.co = co;
    this.part = part;
    this.main = main;
    this.#patients = co.join(this);
    main?.lanes.set(ref.lane, this);
    this.#group = claimed.group;
    this.#sentThroughStored = claimed.sentThrough;
    this.tracker = new OffsetTracker(claimed.applied, start);
    this.held = new HeldList(claimed.epoch, claimed.held);
    this.holding = new Holding(this);
    this.merging = new Merging(this);
    this.turns = new Turns(this);
    this.failing = new Failing(this);
    this.batches = new Batches(this);
    this.outbox = new Outbox(
      {
        ...{ log: ports.log, clock: ports.clock, random: ports.random, linger: host.linger },
        ...{ producer: producerOf(ref, program), maxRecords: 2000 },
        onRetry: (cause, attempt) => onRetry('produce', cause, attempt),
        onRefused: (cause) =>
          this.refuse(error('AORTA_ENGINE_016', { flow: ref.flow, ...this.partition, problem: failureOf(cause).code }, { cause })),
      },
      claimed.sentThrough,
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
    this.inherited = claimed.outbox.length;
    for (const { group, records } of claimed.outbox) this.outbox.group(group, records, () => this.inherited--);
  }

  get mailboxes(): Mailboxes {
    return this.#patients.mailboxes;
  }

  /** The lanes of this name and partition, one for each source; this one too. */
  get siblings(): readonly Lane[] {
    return this.#patients.lanes;
  }

  /** Holds the timers of all siblings: there is one of each name, whichever source set it. */
  get timerLane(): Lane {
    if (this.siblings.length === 1) return this;
    return this.siblings.find(({ ref }) => ref.topic === this.program.sources[0]) ?? this;
  }

  /** Inputs that wait in the lanes that it feeds. */
  get backlog(): number {
    let sum = 0;
    for (const lane of this.lanes.values()) sum += lane.held.total;
    return sum;
  }

  // ---- feeding -------------------------------------------------------------------------------------------------

  feed(records: readonly LogRecord[], end: number): void {
    if (!this.owned || this.draining || this.refused) return;
    this.end = Math.max(this.end, end);
    // The tick that does it otherwise may wait long for the log or the store, and records go on to come.
    if (this.ports.clock.monotonic() - this.#ownAt > 2 * this.options.commitEveryMs) this.keepOwn();
    const now = this.ports.clock.now();
    this.tracker.pass();
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
        this.dirty = true;
        this.metrics.sentTwice.inc();
        continue;
      }
      if (isOthers(record.headers, this.ref.flow)) {
        entry.applied = entry.settled = true;
        this.dirty = this.program.stateful;
        continue;
      }
      const size = (record.value?.length ?? 0) + (record.key?.length ?? 0) + recordOverhead;
      this.records++;
      this.bytes += size;
      const eventId = record.headers[header.eventId];
      const root: Root = {
        kind: 'log',
        lane: this,
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
      entry.root = root;
      if (this.suspects.open) this.admit(root);
      else this.suspects.push(root);
    }
    this.metrics.received.inc(records.length);
    if (!this.paused && (this.overCredit || this.host.crowded)) {
      this.paused = true;
      this.host.pause(this);
      if (this.overHeld) {
        this.ports.telemetry.log('error', 'flow.held-list-full', {
          flow: this.ref.flow,
          ...this.partition,
          held: this.held.total,
          backlog: this.backlog,
        });
      }
    }
  }

  /** What has waited since the last call keeps its own bytes from now on: one record may keep all that was read with it. */
  keepOwn(): void {
    this.#ownAt = this.ports.clock.monotonic();
    for (const root of this.tracker.old()) own(root, this.slabs);
  }

  /** Its copy, with the headers that say why, would not fit into the log. */
  tooLarge(root: Root): boolean {
    return (root.value?.length ?? 0) > this.options.maxRecordBytes;
  }

  /** Unsettled records before it is paused. */
  get maxRecords(): number {
    return Math.min(this.options.maxRecords, this.host.maxLaneRecords());
  }

  get overCredit(): boolean {
    return this.records > this.maxRecords || this.bytes > this.host.maxLaneBytes() || this.overHeld;
  }

  /** The held list, or what waits in the lanes, is at its cap. */
  get overHeld(): boolean {
    return this.held.total > this.options.maxHeld || (this.lanes.size > 0 && this.backlog > this.options.maxHeld);
  }

  /** A root enters its patient's mailbox, or queues on the held list behind what is there. */
  admit(root: Root): void {
    const held = this.held.get(root.key);
    if (held && !(this.program.merges && this.merging.bypasses(root, held))) {
      this.holding.behind(root);
      return;
    }
    if (held?.leaving === root) return this.holding.next(root.key);
    const mailbox = this.mailbox(root.key);
    mailbox.push(root);
    this.host.ready(this, mailbox);
    this.relieve(mailbox);
  }

  /** A turn that may call out must not act on state that can still be taken back: a patient has one write at a time. */
  get waitsForWrites(): boolean {
    return this.part.asynchronous && this.program.stateful;
  }

  /** A patient that waits or runs long must not take the partition's credits from the others. */
  relieve(mailbox: Mailbox): void {
    const waits = mailbox.running !== undefined || mailbox.retryAt !== undefined || (this.waitsForWrites && mailbox.undurable.length > 0);
    if (!waits) return;
    const [most, mostBytes] = [this.maxRecords / 2, this.host.maxLaneBytes() / 2];
    const isFull = ({ length, bytes }: { readonly length: number; readonly bytes: number }) => length > most || bytes > mostBytes;
    // Of several sources each has credits of its own; counted only where all together would be too much.
    if (isFull(mailbox) && (this.siblings.length === 1 || isFull(mailbox.share(this)))) this.holding.spill(mailbox);
  }

  mailbox(key: string): Mailbox {
    let mailbox = this.mailboxes.wake(key);
    if (!mailbox) {
      mailbox = this.mailboxes.add(key);
      const { cells } = this.part;
      const kept = cells.length === 0 ? undefined : (this.#patients.idleStates.take(key, cells.length) ?? this.#patients.idle.take(key));
      if (kept) mailbox.cells = cells.map(({ id, actor }, i) => new ActorCell(actor, id, key, kept[i] as Snapshot));
    }
    return mailbox;
  }

  /** Nothing is under way for the patient. A state is kept for a while, without its mailbox. */
  rest(mailbox: Mailbox): void {
    // An empty mailbox may still stand in the run queue while a newer one of the same patient is in use.
    if (mailbox.gone) return;
    if (this.part.cells.length === 0) return this.mailboxes.rest(mailbox);
    this.mailboxes.delete(mailbox);
    const { key, cells } = mailbox;
    if (!cells || this.#patients.idleStates.set(key, cells)) return;
    this.#patients.idle.set(
      key,
      cells.map((cell) => cell.snapshot()),
    );
  }

  #timerDue(timer: TimerRow): void {
    if (!this.owned || this.draining || !this.timers.isCurrent(timer)) return;
    const root: Root = {
      kind: 'timer',
      lane: this,
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
    const held = this.siblings.find((lane) => lane.holding.standsStill(timer.key));
    if (held) held.holding.timerWaits(timer);
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

  // ---- commit --------------------------------------------------------------------------------------------------

  /** The items as one group: their offsets join the applied set. Of `carried` come states, of which the last of a row stands, and effects. */
  buildGroup(items: readonly CommitItem[], carried: readonly CommitItem[]): LaneGroup {
    const states = new LastStates();
    const group = { effects: [], timers: [], outbox: [], held: [], suspects: [], redrivesDone: [] } as {
      -readonly [K in 'effects' | 'timers' | 'outbox' | 'held' | 'suspects' | 'redrivesDone']: LaneGroup[K][number][];
    };
    for (const item of items) {
      if (item.root?.entry) item.root.entry.applied = true;
      // Nothing is made for what a turn does not have: that was a tenth of all objects of a stateful flow.
      if (item.timers && item.lane.timerLane === this) for (const timer of item.timers) group.timers.push(timer);
      if (item.outbox) for (const record of item.outbox) group.outbox.push(record);
      if (item.held) for (const held of item.held) group.held.push(held);
      if (item.suspects.length > 0) for (const suspect of item.suspects) group.suspects.push(suspect);
      if (item.redrivesDone.length > 0) for (const redrive of item.redrivesDone) group.redrivesDone.push(redrive);
    }
    for (const item of carried) {
      if (item.states) for (const state of item.states) states.add(state);
      if (item.effects) for (const effect of item.effects) group.effects.push(effect);
    }
    this.dirty = false;
    this.metrics.groupTurns.observe(items.length);
    return {
      lane: this.ref,
      epoch: this.epoch,
      fence: this.co.fence(this),
      group: this.#group + 1,
      applied: this.tracker.snapshot(),
      sentThrough: this.outbox.sentThrough,
      states: states.all(),
      ...group,
    };
  }

  groupDurable(group: LaneGroup, items: readonly CommitItem[]): void {
    this.#group = group.group;
    this.#sentThroughStored = group.sentThrough;
    if (group.outbox.length > 0) this.#lastOutboxGroup = group.group;
    if (!this.owned) return this.suspects.late(group.suspects);
    this.tracker.confirm(group.applied);
    for (const item of items) item.durable();
    this.outbox.group(group.group, group.outbox, () => {
      for (const item of items) if (item.root && item instanceof EngineTurn) this.settle(item.root, item.settlement);
    });
  }

  groupFenced(group: LaneGroup): void {
    this.fenced();
    // Its reply may have been lost when it was applied.
    this.suspects.late(group.suspects);
  }

  groupFailed(items: readonly CommitItem[]): void {
    this.dirty = true;
    for (const item of items) if (item.root?.entry) item.root.entry.applied = false;
  }

  withdrawn(item: CommitItem): boolean {
    return item instanceof EngineTurn && item.withdrawn;
  }

  settle(root: Root, settlement: Settlement): void {
    if (root.entry) {
      root.entry.applied = true;
      root.entry.settled = true;
      root.entry.root = undefined;
      this.newestOffset = root.offset;
      this.newestTime = root.timestamp;
      this.records--;
      this.bytes -= root.size;
      this.relax();
    }
    // A held row put back is no new settlement: its envelope was counted as parked when it left the log.
    if (root.kind === 'held' && settlement.kind === 'parked') return;
    this.metrics.settled(settlement);
    this.host.settled(this, root, settlement);
  }

  /**
   * To the group commit. In a stateless flow behind what earlier turns emit: a hold that were durable first would let the
   * next owner begin with it.
   */
  commit(turn: EngineTurn): void {
    // What it would come behind was refused by the log: both are the next owner's.
    if (!this.program.stateful && this.outbox.closed) return;
    if (this.program.stateful || this.outbox.pending === 0) return this.host.commit(turn);
    this.outbox.direct({
      group: undefined,
      records: [],
      sent: () => {
        if (!turn.withdrawn) this.host.commit(turn);
      },
    });
  }

  /** The turn has failed. */
  follow(turn: EngineTurn): void {
    this.goingOn++;
    turn.whenQuiet(() => this.goingOn--);
  }

  /** Feeds the partition again when a quarter of its credits is free, the held list below its cap and the run queue not crowded. */
  relax(): void {
    if (this.main) return this.main.relax();
    if (!this.paused || !this.owned || this.draining || this.refused || this.host.crowded) return;
    // Not at half: a patient whose next record is still in the log has nothing to do meanwhile.
    if (this.records > this.maxRecords * 0.75 || this.bytes > this.host.maxLaneBytes() * 0.75 || this.overHeld) return;
    this.paused = false;
    this.host.resume(this);
  }

  /** Writes an applied set (or a sent mark) that no turn carried. */
  flush(): void {
    const sent = this.#lastOutboxGroup > this.#sentThroughStored && this.outbox.sentThrough >= this.#lastOutboxGroup;
    if (!this.owned || this.refused || (!this.dirty && !sent)) return;
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
    this.suspects.stands();
    if (!this.main) this.host.pause(this);
    const { flow, lane } = this.ref;
    this.ports.telemetry.log('error', 'flow.partition-refused', { flow, lane, ...this.partition, code: cause.code, error: cause });
    if (this.co.complete) this.refuseSiblings();
  }

  /** Its patients have one mailbox with them: what is behind a record that stands still stands still too. */
  refuseSiblings(): void {
    if (this.refused) for (const sibling of this.siblings) sibling.refuse(this.refused);
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
    for (const lane of this.co.lanes) lane.lose(reason);
  }

  /** Ends running turns; their records are the next owner's. */
  abort(): void {
    this.suspects.drained();
    for (const mailbox of this.mailboxes.values())
      if (mailbox.running?.lane === this) mailbox.running.kill(error('AORTA_ENGINE_004', { flow: this.ref.flow, reason: 'drain' }));
  }

  close(): void {
    this.owned = false;
    this.outbox.close();
    this.timers.close();
    this.batches.close();
    this.results.clear();
    this.holding.close();
    this.suspects.close();
    this.mailboxes.clear();
    this.#patients.idleStates.clear();
    this.#patients.idle.clear();
  }
}

/** Names the numbers of what it emits: they rise per lane, so each lane is a producer of its own. */
const producerOf = ({ flow, lane, topic, partition }: LaneRef, { sources }: Program): string => {
  if (lane !== mainLane) return `${flow}/${lane}@${topic}/${partition}`;
  return sources.length === 1 ? `${flow}/${partition}` : `${flow}/${topic}/${partition}`;
};
