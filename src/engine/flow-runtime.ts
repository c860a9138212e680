import { sleep } from '../clock/system.ts';
import { within } from '../clock/within.ts';
import { AortaError, error } from '../errors/index.ts';
import { mainLane } from '../flow/nodes.ts';
import type { Commit, LogConsumer, LogRecord, PartitionEnds, TopicPartition } from '../log/port.ts';
import type { ClaimedLane } from '../state/port.ts';
import type { Settlement } from './ack.ts';
import { Activation } from './activation.ts';
import { allOf } from './all-of.ts';
import { Bearings } from './bearings.ts';
import { DeadLetterBrake } from './brake.ts';
import { CoPartition } from './co-partition.ts';
import { FlowMetrics } from './flow-metrics.ts';
import { type CommitItem, GroupCommit } from './group-commit.ts';
import { Intake } from './intake.ts';
import { Lane, type LaneHost } from './lane.ts';
import { Linger } from './linger.ts';
import type { Mailbox } from './mailbox.ts';
import { Settlements } from './observe.ts';
import { type EngineOptions, type FlowPorts, leastPassingBytes } from './options.ts';
import { Outlived } from './outlived.ts';
import type { LaneProgram, Program } from './program.ts';
import { ReadGate } from './read-gate.ts';
import { Redrives } from './redrives.ts';
import type { Root } from './root.ts';
import { RunQueue } from './run-queue.ts';
import { failureOf, isPassing } from './supervise.ts';
import { type Suspicion, suspicionOf } from './suspicion.ts';
import { Trail } from './trail.ts';
import { Watch } from './watch.ts';
import { isStuck } from './why.ts';
import { parkedIn } from './why-lane.ts';

/** Of what a flow may have open, the share of a partition at least: in bytes, and in records where these are bounded. */
const leastBytes = 1024 * 1024;
const leastRecords = 256;
/** Milliseconds that a stop waits for notes of tries that are to be taken back. */
const toldMs = 1000;

/**
 * Runs one flow on this worker: takes partitions over and gives them back, spreads the worker's time over ready
 * patients, and writes, produces and commits in groups.
 *
 * Assign: a new epoch for each partition, its applied set, its unsent outbox produced, then it is fed.
 * Revoke: no new turns, running ones get `drainMs`, then groups, outbox, offsets, release; what did not finish is the
 * next owner's. Lost: all discarded. SIGTERM is a revoke of everything.
 */
export class FlowRuntime implements LaneHost {
  readonly program: Program;
  readonly metrics: FlowMetrics;
  readonly brake: DeadLetterBrake;
  readonly watch: Watch;
  readonly trail: Trail;
  readonly #bearings: Bearings;
  readonly #redrives: Redrives;
  /** By independent lane. */
  readonly laneMetrics: ReadonlyMap<string, FlowMetrics>;
  readonly reads = new ReadGate(3);
  readonly suspicion: Suspicion;
  readonly outlived: Outlived;
  readonly #ports: FlowPorts;
  readonly #options: EngineOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #commits: GroupCommit;
  readonly settlements = new Settlements();
  readonly #cancel: (() => void)[] = [];
  #consumer: LogConsumer | undefined;
  readonly #queue: RunQueue;
  readonly linger: Linger;
  readonly #activation: Activation;
  readonly #intake: Intake;
  #committing: Promise<void> | undefined;
  #stopping = false;
  #stopped = false;
  /** The assignment that counts; -1 between a revoke and the next one. */
  #generation = -1;
  #assigning: Promise<unknown> = Promise.resolve();
  #rejoining = false;
  /** Assignment in which a lane was fenced. */
  #fencedGeneration = -2;

