import { type EngineOptions, type RunningFlow, startFlow, type Waiting } from '../engine/index.ts';
import type { Flow } from '../flow/flow.ts';
import type { Topic } from '../flow/topic.ts';
import { createGuards, type Guards, steppedGate, type TargetState } from '../guard/index.ts';
import { createMemoryKeyed } from '../keyed/memory/index.ts';
import type { Keyed } from '../keyed/port.ts';
import { type ConsumerOptions, header, type Log } from '../log/port.ts';
import type { Serde } from '../schema/port.ts';
import { serdeFor } from '../schema/serde.ts';
import type { Table } from '../state/table.ts';
import { silentTelemetry, type Telemetry } from '../telemetry/port.ts';
import { type Fault, type MemoryConsumer, MemoryLog } from './memory-log.ts';
import { memoryRegistry } from './memory-registry.ts';
import { MemoryState } from './memory-state.ts';
import { guarded, ProcessClock } from './process.ts';
import { seededRandom, VirtualClock } from './virtual-clock.ts';

export interface DriverOptions {
  readonly seed?: number;
  /** Milliseconds since 1970 at which the virtual clock begins. */
  readonly start?: number;
  readonly engine?: Partial<EngineOptions>;
  readonly telemetry?: Telemetry;
  /** Claims and quotas; outlives crashes, as Redis does. @default one in memory, on the virtual clock */
  readonly keyed?: Keyed;
  /** Faults of the store and the log, by call. */
  readonly fault?: (call: 'transact' | 'claim' | 'states' | 'append' | 'commit' | 'ends') => Fault;
}

export interface Input<T> {
  readonly key: string;
  readonly value: T;
  readonly eventId?: string;
  /** Milliseconds since 1970; the virtual clock's now if left out. */
  readonly timestamp?: number;
}

export interface Emitted<T> {
  readonly key: string;
  readonly value: T;
  readonly partition: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: number;
}

/**
 * Runs one flow on the real engine with real Avro bytes, a log and a store in memory, and a virtual clock that also
 * owns promises and timers: `await driver.send(…)`, `await driver.advance(…)`, look. Nothing else passes time.
 *
 * @example
 * ```ts
 * import { flow, map, to, topic } from 'aorta';
 * import { TestDriver } from 'aorta/testing';
 * const vitals = topic<number>('vitals', 'int');
 * const doubled = topic<number>('doubled', 'int');
 * const driver = await TestDriver.start(flow('double').from(vitals).pipe(map((n) => n * 2), to(doubled)));
 * await driver.send({ key: 'patient-1', value: 21 });
 * console.log((await driver.emitted(doubled)).map((e) => e.value)); // [42]
 * await driver.stop();
 * ```
 */
export class TestDriver<T> {
  readonly clock: VirtualClock;
  readonly log: MemoryLog;
  readonly state: MemoryState;
  #flow: Flow<unknown>;
  readonly #source: Topic<T>;
  readonly #registry = memoryRegistry();
  readonly #options: DriverOptions;
  readonly #random: ReturnType<typeof seededRandom>;
  #running: RunningFlow | undefined;
  #process: ProcessClock | undefined;
  #consumer: MemoryConsumer | undefined;
  #keyed: Keyed | undefined;
  #guards: Guards | undefined;
  #sent = 0;

  private constructor(flow: Flow<unknown>, source: Topic<T>, options: DriverOptions) {
    this.#flow = flow;
    this.#source = source;
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
    this.clock = new VirtualClock(options.start);
    const { fault } = options;
    this.log = new MemoryLog({ clock: this.clock, ...(fault ? { fault } : {}) });
    this.state = new MemoryState({ clock: this.clock, ...(fault ? { fault } : {}) });
  }

  /** Starts the flow; `T` is the source's type, taken from `source` where the flow alone does not tell it. */
  static async start<T>(flow: Flow<unknown>, options: DriverOptions & { readonly source?: Topic<T> } = {}): Promise<TestDriver<T>> {
    const driver = new TestDriver<T>(flow, options.source ?? (flow.source as Topic<T>), options);
    await driver.#run();
    return driver;
  }

  async #run(): Promise<void> {
    const clock = new ProcessClock(this.clock);
    this.#process = clock;
    const consume = (options: ConsumerOptions) => {
      this.#consumer = this.log.consumer(options);
      return this.#consumer;
    };
    this.#keyed ??= this.#options.keyed ?? (await createMemoryKeyed({ clock: this.clock }));
    const telemetry = this.#options.telemetry ?? silentTelemetry;
    const keyed = guarded(this.#keyed, clock);
    this.#guards = await createGuards({ clock, random: this.#random, telemetry, keyed, worker: 'driver', gate: steppedGate });
    const starting = startFlow(
      this.#flow,
      {
        log: guarded<Log>(this.log, clock, { consumer: consume }),
        state: guarded(this.state, clock),
        clock,
        random: this.#random,
        telemetry,
        keyed,
        guards: this.#guards,
        serde: (topic) => this.#serde(topic),
        partitions: (topic) => this.log.partitions(topic),
      },
      this.#options.engine,
    );
    this.#running = await this.until(starting);
    await this.clock.advance(10);
  }

