import type { Clock } from '../clock/clock.ts';
import type { EngineOptions } from '../engine/index.ts';
import { compile } from '../flow/compile.ts';
import type { Flow } from '../flow/flow.ts';
import type { Table } from '../state/table.ts';
import type { MemoryLog } from './memory-log.ts';
import { memoryRegistry } from './memory-registry.ts';
import type { Violation } from './oracles.ts';
import { judge, lanesOf, quiet } from './simulation/judge.ts';
import { type ActionName, type Schedule, type ScheduleLimits, scheduleOf } from './simulation/schedule.ts';
import { World } from './simulation/world.ts';
import { seededRandom, settle } from './virtual-clock.ts';

type Seeded = ReturnType<typeof seededRandom>;

/** The world at the end of a run, for a flow's own invariants. */
export interface SimulationEnd {
  /** Ids of the records that were sent, without those that an operator discarded; `patient-1#3` is a patient's fourth. */
  readonly sent: readonly { readonly key: string; readonly eventId: string; readonly topic: string }[];
  /** Of those, the ones of which an operator discarded an independent lane's input. */
  readonly discardedInLane: ReadonlySet<string>;
  rows<R extends object>(table: Table<R>): readonly R[];
  /** State of a `process` node for a patient. */
  stateOf(store: string, key: string): unknown;
  readonly log: MemoryLog;
  /** Patients who were merged. */
  readonly merges: readonly { readonly from: string; readonly into: string }[];
  /** The source topics were made anew: earlier records are gone, what they changed is not. */
  readonly recreated: boolean;
}

export interface SimulationOptions<T> {
  /** Decides everything, unless `schedule` is given. */
  readonly seed: number;
  /** Makes the value of event `n` of patient `key`. */
  readonly event: (key: string, n: number, random: Seeded) => T;
  /** @default 120 */
  readonly events?: number;
  /** At most. @default 8 */
  readonly patients?: number;
  /** At most, at the start. @default 3 */
  readonly workers?: number;
  /** Chaos steps: crashes, restarts, pauses past the session time-out, outages, clock jumps. @default 12 */
  readonly steps?: number;
  /** Share of the calls of the store and the log that fail, are slow or lose their reply. @default 0.05 */
  readonly faults?: number;
  /** Merges of two patients; only on a source topic with `merges`. @default 2 there */
  readonly merges?: number;
  readonly engine?: Partial<EngineOptions>;
  /**
   * Judges a flow without state by what it emits to this topic instead of by a write: at least once, nothing lost, each
   * patient's first occurrences in order. Every envelope must leave one emission.
   */
  readonly emissions?: { readonly name: string };
  /** Turns take up to this many milliseconds: an asynchronous step is put in front. @default 0 */
  readonly turnMs?: number;
  /** That step does not look at its signal: it goes on when its turn was ended. A record that ends the process does so after its deadline. */
  readonly heedless?: boolean;
  /**
   * Others have the worker's time: a slice of turns (`engine.sliceMs`; a negative one is four turns) comes up to this many
   * milliseconds after it was asked for. @default 0
   */
  readonly putOffMs?: number;
  /**
   * Only moves that lose nothing of a worker (start, SIGTERM, rebalance, slow calls). Then also nothing may be handled by
   * two workers. The flow must not fail by itself.
   */
  readonly orderly?: boolean;
  /** Kinds of action to leave out. */
  readonly without?: readonly ActionName[];
  /** So many records end the process that runs them. @default one, in an eighth of the seeds */
  readonly lethal?: number;
  /** What must hold at the end besides the oracles: a sentence for each thing that does not. */
  readonly invariant?: (end: SimulationEnd) => Iterable<string>;
  /** Runs this instead of the seed's own schedule: a shrunk one, or one that was saved. */
  readonly schedule?: Schedule;
  /** Every line of the trace as it happens. */
  readonly onLine?: (line: string) => void;
}

export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** SHA-256 of everything that happened, in order: the same schedule gives the same one, in any process. */
  readonly trace: string;
  /** What was done to the flow, with the milliseconds since the start. */
  readonly script: readonly string[];
  readonly schedule: Schedule;
}

export type Simulated = Flow<unknown> | ((around: { clock: Clock; random: Seeded }) => Flow<unknown>);

/** The schedule that `simulate` runs for these options. */
export function scheduleFor(flow: Flow<unknown>, options: SimulationOptions<never>): Schedule {
  const merges = flow.sources.some((topic) => topic.merges === true) && compile(flow).stores.size > 0;
  const limits: ScheduleLimits = {
    events: options.events ?? 120,
    patients: options.patients ?? 8,
    workers: options.workers ?? 3,
    steps: options.steps ?? 12,
    faults: options.faults ?? 0.05,
    merges: merges ? (options.merges ?? 2) : 0,
    partitions: flow.source.partitions,
    tolerant: flow.options.order === 'tolerant',
    orderly: options.orderly ?? false,
    lethal: options.lethal,
    // A stateless flow stands where the log says: a topic made anew is a new beginning for it.
    without: [...(options.without ?? []), ...(options.emissions || merges ? (['recreate'] as const) : [])],
  };
  return scheduleOf(options.seed, limits);
}

