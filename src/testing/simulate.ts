import { createHash } from 'node:crypto';
import type { Clock } from '../clock/clock.ts';
import { type EngineOptions, type RunningFlow, startFlow } from '../engine/index.ts';
import { afterSource, type Flow } from '../flow/flow.ts';
import { mainLane } from '../flow/nodes.ts';
import { write } from '../flow/operators/write.ts';
import type { Topic } from '../flow/topic.ts';
import { createGuards, steppedGate } from '../guard/index.ts';
import { createMemoryKeyed } from '../keyed/memory/index.ts';
import { type ConsumerOptions, header, type Log } from '../log/port.ts';
import { serdeFor } from '../schema/serde.ts';
import { effect, table } from '../state/table.ts';
import { silentTelemetry } from '../telemetry/port.ts';
import { type Fault, type MemoryConsumer, MemoryLog } from './memory-log.ts';
import { memoryRegistry } from './memory-registry.ts';
import { MemoryState } from './memory-state.ts';
import { noDoubleEffect, noLoss, oneOwner, perPatientOrder, type Sent, type Violation, watermarkNeverPassesIncomplete } from './oracles.ts';
import { guarded, ProcessClock } from './process.ts';
import { seededRandom, settle, VirtualClock } from './virtual-clock.ts';

export interface SimulationOptions<T> {
  readonly seed: number;
  /** Makes the value of event `n` of patient `key`. */
  readonly event: (key: string, n: number, random: ReturnType<typeof seededRandom>) => T;
  /** @default 120 */
  readonly events?: number;
  /** @default 8 */
  readonly patients?: number;
  /** @default 3 */
  readonly workers?: number;
  /** Chaos steps: crashes, restarts, pauses past the session time-out, clock jumps. @default 12 */
  readonly steps?: number;
  /** Probability that a call of the store or the log fails or loses its reply. @default 0.05 */
  readonly faults?: number;
  readonly engine?: Partial<EngineOptions>;
  /**
   * Judges a flow without state by what it emits to this topic instead of by a write: at least once, nothing lost, each
   * patient's first occurrences in order. Every envelope must leave one emission.
   */
  readonly emissions?: Topic<never>;
  /** An oracle of your own, asked when all is quiet: what the flow's tables, states and topics must look like. */
  readonly check?: (end: { readonly state: MemoryState; readonly log: MemoryLog; readonly sent: readonly Sent[] }) => readonly string[];
  /** Planted bugs in the store, for testing the oracles. */
  readonly unfenced?: boolean;
  readonly fencedAlone?: boolean;
}

export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** SHA-256 of everything that became durable, in order: the same seed gives the same one. */
  readonly trace: string;
  readonly script: readonly string[];
}

interface Probe {
  event_id: string;
  /** The patient, in front of it the topic where a flow has several sources: they have no mutual order. */
  key: string;
  n: number;
}

const orderKey = (flow: Flow<unknown>, topic: string, key: string): string => (flow.sources.length > 1 ? `${topic}/${key}` : key);

/** One row an effect, in the order of application: list-append checking (Elle). */
const probe = table<Probe>('simulation_probe', {
  columns: { event_id: { type: 'text' }, key: { type: 'text' }, n: { type: 'integer' } },
  key: ['event_id', 'key', 'n'],
});

interface Worker {
  readonly id: number;
  readonly clock: ProcessClock;
  readonly consumer: () => MemoryConsumer | undefined;
  running: RunningFlow | undefined;
}

/**
 * Runs a flow on several simulated workers over one log and one store, under a seeded schedule of crashes, rebalances,
 * pauses past the session time-out, lost replies, slow stores and clock jumps; then heals everything, waits until all is
 * quiet, and checks the guarantees. A seed fully determines the run.
 *
 * The flow is probed by one `write` after its source, so that every envelope leaves exactly one row. Envelopes that the
 * flow parks are redriven at the end, until none is held.
 */
