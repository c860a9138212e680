import { type EngineOptions, startFlow } from '../../engine/index.ts';
import { AortaError } from '../../errors/index.ts';
import { compile } from '../../flow/compile.ts';
import type { Context } from '../../flow/context.ts';
import type { Flow } from '../../flow/flow.ts';
import type { Topic } from '../../flow/topic.ts';
import type { Keyed } from '../../keyed/port.ts';
import type { Append, Commit, TopicPartition } from '../../log/port.ts';
import type { Serde } from '../../schema/port.ts';
import { serdeFor } from '../../schema/serde.ts';
import type { ClaimedLane, GroupOutcome, LaneGroup, LaneRef } from '../../state/port.ts';
import { silentTelemetry } from '../../telemetry/port.ts';
import { type MemoryConsumer, MemoryLog } from '../memory-log.ts';
import type { memoryRegistry } from '../memory-registry.ts';
import { MemoryState } from '../memory-state.ts';
import { seededRandom, settle, VirtualClock } from '../virtual-clock.ts';
import { Brakes } from './brakes.ts';
import { Departures } from './departures.ts';
import { Durable } from './durable.ts';
import { Faults } from './faults.ts';
import { History } from './history.ts';
import { Ingress } from './ingress.ts';
import { Lethal } from './lethal.ts';
import { outsideOf, sharedKeyed } from './outside.ts';
import { withProbe } from './probe.ts';
import type { Action, CallName, PortName, Schedule } from './schedule.ts';
import { type CallPlan, SimulatedWorker, type WorkerWorld } from './worker.ts';

export type Seeded = ReturnType<typeof seededRandom>;

export interface WorldOptions {
  readonly schedule: Schedule;
  readonly event: (key: string, n: number, random: Seeded) => unknown;
  readonly engine: Partial<EngineOptions>;
  readonly emissions: { readonly name: string } | undefined;
  readonly turnMs: number;
  readonly heedless: boolean;
  readonly putOffMs: number;
  readonly onLine: ((line: string) => void) | undefined;
}

const mostPartitions = 4;
const startOfTime = Date.UTC(2026, 0, 1);
/** Far above what any run needs; reached by a flow that never comes to rest. */
const mostCallbacks = 400_000;

/** The simulated hospital: one log, one store, workers, and a schedule that disturbs them. */
export class World implements WorkerWorld {
  readonly clock: VirtualClock;
  readonly log: MemoryLog;
  readonly state: MemoryState;
  readonly faults: Faults;
  readonly history: History;
  readonly random: Seeded;
  flow!: Flow<unknown>;
  ingress!: Ingress;
  /** Alive and not told to stop. */
  workers: SimulatedWorker[] = [];
  /** All that were ever started. */
  readonly all: SimulatedWorker[] = [];
  readonly engine: EngineOptions;
  #shared: Keyed | undefined;
  readonly #options: WorldOptions;
  readonly #registry: Awaited<ReturnType<typeof memoryRegistry>>;
  readonly lethal = new Lethal();
  #recreating = false;
  readonly durable: Durable;
  readonly #departures = new Map<SimulatedWorker, Departures>();
  /** Of a tolerant flow. */
  brakes: Brakes | undefined;

  constructor(options: WorldOptions, registry: Awaited<ReturnType<typeof memoryRegistry>>) {
    this.#options = options;
    this.#registry = registry;
    const { schedule } = options;
    const ties = seededRandom(schedule.seed ^ 0x2545f491);
    const batches = seededRandom(schedule.seed ^ 0x1b873593);
    this.random = seededRandom(schedule.seed ^ 0x3c6ef372);
    this.clock = new VirtualClock(startOfTime, (count) => ties.int(count));
    this.clock.budget = mostCallbacks;
    this.history = new History(() => this.clock.monotonic() - startOfTime, options.onLine);
    this.faults = new Faults(schedule, () => this.clock.monotonic());
    this.log = new MemoryLog({
      clock: this.clock,
      batch: () => 1 + batches.int(schedule.batch),
      ...(schedule.hasty ? { assigningMs: 0 } : {}),
    });
    this.state = new MemoryState({ clock: this.clock });
    this.durable = new Durable(this.log, this.state, this.history, options.emissions?.name);
    this.engine = {
      ...({ drainMs: 500, commitEveryMs: 50, redriveEveryMs: 200, timerWindowMs: 5000, maxRecords: 40, suspects: 16 } as EngineOptions),
      ...options.engine,
    };
  }

