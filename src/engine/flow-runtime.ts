import { sleep } from '../clock/system.ts';
import { within } from '../clock/within.ts';
import { AortaError, error } from '../errors/index.ts';
import type { Commit, LogConsumer, LogRecord, TopicPartition } from '../log/port.ts';
import type { RedriveRequest } from '../state/port.ts';
import type { Settlement } from './ack.ts';
import { Activation } from './activation.ts';
import { FlowMetrics } from './flow-metrics.ts';
import { type CommitItem, GroupCommit } from './group-commit.ts';
import { Lane, type LaneHost } from './lane.ts';
import type { Mailbox } from './mailbox.ts';
import { Settlements } from './observe.ts';
import type { EngineOptions, EnginePorts } from './options.ts';
import type { Program } from './program.ts';
import type { Root } from './root.ts';
import { RunQueue } from './run-queue.ts';
import { failureOf } from './supervise.ts';

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
  readonly #ports: EnginePorts;
  readonly #options: EngineOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #commits: GroupCommit;
  readonly settlements = new Settlements();
  readonly #cancel: (() => void)[] = [];
  #consumer: LogConsumer | undefined;
  readonly #queue: RunQueue;
  readonly #activation: Activation;
  #committing: Promise<void> | undefined;
  #stopping = false;
  #stopped = false;
  /** The assignment that counts; -1 between a revoke and the next one. */
  #generation = -1;
  #assigning: Promise<unknown> = Promise.resolve();
  #rejoining = false;
  /** Assignment in which a lane was fenced. */
  #fencedGeneration = -2;

  constructor(program: Program, ports: EnginePorts, options: EngineOptions) {
    this.program = program;
    this.#ports = ports;
    this.#options = options;
    this.#activation = new Activation(
      program,
      ports,
      (wanted, work) => this.#persist('state', wanted, work),
      (lane, mailbox) => this.ready(lane, mailbox),
    );
    this.#queue = new RunQueue(ports.clock, options.maxRunning, options.sliceMs);
    this.metrics = new FlowMetrics(ports.telemetry, program.flow);
    this.#commits = new GroupCommit(ports.state, ports.clock, ports.random, options.group, (cause, attempt) =>
      this.#retrying('commit', cause, attempt),
    );
  }

  get lanes(): IterableIterator<Lane> {
    return this.#lanes.values();
  }

  async start(): Promise<void> {
    const { clock } = this.#ports;
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
      () => this.lookForRedrives(),
    );
    this.#sample();
    await this.#consumer.start();
  }

  #consume(): LogConsumer {
    const { log, telemetry } = this.#ports;
    return log.consumer({
      group: `aorta.${this.program.flow}`,
      topics: [this.program.source.name],
      sessionTimeoutMs: this.#options.sessionTimeoutMs,
      onAssigned: (partitions, generation) => this.#assigned(partitions, generation),
      onRevoked: (partitions) => this.#revoked(partitions),
      onLost: (partitions) => this.#lost(partitions),
      onRecords: (partition, records, end) => this.#records(partition, records, end),
      onError: (cause, willRestart) =>
        telemetry.log(willRestart ? 'warn' : 'error', 'flow.consumer-failed', { flow: this.program.flow, error: cause, willRestart }),
    });
  }

  /** Drains and leaves the group. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    const consumer = this.#consumer;
    this.#stopping = true;
    await consumer?.stop();
    this.#stopped = true;
    for (const cancel of this.#cancel.splice(0)) cancel();
    this.#commits.close();
    this.settlements.complete();
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
      // All of them first: a claim that goes on behind a failed assignment would meet the next one's.
      const claims = await Promise.allSettled(partitions.map((partition) => this.#claim(partition, generation)));
      const starts: Commit[] = [];
      for (const claim of claims) {
        if (claim.status === 'rejected') throw claim.reason;
        if (claim.value) starts.push(claim.value);
      }
      return starts;
    });
    this.#assigning = run.catch(() => {});
    return run;
  }

  async #claim({ topic, partition }: TopicPartition, generation: number): Promise<Commit | undefined> {
    const ref = { flow: this.program.flow, lane: 'main', topic, partition };
    // A stop waits for this assignment to end: with the store away it would wait for the store.
    const current = () => !this.#stopping && this.#generation === generation;
    const claimed = await this.#persist('claim', current, () => this.#ports.state.claim(ref, this.program.sourcePartitions));
    const ends = await this.#persist('ends', current, () => this.#ports.log.ends(topic));
    // A stateless flow applies nothing: where it stands is what the log says. The applied set then only knows what it parked.
    const committed = this.program.stateful
      ? undefined
      : await this.#persist('committed', current, () => this.#ports.log.committed(`aorta.${ref.flow}`, topic));
    if (!current()) throw error('AORTA_ENGINE_004', { flow: ref.flow, reason: 'assigned again' });
    const { start: first = 0, end = 0 } = ends.find((e) => e.partition === partition) ?? {};
    const { watermark } = claimed.applied;
    const start = this.program.stateful ? watermark : (committed?.get(partition) ?? first);
    const lane = new Lane(
      ...([ref, generation, claimed, this.program, this.#ports, this.#options, this.metrics, this] as const),
      (what, cause, attempt) => this.#retrying(what, cause, attempt),
      start,
    );
    this.#lanes.get(keyOf(lane.partition))?.lose(error('AORTA_ENGINE_004', { flow: ref.flow, reason: 'assigned again' }));
    this.#lanes.set(keyOf(lane.partition), lane);
    lane.end = end;
    if (watermark > end) lane.refuse(error('AORTA_ENGINE_005', { flow: ref.flow, topic, partition, watermark, end }));
    if (claimed.partitions !== this.program.sourcePartitions) {
      lane.refuse(
        error('AORTA_ENGINE_006', { flow: ref.flow, topic, partition, now: this.program.sourcePartitions, before: claimed.partitions }),
      );
    }
    if (lane.refused) return undefined;
    await lane.outbox.drained();
    if (!lane.owned) return undefined; // Fenced meanwhile: `fenced` joins anew.
    lane.holding.wakeAll();
    await lane.timers.load();
    if (start > 0 && start < first) {
      this.#ports.telemetry.log('error', 'flow.records-expired', { flow: ref.flow, ...lane.partition, from: start, to: first });
    }
    return { topic, partition, offset: Math.max(start, first) };
  }

  /**
   * The database has a newer owner than this worker's lane, while the group still says that the partition is ours: the
   * other one's claim came late, and it is not fed. Joining anew makes the group and the database agree again.
   */
  fenced(lane: Lane): void {
    if (this.#lanes.get(keyOf(lane.partition)) === lane) this.#lanes.delete(keyOf(lane.partition));
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
    const lanes = partitions.map((p) => this.#lanes.get(keyOf(p))).filter((lane) => lane !== undefined);
    for (const lane of lanes) lane.draining = true;
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
    await bounded(this.#commitOffsets(lanes).catch((cause) => this.#retrying('commit', cause, 1)));
    await bounded(
      Promise.all(
        lanes.map((lane) =>
          lane.owned ? this.#ports.state.release(lane.ref, lane.epoch).catch((cause) => this.#retrying('commit', cause, 1)) : undefined,
        ),
      ),
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
      try {
        return await work();
      } catch (cause) {
        if (!wanted() || failureOf(cause).class !== 'Transient') throw cause;
        this.#retrying(what, cause, attempt);
        await sleep(this.#ports.clock, this.#ports.random.next() * Math.min(5000, 100 * 2 ** Math.min(attempt, 10)));
      }
    }
  }

  // ---- run queue -----------------------------------------------------------------------------------------------

  ready(lane: Lane, mailbox: Mailbox): void {
    this.#queue.ready(lane, mailbox);
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

  maxLaneBytes(): number {
    return Math.max(1024 * 1024, this.#options.maxBytes / Math.max(1, this.#lanes.size));
  }

  settled(lane: Lane, root: Root, settlement: Settlement): void {
    if (!this.settlements.observed) return;
    const { flow, topic, partition } = lane.ref;
    this.settlements.next({ flow, topic, partition, offset: root.offset, eventId: root.eventId, settlement });
  }

  async #tick(): Promise<void> {
    for (const lane of this.#lanes.values()) lane.flush();
    await this.#commitOffsets([...this.#lanes.values()]).catch((cause) => this.#retrying('commit', cause, 1));
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

  /** Looks for redrive requests now; otherwise it happens every `redriveEveryMs` while a patient is held. */
  async lookForRedrives(): Promise<void> {
    if (![...this.#lanes.values()].some((lane) => lane.held.size > 0)) return;
    // Only lanes that were claimed before the list is read: an older list may name what the last owner has carried out.
    const claimed = [...this.#lanes.values()];
    let requests: readonly RedriveRequest[];
    try {
      requests = await this.#ports.state.redriveRequests(this.program.flow);
    } catch (cause) {
      this.#retrying('redrive', cause, 1);
      return;
    }
    const lanes = claimed.filter((lane) => lane.owned && !lane.draining);
    for (const request of requests) {
      const key = request.key ?? '';
      // Where it is held: a record without a key, or with a foreign producer's choice of partition, may be in any.
      const lane = lanes.find((l) => l.held.get(key)) ?? lanes.find((l) => key !== '' && l.ref.partition === this.program.partitionOf(key));
      lane?.holding.redrive(request);
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
    gauge('aorta_flow_lag_records', 'Records of the log that are not settled', () =>
      lanes().reduce((sum, l) => sum + Math.max(0, l.end - l.tracker.settledWatermark), 0),
    );
    gauge('aorta_flow_lag_seconds', 'Age of the oldest delivered record that is not settled', () => {
      const now = clock.now();
      return lanes().reduce((max, l) => Math.max(max, l.tracker.lowestOpen ? (now - l.tracker.lowestOpen.at) / 1000 : 0), 0);
    });
  }
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