  constructor(program: Program, ports: FlowPorts, options: EngineOptions) {
    this.program = program;
    this.#ports = ports;
    this.#options = options;
    this.suspicion = suspicionOf(ports.clock);
    this.outlived = new Outlived(ports.state, ports.clock, ports.random, (cause, attempt) => this.#retrying('outlived', cause, attempt));
    this.watch = new Watch(program.flow, ports.clock, ports.telemetry);
    this.#activation = new Activation(
      program,
      ports,
      (wanted, work) => this.#persist('state', wanted, work),
      (lane, mailbox) => this.ready(lane, mailbox),
    );
    this.#queue = new RunQueue(ports.clock, {
      maxRunning: options.maxRunning,
      sliceMs: options.sliceMs,
      ...(ports.pace ? { pace: ports.pace } : {}),
      // Reads of states are made for many patients at once; asynchronous steps need many at once.
      ...(this.#passing ? { mostReady: options.maxReady } : {}),
      blocked: (nodes, ms) => this.watch.blocked(nodes, ms),
      eased: () => this.#eased(),
      idle: () => this.linger.idle(),
    });
    this.linger = new Linger(ports.clock, () => this.#queue.waiting);
    this.trail = new Trail(options.maxTrail);
    this.#intake = new Intake(ports.clock);
    this.metrics = new FlowMetrics(ports.telemetry, program.flow);
    this.#bearings = new Bearings(ports, program.flow, program.stateful);
    this.#redrives = new Redrives(program, ports.state, ports.clock, () => this.allLanes);
    this.brake = new DeadLetterBrake(program.flow, ports.state.operations, ports.clock, ports.telemetry, options.brake, () => this.#goOn());
    this.laneMetrics = new Map(program.lanes.map(({ name }) => [name, new FlowMetrics(ports.telemetry, program.flow, name)]));
    this.#commits = new GroupCommit(ports.state, ports.clock, ports.random, options.group, (cause, attempt) =>
      this.#retrying('commit', cause, attempt),
    );
  }

  /** The main lanes: one for each partition of each source. */
  get lanes(): IterableIterator<Lane> {
    return this.#lanes.values();
  }

  /** The main lanes and those that they feed. */
  get allLanes(): readonly Lane[] {
    return [...this.#lanes.values()].flatMap((lane) => [lane, ...lane.lanes.values()]);
  }

  async start(): Promise<void> {
    const { clock } = this.#ports;
    // Before anything is fed: a restart does not release it.
    if (this.program.order === 'tolerant')
      await this.#persist(
        'brake',
        () => !this.#stopping,
        () => this.brake.look(),
      );
    this.#consumer = this.#consume();
    const every = (ms: () => number, work: () => void | Promise<void>) => {
      let cancel = () => {};
      const again = () => {
        cancel = clock.after(ms(), async () => {
          try {
            await work();
          } catch (cause) {
            this.#retrying('background', cause, 1);
          }
          if (!this.#stopped) again();
        });
      };
      again();
      this.#cancel.push(() => cancel());
    };
    every(
      () => this.#options.commitEveryMs,
      () => this.#tick(),
    );
    every(
      () => this.#options.redriveEveryMs,
      () => this.lookForRequests(),
    );
    this.#sample();
    await this.#consumer.start();
  }

  #consume(): LogConsumer {
    const { log, telemetry } = this.#ports;
    return log.consumer({
      group: `aorta.${this.program.flow}`,
      topics: [...this.program.sources],
      sessionTimeoutMs: this.#options.sessionTimeoutMs,
      onAssigned: (partitions, generation) => this.#assigned(partitions, generation),
      onRevoked: (partitions) => this.#revoked(partitions),
      onLost: (partitions) => this.#lost(partitions),
      onRecords: (partition, records, end) => this.#records(partition, records, end),
      wantsMore: () => this.#wantsMore(),
      onError: (cause, willRestart) =>
        telemetry.log(willRestart ? 'warn' : 'error', 'flow.consumer-failed', { flow: this.program.flow, error: cause, willRestart }),
    });
  }