  #serde<V>(topic: Topic<V>): Promise<Serde<V>> {
    return this.#registry.then((registry) => serdeFor(registry, topic));
  }

  /** Moves the clock until a promise of the engine's settles (at most `ms`, default a minute). */
  async until<V>(promise: Promise<V>, ms = 60_000): Promise<V> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    for (let passed = 0; !settled && passed < ms; passed += 10) await this.clock.advance(10);
    if (!settled) throw new Error(`did not settle within ${ms} virtual milliseconds`);
    return promise;
  }

  /** Appends to the source and lets everything run that needs no more than 20 ms of virtual time. */
  send(...inputs: readonly Input<T>[]): Promise<void> {
    return this.sendTo(this.#source, ...inputs);
  }

  /** The same for one source of a flow that merges several, or for a topic that another flow writes. */
  async sendTo<V>(topic: Topic<V>, ...inputs: readonly Input<V>[]): Promise<void> {
    const serde = await this.#serde(topic);
    for (const { key, value, eventId, timestamp } of inputs) {
      const id = eventId ?? `event-${++this.#sent}`;
      this.log.put({
        topic: topic.name,
        key,
        value: serde.serialize(value),
        headers: { [header.eventId]: id },
        timestamp: timestamp ?? this.clock.now(),
      });
    }
    await this.clock.advance(20);
  }

  /** Appends bytes as they are: poison, tombstones, foreign records. */
  async sendRaw(
    key: string | null,
    value: Buffer | null,
    headers: Readonly<Record<string, string>> = {},
    topic = this.#source.name,
  ): Promise<void> {
    this.log.put({ topic, key, value, headers, timestamp: this.clock.now() });
    await this.clock.advance(20);
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Everything on a topic so far, decoded; by partition, then in order. */
  async emitted<V>(topic: Topic<V>): Promise<readonly Emitted<V>[]> {
    const serde = await this.#serde(topic);
    const out: Emitted<V>[] = [];
    for (const [partition, records] of this.log.all(topic.name).entries()) {
      for (const record of records) {
        out.push({
          key: record.key?.toString() ?? '',
          value: record.value === null ? (null as V) : await serde.deserialize(record.value),
          partition,
          headers: Object.fromEntries(Object.entries(record.headers).map(([name, value]) => [name, String(value)])),
          timestamp: record.timestamp,
        });
      }
    }
    return out;
  }

  rows<R extends object>(table: Table<R>): readonly R[] {
    return this.state.rows(table);
  }

  /** The stored state of a `process` node for a patient; undefined where there is none. */
  stateOf(store: string, key: string): unknown {
    return this.state.stateOf(this.#flow.name, store, key);
  }

  /** Patients on the held list with their heads. */
  held() {
    return this.state.heldKeys(this.#flow.name, 1000);
  }

  /** Asks for a redrive (or discard) of a patient's head, as an operator would, and lets it run. */
  async redrive(key: string, action: 'redrive' | 'single' | 'discard' = 'redrive'): Promise<void> {
    await this.state.requestRedrive({
      id: `redrive-${this.clock.monotonic()}-${key}`,
      flow: this.#flow.name,
      key,
      errorClass: null,
      action,
      actor: 'test',
      at: this.clock.now(),
    });
    await this.#running?.nudge();
    await this.clock.advance(20);
  }

  /** Breakers, quotas and queues of the outside systems that the flow reaches. */
  targets(): readonly TargetState[] {
    return this.running.targets();
  }

  why(key: string): readonly Waiting[] {
    return this.running.whyPatient(key);
  }

  get running(): RunningFlow {
    if (!this.#running) throw new Error('the driver is stopped');
    return this.#running;
  }

  /** Drains and starts again: what a deployment does. */
  async restart(): Promise<void> {
    await this.stop();
    await this.#run();
  }

  /** Drains and starts another version of the flow on the same log and store. */
  async deploy(flow: Flow<unknown>): Promise<void> {
    await this.stop();
    this.#flow = flow;
    await this.#run();
  }

  /** The bytes of a value of the source, for `log.put`. */
  async encode(value: T): Promise<Buffer> {
    return (await this.#serde(this.#source)).serialize(value);
  }

  /** The process is gone at once, as by kill -9, and another one starts. */
  async crash(): Promise<void> {
    if (this.#process) this.#process.dead = true;
    this.#running = undefined;
    const crashed = this.#consumer?.crash();
    if (crashed) await this.until(crashed);
    await this.#run();
  }

  async stop(): Promise<void> {
    if (this.#running) await this.until(this.#running.stop());
    this.#running = undefined;
    this.#guards?.close();
  }
}