/**
 * Runs a flow on several simulated workers over one log and one store, under a seeded schedule of crashes before and
 * after every kind of call, rebalances, pauses past the session time-out, two owners at once, lost replies, slow and
 * failing stores, records that kill the process, operators' requests, retention and clock jumps; then heals everything,
 * waits until all is quiet, and checks the guarantees (oracles.ts). A seed fully determines the run.
 *
 * The flow is probed by one `write` after its source, so that every envelope leaves exactly one row. Of several sources
 * each record goes to one; a patient's order is judged within each. What independent lanes do with their inputs is judged
 * by EmissionsMatch and by the flow's `invariant`. Envelopes that the flow parks are redriven at the end, until none is held.
 *
 * Never rejects for a broken guarantee: look at `violations`. `shrink` makes a failing schedule short.
 *
 * @see SEMANTICS.md, "Offsets, hops and owners"
 *
 * @example
 * ```ts
 * import { actor, flow, process, to, topic } from 'aorta';
 * import { simulate } from 'aorta/testing';
 * const vitals = topic<number>('vitals', 'int');
 * const highest = topic<number>('highest', 'int');
 * const peak = actor<{ peak: number }, number, number>({
 *   version: 1,
 *   initial: () => ({ peak: 0 }),
 *   receive: (state, vital) => (vital > state.peak ? { state: { peak: vital }, emit: [vital] } : { skip: 'lower' }),
 * });
 * const peaks = flow('peaks').from(vitals).pipe(process('peak', peak), to(highest));
 * for (let seed = 1; seed <= 20; seed++) {
 *   const { violations, script } = await simulate(peaks, {
 *     seed,
 *     event: (_key, _n, random) => random.int(200),
 *     invariant: function* (end) {
 *       for (const key of new Set(end.sent.map((s) => s.key))) {
 *         if (end.stateOf('peak', key) === undefined) yield `${key} has no peak`;
 *       }
 *     },
 *   });
 *   if (violations.length > 0) throw new Error([`seed ${seed}`, ...script, ...violations.map((v) => v.message)].join('\n'));
 * }
 * ```
 */
export async function simulate<T>(made: Simulated, options: SimulationOptions<T>): Promise<SimulationResult> {
  const registry = await memoryRegistry();
  // Flows of the tests fail by chance; theirs must not depend on what else is drawn.
  let flow = typeof made === 'function' ? undefined : made;
  const schedule = options.schedule ?? scheduleFor(flow ?? (made as Exclude<Simulated, Flow<unknown>>)(throwaway()), options as never);
  const world = new World(
    {
      schedule,
      event: options.event,
      engine: options.engine ?? {},
      emissions: options.emissions,
      turnMs: options.turnMs ?? 0,
      heedless: options.heedless ?? false,
      putOffMs: options.putOffMs ?? 0,
      onLine: options.onLine,
    },
    registry,
  );
  flow ??= (made as Exclude<Simulated, Flow<unknown>>)(world);
  const onRejection = (cause: unknown) => world.history.violated({ oracle: 'NoUnhandledRejection', message: String(cause) });
  process.on('unhandledRejection', onRejection);
  try {
    await world.open(flow);
    await run(world, schedule);
    await judge(world, options.emissions === undefined, options.orderly ?? false);
    for (const sentence of options.invariant?.(endOf(world)) ?? []) world.history.violated({ oracle: 'Invariant', message: sentence });
  } catch (cause) {
    world.history.violated({ oracle: 'ProgressAfterFaults', message: String((cause as Error)?.message ?? cause) });
  } finally {
    for (const worker of world.all) worker.clock.dead = true;
    await settle();
    process.off('unhandledRejection', onRejection);
  }
  const { violations, script } = world.history;
  return { seed: schedule.seed, violations, trace: world.history.trace(), script, schedule };
}

async function run(world: World, schedule: Schedule): Promise<void> {
  const { clock } = world;
  for (let i = 0; i < schedule.workers; i++) {
    world.startWorker();
    await clock.advance(50);
  }
  const begin = clock.monotonic();
  for (const action of schedule.actions) {
    const ahead = begin + action.at - clock.monotonic();
    if (ahead > 0) await clock.advance(ahead);
    world.act(action);
    world.durable.update();
  }
  await clock.advance(400);
  world.history.say('heal');
  world.faults.heal();
  await clock.advance(1500);
  if (world.workers.length === 0) world.startWorker();
  // Timers that a jump of the clock put off fire too; those that set themselves again need not end.
  let until: number | undefined;
  // The longest wait of the engine's own is a back-off of seconds.
  for (let round = 0; round < (world.history.violations.length > 0 ? 30 : 200); round++) {
    await clock.advance(2000);
    if (await quiet(world)) {
      until ??= clock.now() + 120_000;
      if (clock.now() >= until || !(await timersBefore(world, until))) break;
    }
    await world.brakes?.release(true);
    const parked = (await world.state.heldKeys(world.flow.name, 1000)).filter(({ head }) => head.due === null);
    // A request carries out one of a patient's lanes; the next one is for the next round.
    for (const key of new Set(parked.map((held) => held.key))) await world.redrive({ id: `end-${round}-${key}`, key, action: 'redrive' });
  }
  await clock.advance(5000);
}

async function timersBefore(world: World, until: number): Promise<boolean> {
  for (const lane of lanesOf(world)) if ((await world.state.timers(lane, until, 1)).length > 0) return true;
  return false;
}

function endOf(world: World): SimulationEnd {
  return {
    sent: world.history.sent.filter(({ eventId }) => !world.history.excused.has(eventId)),
    discardedInLane: world.history.discardedInLane,
    rows: (table) => world.state.rows(table),
    stateOf: (store, key) => world.state.stateOf(world.flow.name, store, key),
    log: world.log,
    merges: world.ingress.merges,
    recreated: world.ingress.recreated,
  };
}

/** For a flow whose shape is asked for before there is a world. */
function throwaway(): { clock: Clock; random: Seeded } {
  const nothing = () => {
    throw new Error('a flow must not use its clock while it is being built');
  };
  return { clock: { now: nothing, monotonic: nothing, after: nothing, soon: nothing }, random: seededRandom(0) };
}