export async function simulate<T>(
  made: Flow<unknown> | ((around: { clock: Clock; random: ReturnType<typeof seededRandom> }) => Flow<unknown>),
  options: SimulationOptions<T>,
): Promise<SimulationResult> {
  const random = seededRandom(options.seed);
  const chance = options.faults ?? 0.05;
  let healed = false;
  const fault = (): Fault => (healed || !random.chance(chance) ? 'none' : random.chance(0.5) ? 'refused' : 'lost-reply');
  const clock = new VirtualClock(undefined, (count) => random.int(count));
  const log = new MemoryLog({ clock, fault, latencyMs: () => random.int(20), batch: () => 1 + random.int(20) });
  const state = new MemoryState({
    clock,
    fault,
    latencyMs: () => random.int(30),
    ...(options.unfenced ? { unfenced: true } : {}),
    ...(options.fencedAlone ? { fencedAlone: true } : {}),
  });
  const shared = await createMemoryKeyed({ clock });
  const registry = await memoryRegistry();
  const flow = typeof made === 'function' ? made({ clock, random }) : made;
  const { emissions } = options;
  const probed = emissions ? flow : withProbe(flow);
  const script: string[] = [];
  const violations: Violation[] = [];
  const sent: Sent[] = [];
  const say = (line: string) => script.push(`${clock.monotonic() - Date.UTC(2026, 0, 1)} ${line}`);
  const onRejection = (cause: unknown) => violations.push({ oracle: 'NoUnhandledRejection', message: String(cause) });
  process.on('unhandledRejection', onRejection);

  await log.ensureTopics(flow.sources.map((topic) => ({ ...topic, partitions: 4 })));
  const workers: Worker[] = [];
  let nextWorker = 0;
  const startWorker = async () => {
    const workerClock = new ProcessClock(clock);
    let consumer: MemoryConsumer | undefined;
    const worker: Worker = { id: nextWorker++, clock: workerClock, consumer: () => consumer, running: undefined };
    workers.push(worker);
    say(`start worker ${worker.id}`);
    const consume = (consumerOptions: ConsumerOptions) => {
      const joined = log.consumer(consumerOptions);
      // The dead join nothing.
      if (workerClock.dead) joined.start = () => new Promise(() => {});
      else consumer = joined;
      return joined;
    };
    const keyed = guarded(shared, workerClock);
    const name = `worker-${worker.id}`;
    const guards = await createGuards({ clock: workerClock, random, telemetry: silentTelemetry, keyed, worker: name, gate: steppedGate });
    void startFlow(
      probed,
      {
        keyed,
        guards,
        log: guarded<Log>(log, workerClock, { consumer: consume }),
        state: guarded(state, workerClock),
        clock: workerClock,
        random,
        telemetry: silentTelemetry,
        serde: (topic) => serdeFor(registry, topic),
        partitions: (topic) => log.partitions(topic),
      },
      { drainMs: 500, commitEveryMs: 50, redriveEveryMs: 200, timerWindowMs: 5000, maxRecords: 40, suspects: 16, ...options.engine },
    ).then((running) => {
      worker.running = running;
    });
    await clock.advance(50);
  };
  const retire = (worker: Worker) => workers.splice(workers.indexOf(worker), 1);

  for (let i = 0; i < (options.workers ?? 3); i++) await startWorker();

  const total = options.events ?? 120;
  const serdes = await Promise.all(flow.sources.map((topic) => serdeFor(registry, topic)));
  const keys = Array.from({ length: options.patients ?? 8 }, (_, i) => `patient-${i}`);
  const counts = new Map<string, number>();
  const send = () => {
    const key = random.pick(keys);
    // Chance is asked only where there is a choice: the runs of flows with one source stay what they were.
    const at = flow.sources.length > 1 ? random.int(flow.sources.length) : 0;
    const topic = flow.sources[at]?.name as string;
    const n = counts.get(key) ?? 0;
    counts.set(key, n + 1);
    const eventId = `${key}#${n}`;
    log.put({
      topic,
      key,
      value: serdes[at]?.serialize(options.event(key, n, random)) ?? null,
      headers: { [header.eventId]: eventId },
    });
    sent.push({ key: orderKey(flow, topic, key), eventId });
  };

  const steps = options.steps ?? 12;
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < total / steps; i++) {
      send();
      if (random.chance(0.3)) await clock.advance(random.int(20));
    }
    const worker = workers.length > 0 ? random.pick(workers) : undefined;
    switch (random.int(6)) {
      case 0:
        if (!worker) break;
        say(`kill -9 worker ${worker.id}`);
        worker.clock.dead = true;
        retire(worker);
        void worker.consumer()?.crash();
        break;
      case 1:
        if (!worker?.running) break;
        say(`SIGTERM worker ${worker.id}`);
        retire(worker);
        void worker.running.stop();
        break;
      case 2: {
        const consumer = worker?.consumer();
        if (!worker || !consumer || worker.clock.paused) break;
        say(`SIGSTOP worker ${worker.id} past its session`);
        worker.clock.paused = [];
        void consumer.expire().then(async (wake) => {
          const due = random.int(800);
          clock.after(due, () => {
            say(`SIGCONT worker ${worker.id}`);
            const late = worker.clock.paused ?? [];
            worker.clock.paused = undefined;
            // It goes on where it stood, before it learns that its partitions are gone.
            for (const fn of late) fn();
            if (!worker.clock.dead) void settle().then(wake);
          });
        });
        break;
      }
      case 3:
        if (workers.length < 5) await startWorker();
        break;
      case 4:
        clock.jump(random.int(120_000) - 60_000);
        say('clock jump');
        break;
      default:
        break;
    }
    await clock.advance(random.int(400));
    if (!emissions) violations.push(...(await commitsAreSafe(log, state, flow, probed.name)));
  }

  healed = true;
  say('heal');
  if (workers.length === 0) await startWorker();
  for (let round = 0; round < 200; round++) {
    await clock.advance(2000);
    if (workers.every((w) => !w.clock.paused) && (await quiet(state, sent, flow.name, emissions && emitted(log, emissions)))) break;
    for (const held of await state.heldKeys(flow.name, 1000)) {
      if (held.head.due !== null) continue;
      await state.requestRedrive({
        id: `r${round}-${held.key}`,
        flow: flow.name,
        key: held.key,
        errorClass: null,
        action: 'redrive',
        actor: 'simulator',
        at: clock.now(),
      });
    }
  }
  await clock.advance(5000);

  const journalled = state.journal.flatMap((group) =>
    group.effects
      .filter(({ effect: e }) => e.table.name === probe.name)
      .map(({ effect: e }) => {
        const row = ('row' in e ? e.row : e.key) as Probe;
        return { key: row.key, eventId: row.event_id };
      }),
  );
  const effects = emissions ? emitted(log, emissions) : journalled;
  if (!emissions) violations.push(...noDoubleEffect(effects));
  violations.push(...noLoss(sent, effects), ...perPatientOrder(sent, effects), ...oneOwner(state.journal));
  for (const message of options.check?.({ state, log, sent }) ?? []) violations.push({ oracle: 'Check', message });
  for (const worker of workers) {
    for (const partition of worker.running?.partitions() ?? []) {
      say(`end: worker ${worker.id} ${JSON.stringify(partition)}`);
      if (partition.open > 0) {
        const why = worker.running
          ?.whyPartition(partition.partition)
          .map((w) => w.message)
          .join('; ');
        violations.push({
          oracle: 'NoLeakedAck',
          message: `partition ${partition.partition} still has ${partition.open} open records: ${why}`,
        });
      }
    }
  }
  const trace = createHash('sha256')
    .update(JSON.stringify(state.journal.map((g) => [g.lane.partition, g.epoch, g.group, g.applied, g.effects.length, g.outbox.length])))
    .digest('hex');
  for (const worker of workers) worker.clock.dead = true;
  await settle();
  process.off('unhandledRejection', onRejection);
  return { seed: options.seed, violations, trace, script };
}