  /** Drains and leaves the group. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    const consumer = this.#consumer;
    this.#stopping = true;
    try {
      await consumer?.stop();
      // Notes of tries that were on their way when their lane was lost come to the store first.
      const told = this.#commits.drained().then(() => this.outlived.told());
      await within(this.#ports.clock, toldMs, told);
    } finally {
      // Also where it did not stop in good order: its notes stay then, and nothing of it goes on.
      this.outlived.stop();
      this.#stopped = true;
      for (const cancel of this.#cancel.splice(0)) cancel();
      this.#commits.close();
      this.#ports.outside?.claims.stop();
      this.settlements.complete();
    }
  }

  // ---- assignment ----------------------------------------------------------------------------------------------

  /**
   * One assignment at a time, and only the newest counts: a claim that was slow (the store was away) and ends after the
   * partitions moved on must neither install its lane nor be fed.
   */
  #assigned(partitions: readonly TopicPartition[], generation: number): Promise<readonly Commit[]> {
    this.#generation = generation;
    const mine = new Set(partitions.map(keyOf));
    for (const lane of [...this.#lanes.values()]) if (!mine.has(keyOf(lane.partition))) this.#lost([lane.partition], generation);
    const run = this.#assigning.then(async () => {
      // While versions of the flow with other sources are in one group, its leader may give us what we do not read.
      const ours = partitions.filter(({ topic }) => this.program.sources.includes(topic));
      const places = new Map(ours.map(({ partition }) => [partition, new CoPartition()]));
      const taken = await allOf(ours, (at) => this.#claim(at, generation));
      // Asked after the claims: what an owner before wrote until then must not lie beyond the end.
      const bounds = new Map<string, Bounds>();
      for (const topic of new Set(ours.map((at) => at.topic))) bounds.set(topic, await this.#boundsOf(topic, generation));
      const claimed = await allOf(taken, (claim) =>
        this.#install(claim, bounds.get(claim.at.topic) as Bounds, generation, places.get(claim.at.partition) as CoPartition),
      );
      for (const place of places.values()) place.claimed();
      const starts = await allOf(claimed, ({ lane, from }) => this.#begin(lane, from));
      return starts.filter((start) => start !== undefined);
    });
    this.#assigning = run.catch(() => {});
    return run;
  }

  /** A stop waits for an assignment to end: with the store away it would wait for the store. */
  #current(generation: number): () => boolean {
    return () => !this.#stopping && this.#generation === generation;
  }

  async #claim(at: TopicPartition, generation: number): Promise<Claimed> {
    const claimOf = (lane: string) =>
      this.#persist('claim', this.#current(generation), () =>
        this.#ports.state.claim({ flow: this.program.flow, lane, ...at }, this.program.sourcePartitions),
      );
    const main = await claimOf(mainLane);
    const inputs: ClaimedLane[] = [];
    for (const { name } of this.program.lanes) inputs.push(await claimOf(name));
    return { at, main, inputs };
  }

  /** One question for all partitions of an assignment, however many they are. */
  async #boundsOf(topic: string, generation: number): Promise<Bounds> {
    const { log } = this.#ports;
    const current = this.#current(generation);
    const ends = await this.#persist('ends', current, () => log.ends(topic));
    // A stateless flow applies nothing: where it stands is what the log says. The applied set then only knows what it parked.
    // Where the store knows, the log is asked only to see whether it agrees.
    const asked = () => log.committed(`aorta.${this.program.flow}`, topic);
    const committed = this.program.stateful ? await asked().catch(() => undefined) : await this.#persist('committed', current, asked);
    return { ends: new Map(ends.map((each) => [each.partition, each])), committed };
  }

  async #install(
    { at: { topic, partition }, main: claimed, inputs }: Claimed,
    { ends, committed: offsets }: Bounds,
    generation: number,
    co: CoPartition,
  ): Promise<{ lane: Lane; from: Commit }> {
    const ref = { flow: this.program.flow, lane: mainLane, topic, partition };
    const current = this.#current(generation);
    const range = ends.get(partition) ?? { start: 0, end: 0 };
    const committed = offsets && (offsets.get(partition) ?? -1);
    const { start, refusal } = await this.#persist('position', current, () => this.#bearings.take(ref, claimed, committed, range));
    if (!current()) throw error('AORTA_ENGINE_004', { flow: ref.flow, reason: 'assigned again' });
    const { start: first, end } = range;
    const make = (taken: ClaimedLane, metrics: FlowMetrics, part: LaneProgram, main?: Lane) =>
      new Lane(
        ...([{ ...ref, lane: part.name }, generation, taken, this.program, this.#ports, this.#options, metrics, this] as const),
        (what, cause, attempt) => this.#retrying(what, cause, attempt),
        { co, part, main, ...(main ? {} : { start, end }) },
      );
    // First: what it leaves behind, the new one must know (tries that this process has outlived).
    this.#lanes.get(keyOf(ref))?.lose(error('AORTA_ENGINE_004', { flow: ref.flow, reason: 'assigned again' }));
    const lane = make(claimed, this.metrics, this.program.main);
    this.program.lanes.forEach((part, i) => {
      make(inputs[i] as ClaimedLane, this.laneMetrics.get(part.name) as FlowMetrics, part, lane);
    });
    this.#lanes.set(keyOf(lane.partition), lane);
    if (refusal) lane.refuse(refusal);
    if (start > end) lane.refuse(error('AORTA_ENGINE_005', { flow: ref.flow, topic, partition, watermark: start, end }));
    if (claimed.partitions !== this.program.sourcePartitions) {
      lane.refuse(
        error('AORTA_ENGINE_006', { flow: ref.flow, topic, partition, now: this.program.sourcePartitions, before: claimed.partitions }),
      );
    }
    return { lane, from: { topic, partition, offset: Math.max(start, first) } };
  }

  /** What is owed to the log first, then held patients, timers, and records from the returned offset on. */
  async #begin(lane: Lane, from: Commit): Promise<Commit | undefined> {
    if (lane.refused) return undefined;
    for (const each of [lane, ...lane.lanes.values()]) {
      await each.outbox.drained();
      if (!each.owned) return undefined; // Fenced meanwhile: `fenced` joins anew.
      each.suspects.begin();
      each.holding.wakeAll();
      await each.timers.load();
    }
    return from;
  }

  /**
   * The database has a newer owner than this worker's lane, while the group still says that the partition is ours: the
   * other one's claim came late, and it is not fed. Joining anew makes the group and the database agree again.
   */
  fenced(lane: Lane): void {
    // Its whole co-partition is lost with it.
    for (const other of lane.co.lanes) if (this.#lanes.get(keyOf(other.partition)) === other) this.#lanes.delete(keyOf(other.partition));
    if (lane.generation === this.#generation) this.#fencedGeneration = lane.generation;
    if (this.#rejoining) return;
    this.#rejoining = true;
    this.#ports.clock.after(200 + this.#ports.random.next() * 800, async () => {
      this.#rejoining = false;
      // A rebalance meanwhile has claimed everything again.
      if (this.#fencedGeneration === this.#generation) await this.#rejoin();
    });
  }

  async #rejoin(): Promise<void> {
    const { clock, random, telemetry } = this.#ports;
    while (!this.#stopping) {
      try {
        await this.#consumer?.stop();
        if (this.#stopping) return;
        this.#consumer = this.#consume();
        return await this.#consumer.start();
      } catch (cause) {
        telemetry.log('error', 'flow.rejoin-failed', { flow: this.program.flow, error: cause });
        await sleep(clock, 1000 + random.next() * 4000);
      }
    }
  }

  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    this.#generation = -1;
    const mains = partitions.map((p) => this.#lanes.get(keyOf(p))).filter((lane) => lane !== undefined);
    const lanes = mains.flatMap((lane) => [lane, ...lane.lanes.values()]);
    for (const lane of lanes) {
      lane.draining = true;
      lane.batches.flush();
    }
    const { clock } = this.#ports;
    const deadline = clock.monotonic() + this.#options.drainMs;
    const left = () => deadline - clock.monotonic();
    while (lanes.some((lane) => lane.running > 0) && left() > 0) await sleep(clock, Math.min(10, left()));
    for (const lane of lanes) lane.abort();
    // Aborted turns must not be written; what ended before is.
    const bounded = (work: Promise<unknown>) => within(clock, Math.max(100, left()), work);
    await bounded(this.#commits.drained());
    await bounded(Promise.all(lanes.map((lane) => lane.outbox.drained())));
    for (const lane of lanes) lane.flush();
    await bounded(this.#commits.drained());
    await bounded(this.#commitOffsets(mains).catch((cause) => this.#retrying('commit', cause, 1)));
    await bounded(this.#bearings.note(mains, true));
    await bounded(
      allOf(lanes, async (lane) => {
        // What goes on may end this process yet: the next owner must note who was under way.
        if (lane.owned && lane.suspects.through && lane.goingOn === 0)
          await this.#ports.state.release(lane.ref, lane.epoch).catch((cause) => this.#retrying('commit', cause, 1));
      }),
    );
    for (const lane of lanes) {
      lane.lose(error('AORTA_ENGINE_004', { flow: this.program.flow, reason: 'revoked' }));
      if (this.#lanes.get(keyOf(lane.partition)) === lane) this.#lanes.delete(keyOf(lane.partition));
    }
  }

  #lost(partitions: readonly TopicPartition[], generation = -1): void {
    this.#generation = generation;
    for (const partition of partitions) {
      const lane = this.#lanes.get(keyOf(partition));
      if (!lane) continue;
      this.#lanes.delete(keyOf(partition));
      lane.lose(error('AORTA_ENGINE_004', { flow: this.program.flow, reason: 'session lost' }));
    }
  }

  #records(partition: TopicPartition, records: readonly LogRecord[], end: number): void {
    this.#lanes.get(keyOf(partition))?.feed(records, end);
  }

  /** Until the store answers: a partition is not fed before. */
  async #persist<T>(what: string, wanted: () => boolean, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      // A claim of what is another's by now would fence its owner.
      if (!wanted()) throw error('AORTA_ENGINE_004', { flow: this.program.flow, reason: 'no longer wanted' });
      try {
        return await work();
      } catch (cause) {
        if (!wanted() || !isPassing(cause)) throw cause;
        this.#retrying(what, cause, attempt);
        await sleep(this.#ports.clock, this.#ports.random.next() * Math.min(5000, 100 * 2 ** Math.min(attempt, 10)));
      }
    }
  }

  // ---- run queue -----------------------------------------------------------------------------------------------

  ready(lane: Lane, mailbox: Mailbox): void {
    this.#queue.ready(lane, mailbox);
  }

  get stalled(): boolean {
    return this.#queue.stalled;
  }

  get crowded(): boolean {
    return this.#queue.crowded;
  }

  #eased(): void {
    for (const lane of this.#lanes.values()) lane.relax();
  }

  running(change: 1 | -1): void {
    this.#queue.running(change);
  }

  activate(lane: Lane, mailbox: Mailbox): void {
    this.#activation.activate(lane, mailbox);
  }

  // ---- commit --------------------------------------------------------------------------------------------------

  commit(item: CommitItem): void {
    this.#commits.push(item);
  }

  withdraw(where: (item: CommitItem) => boolean): readonly CommitItem[] {
    return this.#commits.withdraw(where);
  }

  get committing(): boolean {
    return this.#commits.busy;
  }

  pause(lane: Lane): void {
    this.#consumer?.pause(lane.partition);
  }

  resume(lane: Lane): void {
    this.#consumer?.resume(lane.partition);
  }

  /** All partitions together: the shares of a few add up to the flow's credit, the least ones of hundreds to far more. */
  #wantsMore(): boolean {
    const maxBytes = this.#maxBytes;
    const count = this.#lanes.size;
    if (count * this.#leastBytes <= maxBytes && count * leastRecords <= this.#maxRecords) return true;
    let [records, bytes] = [0, 0];
    let working = this.#queue.waiting || this.#commits.busy;
    for (const lane of this.#lanes.values()) {
      records += lane.records;
      bytes += lane.bytes;
      working ||= lane.outbox.pending > 0;
    }
    return this.#intake.more(Math.max(bytes / maxBytes, records / this.#mostOpen), working);
  }

  /** Where no turn waits for anything outside, what is not begun yet may stay in the log: it would only become old here. */
  get #mostOpen(): number {
    return this.program.main.asynchronous ? Number.POSITIVE_INFINITY : this.#options.maxSynchronous;
  }

  /** What partitions have shares of. Without state a few of them gain nothing by it, and hundreds are held by `#wantsMore`. */
  get #maxRecords(): number {
    return this.program.stateful ? this.#mostOpen : Number.POSITIVE_INFINITY;
  }

  /** No record waits for anything but the processor and the log: many under way only make each other old. */
  get #passing(): boolean {
    return !this.program.stateful && !this.program.main.asynchronous;
  }

  get #leastBytes(): number {
    return this.#passing ? leastPassingBytes : leastBytes;
  }

  get #maxBytes(): number {
    const { maxBytes, maxSynchronousBytes } = this.#options;
    return this.#passing ? Math.min(maxBytes, maxSynchronousBytes) : maxBytes;
  }

  maxLaneBytes(): number {
    return Math.max(this.#leastBytes, this.#maxBytes / Math.max(1, this.#lanes.size));
  }

  maxLaneRecords(): number {
    return Math.max(leastRecords, this.#maxRecords / Math.max(1, this.#lanes.size));
  }

  maxIdleBytes(): number {
    return this.#options.maxIdleBytes / Math.max(1, this.#lanes.size * (1 + this.program.lanes.length));
  }

  heartbeatAgeMs(): number {
    return this.#consumer?.heartbeatAgeMs?.() ?? 0;
  }

  settled(lane: Lane, root: Root, settlement: Settlement): void {
    this.trail.add(root, lane.ref.partition, settlement, this.#ports.clock.now());
    if (!this.settlements.observed) return;
    const { flow, lane: name, topic, partition } = lane.ref;
    this.settlements.next({ flow, lane: name, topic, partition, offset: root.offset, eventId: root.eventId, settlement });
  }

  async #tick(): Promise<void> {
    for (const lane of this.#lanes.values()) lane.keepOwn();
    for (const lane of this.allLanes) lane.flush();
    await this.#commitOffsets([...this.#lanes.values()]).catch((cause) => this.#retrying('commit', cause, 1));
    await this.#bearings.note([...this.#lanes.values()]);
  }

  async #commitOffsets(lanes: readonly Lane[]): Promise<void> {
    await this.#committing?.catch(() => {});
    const offsets: Commit[] = [];
    const moved: { lane: Lane; offset: number }[] = [];
    for (const lane of lanes) {
      const offset = lane.tracker.settledWatermark;
      if (!lane.owned || lane.refused || lane.inherited > 0 || offset <= lane.committed || offset === 0) continue;
      offsets.push({ ...lane.partition, offset, generation: lane.generation });
      moved.push({ lane, offset });
    }
    if (offsets.length === 0) return;
    this.#committing = this.#consumer?.commit(offsets);
    await this.#committing;
    for (const { lane, offset } of moved) lane.committed = offset;
  }

  // ---- operators' requests -------------------------------------------------------------------------------------

  /** Looks for what operators want now; otherwise it happens every `redriveEveryMs`. */
  async lookForRequests(): Promise<void> {
    if (this.program.order === 'tolerant') await this.brake.look().catch((cause) => this.#retrying('brake', cause, 1));
    await this.#redrives.look().catch((cause) => this.#retrying('redrive', cause, 1));
  }

  /** The brake was released. */
  #goOn(): void {
    for (const lane of this.allLanes) {
      for (const mailbox of lane.mailboxes.values()) if (mailbox.length > 0) this.ready(lane, mailbox);
    }
  }

  // ---- watching ------------------------------------------------------------------------------------------------

  #retrying(what: string, cause: unknown, attempt: number): void {
    if (what === 'commit') this.metrics.commitRetries.inc();
    if (what === 'produce') this.metrics.produceRetries.inc();
    const failure = failureOf(cause);
    if (failure.class === 'Fenced' || attempt % 10 !== 1) return;
    this.#ports.telemetry.log('warn', `flow.${what}-retry`, {
      flow: this.program.flow,
      attempt,
      code: failure.code,
      class: failure.class,
      error: cause instanceof AortaError ? cause : undefined,
    });
  }

  #sample(): void {
    const { telemetry, clock } = this.#ports;
    const { flow } = this.program;
    const lanes = () => [...this.#lanes.values()];
    const gauge = (name: string, help: string, read: () => number) => this.#cancel.push(telemetry.sampled(name, help, { flow }, read));
    gauge('aorta_flow_partitions', 'Partitions that this worker owns', () => this.#lanes.size);
    gauge('aorta_flow_open_records', 'Records delivered and not settled', () => lanes().reduce((sum, l) => sum + l.records, 0));
    gauge('aorta_flow_running_turns', 'Turns that wait for an asynchronous step', () => this.#queue.count);
    gauge('aorta_flow_held_patients', 'Patients on the held list', () => lanes().reduce((sum, l) => sum + l.held.size, 0));
    gauge('aorta_flow_held_envelopes', 'Envelopes on the held list', () => lanes().reduce((sum, l) => sum + l.held.total, 0));
    gauge('aorta_flow_refused_partitions', 'Partitions that stand still with an error', () => lanes().filter((l) => l.refused).length);
    gauge('aorta_flow_brake', '1 while the dead-letter brake is on', () => (this.brake.on ? 1 : 0));
    gauge('aorta_flow_hung_steps', 'Handlers that were aborted at their deadline and still run', () => this.watch.hungCount);
    gauge(
      'aorta_flow_stuck_partitions',
      'Partitions that wait without a known reason, or past its bound',
      () => this.allLanes.filter(isStuck).length,
    );
    for (const { name } of this.program.lanes) {
      const labels = { flow, lane: name };
      const read = (of: (lane: Lane) => number) => () => lanes().reduce((sum, l) => sum + of(l.lanes.get(name) as Lane), 0);
      const laneGauge = (metric: string, help: string, of: (lane: Lane) => number) =>
        this.#cancel.push(telemetry.sampled(metric, help, labels, read(of)));
      laneGauge('aorta_lane_waiting_inputs', 'Inputs of an independent lane that are not settled', (l) => l.held.total);
      laneGauge('aorta_lane_parked_patients', 'Patients whose next input of an independent lane waits for an operator', parkedIn);
      laneGauge('aorta_lane_waiting_patients', 'Patients with inputs of an independent lane that are not settled', (l) => l.held.size);
    }
    gauge('aorta_flow_lag_records', 'Records of the log that are not settled', () =>
      lanes().reduce((sum, l) => sum + Math.max(0, l.end - l.tracker.settledWatermark), 0),
    );
    gauge('aorta_flow_lag_seconds', 'Age of the oldest delivered record that is not settled', () => {
      const now = clock.now();
      return lanes().reduce((max, l) => Math.max(max, l.tracker.lowestOpen ? (now - l.tracker.lowestOpen.at) / 1000 : 0), 0);
    });
  }
}

/** Where a topic begins and ends, and where the group stands in it: undefined where the log did not say. */
interface Bounds {
  readonly ends: ReadonlyMap<number, PartitionEnds>;
  readonly committed: ReadonlyMap<number, number> | undefined;
}

/** What the store gave for a partition: the lane of its source, and those that it feeds. */
interface Claimed {
  readonly at: TopicPartition;
  readonly main: ClaimedLane;
  readonly inputs: readonly ClaimedLane[];
}

const keyOf = ({ topic, partition }: Pick<TopicPartition, 'topic' | 'partition'>): string => `${topic}/${partition}`;