  async open(flow: Flow<unknown>): Promise<void> {
    this.flow = flow;
    if (flow.options.order === 'tolerant') this.brakes = new Brakes(this);
    this.#shared = await sharedKeyed(compile(flow), this.clock);
    // Few, so that patients and workers meet.
    const { schedule, event } = this.#options;
    const serdes = await Promise.all(flow.sources.map((topic) => serdeFor(this.#registry, topic)));
    const sources = flow.sources.map((topic, i) => ({ topic, serde: serdes[i] as Serde<unknown> }));
    this.ingress = new Ingress(schedule.seed, event, this.log, this.history, sources);
    await this.log.ensureTopics(flow.sources.map((topic) => ({ ...topic, partitions: Math.min(mostPartitions, topic.partitions) })));
  }

  // ---- what workers ask -----------------------------------------------------------------------------------------

  plan(worker: SimulatedWorker, port: PortName, call: CallName, args: readonly unknown[]): CallPlan {
    if (call === 'claim') this.#departures.get(worker)?.claims(args[0] as LaneRef);
    if (call === 'append') this.#departures.get(worker)?.leave(args[0] as readonly Append[]);
    if (call === 'suspects') this.lethal.counted(worker.id, this.clock.monotonic());
    return this.faults.plan(port, call, args);
  }

  answered(worker: SimulatedWorker, call: CallName, args: readonly unknown[], result: unknown): void {
    const departures = this.#departures.get(worker);
    if (call === 'append') departures?.ended(args[0] as readonly Append[]);
    if (call === 'claim' && result) departures?.claims(args[0] as LaneRef, (result as ClaimedLane).epoch);
    if (call === 'transact' && result) departures?.durable(args[0] as readonly LaneGroup[], result as readonly GroupOutcome[]);
  }

  note(line: string): void {
    this.history.note(line);
  }

  fed(worker: SimulatedWorker, { topic, partition }: TopicPartition): void {
    const open = worker.running?.partitions().find((p) => p.topic === topic && p.partition === partition)?.open ?? 0;
    // What one delivery holds may still come after the pause.
    const most = this.engine.maxRecords + this.#options.schedule.batch;
    if (open > most)
      this.history.violated({
        oracle: 'MemoryBounded',
        message: `${topic}/${partition} has ${open} open records in memory, its credits are ${this.engine.maxRecords}`,
      });
  }

  committed(offsets: readonly Commit[]): void {
    for (const { topic, partition, offset } of offsets) {
      this.note(`committed ${topic}/${partition}/${offset}`);
      this.durable.checkCommit({ topic, partition }, offset);
    }
  }

  kill(worker: SimulatedWorker, why: string): void {
    if (worker.clock.dead) return;
    this.history.say(`kill -9 worker ${worker.id} ${why}`);
    worker.clock.dead = true;
    worker.killed = true;
    if (!why.startsWith('by ')) this.lethal.otherEnds++;
    this.lethal.gone(worker.id);
    this.#retire(worker);
    void consumerOf(worker)?.crash();
    this.clock.after(200, () => this.workers.length === 0 && !this.#recreating && this.startWorker());
  }

  #retire(worker: SimulatedWorker): void {
    this.workers = this.workers.filter((w) => w !== worker);
  }

  // ---- workers ----------------------------------------------------------------------------------------------------

  startWorker(): void {
    const worker = new SimulatedWorker(this.all.length, this);
    this.workers.push(worker);
    this.all.push(worker);
    if (compile(this.flow).stores.size > 0)
      this.#departures.set(worker, new Departures(this.flow, this.history, () => this.clock.monotonic()));
    this.history.say(`start worker ${worker.id}`);
    const log = worker.log(this.log);
    const delays = seededRandom(this.#options.schedule.seed ^ (worker.id + 1));
    const probed = withProbe(this.flow, {
      silent: this.#options.emissions !== undefined,
      ...{ turnMs: this.#options.turnMs, heedless: this.#options.heedless },
      clock: this.clock,
      delay: (below) => delays.int(below),
      began: (ctx) => this.#began(worker, ctx),
      begins: (ctx) => this.lethal.begins(ctx.eventId, worker.id),
      ended: (ctx) => {
        if (this.#options.heedless && ctx.signal.aborted && !worker.clock.dead) this.#mayEnd(worker, ctx);
        this.lethal.ended(ctx.eventId, worker.id, this.clock.monotonic());
      },
      overlapped: (ctx) =>
        this.history.violated({
          oracle: 'SerialPerPatient',
          message: `${ctx.eventId} of ${ctx.key} ran beside another turn of the patient`,
        }),
    });
    const { putOffMs } = this.#options;
    const slices = seededRandom(this.#options.schedule.seed ^ (0x7f4a7c15 + worker.id));
    const pace = { soon: (slice: () => void) => void worker.clock.after(slices.int(putOffMs + 1), slice) };
    const ports = {
      log,
      state: worker.port('state', this.state, this.brakes ? { operations: this.brakes.operationsOf(worker) } : {}),
      clock: worker.clock,
      random: this.random,
      telemetry: silentTelemetry,
      serde: (topic: Topic<unknown>) => serdeFor(this.#registry, topic),
      partitions: (topic: string) => this.log.partitions(topic),
      ...(putOffMs > 0 ? { pace } : {}),
    };
    const shared = this.#shared;
    // A flow that asks nobody is started as it always was: its seeds keep their meaning.
    const starting = shared
      ? outsideOf(shared, worker, this.random).then((outside) => startFlow(probed, { ...ports, ...outside }, this.engine))
      : startFlow(probed, ports, this.engine);
    starting.then(
      (running) => {
        worker.running = running;
        running.settlements.subscribe(({ lane, topic, partition, offset, eventId, settlement }) => {
          this.note(`worker ${worker.id} ${settlement.kind} ${eventId} ${lane} ${topic}/${partition}/${offset}`);
          this.history.settlements.push({ lane, topic, partition, offset, eventId, kind: settlement.kind, worker: worker.id });
        });
      },
      (cause) => this.history.violated({ oracle: 'ProgressAfterFaults', message: `worker ${worker.id} does not start: ${String(cause)}` }),
    );
  }

  #began(worker: SimulatedWorker, ctx: Context): void {
    this.note(`worker ${worker.id} runs ${ctx.eventId} of ${ctx.key}`);
    this.history.handled(worker.id, ctx.eventId);
    this.brakes?.began(worker, ctx.eventId);
    if (!this.#options.heedless && this.#mayEnd(worker, ctx)) throw new AortaError('AORTA_SIMULATION', 'Defect', 'the process is gone');
  }

  #mayEnd(worker: SimulatedWorker, ctx: Context): boolean {
    const { kills, tooOften } = this.lethal.runs(ctx.eventId, ctx.key);
    if (tooOften !== undefined)
      this.history.violated({
        oracle: 'ProgressAfterFaults',
        message: `${ctx.eventId} ended the process ${tooOften} times and is not parked`,
      });
    if (!kills) return false;
    this.kill(worker, `by ${ctx.eventId}`);
    this.clock.after(300, () => this.workers.length < this.#options.schedule.workers && !this.#recreating && this.startWorker());
    return true;
  }

  // ---- what the schedule does -------------------------------------------------------------------------------------

  act(action: Action): void {
    const worker = 'worker' in action ? this.workers[action.worker % Math.max(1, this.workers.length)] : undefined;
    switch (action.do) {
      case 'send':
        return this.ingress.send(action.records, action);
      case 'merge':
        return this.ingress.merge(action);
      case 'start':
        if (this.workers.length < 5) this.startWorker();
        return;
      case 'kill':
        if (worker) this.kill(worker, '');
        return;
      case 'stop':
        if (worker?.running && !worker.clock.paused) this.#stop(worker);
        return;
      case 'kill-at':
      case 'fail':
        this.note(`armed ${JSON.stringify(action)}`);
        return this.faults.arm(action);
      case 'pause':
        return this.#pause(worker, action.forMs);
      case 'lose':
        return this.#lose(worker, action.forMs);
      case 'rebalance':
        this.history.say('rebalance');
        void consumerOf(this.workers[0])?.rebalance();
        return;
      case 'jump':
        this.history.say(`clock jumps by ${action.ms} ms`);
        return this.clock.jump(action.ms);
      case 'outage':
        this.history.say(`${action.port} away for ${action.forMs} ms`);
        return this.faults.outage(action.port, this.clock.monotonic() + action.forMs);
      case 'slow':
        this.history.say(`${action.port} slow for ${action.forMs} ms`);
        return this.faults.slow(action.port, this.clock.monotonic() + action.forMs, action.ms);
      case 'refuse':
        this.faults.refused.add(`${action.key}#${action.n}`);
        return;
      case 'lethal':
        return this.lethal.add(`${action.key}#${action.n}`);
      case 'trim':
        return void this.#trim();
      case 'gap':
        this.history.say(`gap of ${action.offsets} in ${action.partition}`);
        for (const { name: topic } of this.flow.sources) this.log.gap({ topic, partition: action.partition }, action.offsets);
        return;
      case 'redrive':
        return void this.redrive(action);
      case 'release':
        return void this.brakes?.release(action.letters);
      case 'recreate':
        return this.#recreate();
    }
  }

  #stop(worker: SimulatedWorker): void {
    this.history.say(`SIGTERM worker ${worker.id}`);
    worker.stopping = true;
    this.#retire(worker);
    void worker.running?.stop().then(() => this.#exit(worker));
  }

  /** It has stopped, and its process ends: what it cannot stop (a function that looks at no signal) goes on nowhere. */
  #exit(worker: SimulatedWorker): void {
    if (worker.clock.dead) return;
    this.history.say(`worker ${worker.id} has stopped`);
    worker.clock.dead = true;
    this.lethal.stopped(worker.id);
  }

  #pause(worker: SimulatedWorker | undefined, forMs: number): void {
    const consumer = consumerOf(worker);
    if (!worker || !consumer || worker.clock.paused) return;
    this.history.say(`SIGSTOP worker ${worker.id} past its session`);
    worker.clock.paused = [];
    const departures = this.#departures.get(worker);
    if (departures) departures.stopped = true;
    void consumer.expire().then((wake) => {
      this.clock.after(forMs, () => {
        this.history.say(`SIGCONT worker ${worker.id}`);
        const late = worker.clock.paused ?? [];
        worker.clock.paused = undefined;
        // It goes on where it stood, before it learns that its partitions are gone.
        for (const fn of late) fn();
        if (!worker.clock.dead) void settle().then(wake);
      });
    });
  }

  #lose(worker: SimulatedWorker | undefined, forMs: number): void {
    const consumer = consumerOf(worker);
    if (!worker || !consumer || worker.clock.paused) return;
    this.history.say(`worker ${worker.id} is cut off from its group`);
    void consumer.expire().then((wake) => {
      this.clock.after(forMs, () => {
        this.history.say(`worker ${worker.id} learns that its partitions are lost`);
        if (!worker.clock.dead) void wake();
      });
    });
  }

  async #trim(): Promise<void> {
    for (const { name: topic } of this.flow.sources) {
      for (const [partition, offset] of await this.log.committed(`aorta.${this.flow.name}`, topic)) {
        this.history.say(`retention deletes ${topic}/${partition} below ${offset}`);
        this.log.trim({ topic, partition }, offset);
      }
    }
  }

  async redrive({ id, key, action, again }: Omit<Extract<Action, { do: 'redrive' }>, 'do' | 'at'>): Promise<void> {
    // Of several lanes and sources in which the patient is parked, the engine takes one.
    const parked = (await this.state.heldKeys(this.flow.name, 1000)).filter(
      (h) => h.key === key && h.head.due === null && h.head.reason !== 'merge',
    );
    if (parked.length === 0) return;
    if (action === 'discard') this.history.discards.add(id);
    for (const { head } of parked) this.lethal.cure(head.eventId);
    this.history.say(`operator: ${action} ${parked.map(({ head }) => head.eventId).join(' or ')} of ${key}`);
    const request = { flow: this.flow.name, key, errorClass: null, action, actor: 'simulator', at: this.clock.now() };
    this.lethal.redriven(key as string, again ? 2 : 1);
    await this.state.requestRedrive({ ...request, id });
    if (again) await this.state.requestRedrive({ ...request, action: 'redrive', id: `${id}-again` });
  }

  #recreate(): void {
    this.history.say('all workers stop, the topic is made anew');
    this.#recreating = true;
    for (const worker of [...this.workers]) {
      if (worker.running) this.#stop(worker);
      else this.kill(worker, 'as it starts');
    }
    this.clock.after(800, () => {
      for (const worker of this.all) this.kill(worker, 'that did not stop');
      for (const { eventId } of this.history.sent) this.history.excused.add(eventId);
      this.durable.update();
      this.ingress.recreate(this.durable);
      this.durable.forget();
      this.history.say('the topic is empty');
      this.clock.after(400, () => {
        this.#recreating = false;
        this.startWorker();
      });
    });
  }
}

const consumerOf = (worker: SimulatedWorker | undefined) => worker?.consumer as MemoryConsumer | undefined;