/** The same flow with one list-append write after its source. */
function withProbe(flow: Flow<unknown>): Flow<unknown> {
  return afterSource(
    flow,
    write('simulation-probe', {
      tables: [probe],
      effects: (_value: unknown, ctx) =>
        effect.insert(probe, { event_id: ctx.eventId, key: orderKey(flow, ctx.source.topic, ctx.key), n: ctx.source.offset }),
    }),
  );
}

/** First occurrences of what was emitted, by partition, in order. */
function emitted(log: MemoryLog, topic: Topic<never>): Sent[] {
  const seen = new Map<string, Sent>();
  for (const records of log.all(topic.name)) {
    for (const { key, headers } of records) {
      const eventId = String(headers[header.eventId]).split(':')[0] ?? '';
      if (!seen.has(eventId)) seen.set(eventId, { key: String(key), eventId });
    }
  }
  return [...seen.values()];
}

async function quiet(state: MemoryState, sent: readonly Sent[], flow: string, effects: readonly Sent[] | undefined): Promise<boolean> {
  if ((await state.heldKeys(flow, 1)).length > 0) return false;
  const have = new Set(effects?.map((e) => e.eventId) ?? state.rows(probe).map((row) => row.event_id));
  return sent.every((s) => have.has(s.eventId));
}

async function commitsAreSafe(log: MemoryLog, state: MemoryState, flow: Flow<unknown>, name: string): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const { name: topic } of flow.sources) {
    for (const [partition, committed] of await log.committed(`aorta.${name}`, topic)) {
      const ofLane = ({ lane }: (typeof state.journal)[number]) =>
        lane.lane === mainLane && lane.partition === partition && lane.topic === topic;
      const applied = state.journal.filter(ofLane).at(-1)?.applied;
      violations.push(...watermarkNeverPassesIncomplete(applied, committed, `${topic}/${partition}`));
    }
  }
  return violations;
}
