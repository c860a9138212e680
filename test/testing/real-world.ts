import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { startFlow } from '../../src/engine/index.ts';
import type { Flow } from '../../src/flow/flow.ts';
import { header, type Log } from '../../src/log/port.ts';
import { serdeFor } from '../../src/schema/serde.ts';
import type { State } from '../../src/state/port.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import type { RecordRef, Schedule } from '../../src/testing/index.ts';
import { memoryRegistry } from '../../src/testing/memory-registry.ts';
import { Faults } from '../../src/testing/simulation/faults.ts';
import { SimulatedWorker, type WorkerWorld } from '../../src/testing/simulation/worker.ts';
import { eventually } from './eventually.ts';

/**
 * Runs a schedule of the simulator on real adapters and real time: the same worker, with the same faults between it and
 * its ports. What cannot be done to a real service (offsets made to vanish, a process stopped in our own) is refused.
 */
export class RealWorld implements WorkerWorld {
  readonly clock = systemClock;
  readonly deadLeave = true;
  readonly #flow: Flow<unknown>;
  readonly #openLog: () => Log;
  readonly #state: State;
  readonly #schedule: Schedule;
  readonly #faults: Faults;
  readonly #producer: Log;
  readonly #registry: ReturnType<typeof memoryRegistry>;
  #workers: SimulatedWorker[] = [];
  readonly #logs = new Map<SimulatedWorker, Log>();
  readonly #ended: Promise<unknown>[] = [];
  #started = 0;
  #produced = 0;
  /** Calls that went wrong as planned. */
  readonly faulted = new Map<string, number>();

  constructor(flow: Flow<unknown>, schedule: Schedule, openLog: () => Log, state: State) {
    this.#flow = flow;
    this.#schedule = schedule;
    this.#openLog = openLog;
    this.#state = state;
    this.#faults = new Faults(schedule, () => systemClock.monotonic());
    this.#producer = openLog();
    this.#registry = memoryRegistry();
  }

  plan(...[, port, call, args]: Parameters<WorkerWorld['plan']>): ReturnType<WorkerWorld['plan']> {
    const plan = this.#faults.plan(port, call, args);
    const what = plan.kill ? `kill ${plan.kill}` : plan.outcome;
    if (what !== 'done') this.faulted.set(`${call} ${what}`, (this.faulted.get(`${call} ${what}`) ?? 0) + 1);
    return plan;
  }
  answered(): void {}

  note(): void {}
  fed(): void {}
  committed(): void {}

  kill(worker: SimulatedWorker): void {
    if (worker.clock.dead) return;
    worker.clock.dead = true;
    this.#workers = this.#workers.filter((w) => w !== worker);
    this.#ended.push(
      this.#logs
        .get(worker)
        ?.close()
        .catch(() => {}) ?? Promise.resolve(),
    );
    // Somebody has to go on.
    if (this.#workers.length === 0) this.#start();
  }

  #start(): void {
    const worker = new SimulatedWorker(this.#started++, this);
    const log = this.#openLog();
    this.#workers.push(worker);
    this.#logs.set(worker, log);
    const seen = worker.log(log);
    void startFlow(
      this.#flow,
      {
        log: seen,
        state: worker.port('state', this.#state),
        clock: worker.clock,
        random: systemRandom,
        telemetry: silentTelemetry,
        serde: async (topic) => serdeFor(await this.#registry, topic),
        partitions: (topic) => log.partitions(topic),
      },
      { drainMs: 4000, commitEveryMs: 100, sessionTimeoutMs: 6000, maxWaitMs: 150 },
    ).then((running) => {
      worker.running = running;
    });
  }

  async #send(records: readonly RecordRef[], event: (ref: RecordRef) => unknown, twice: boolean): Promise<void> {
    const serde = await serdeFor(await this.#registry, this.#flow.source);
    const batch = records.map((ref) => ({
      topic: this.#flow.source.name,
      key: ref.key,
      value: serde.serialize(event(ref)),
      headers: { [header.eventId]: `${ref.key}#${ref.n}`, [header.seq]: `simulated-ingress/${this.#produced++}` },
    }));
    await this.#producer.append(batch);
    if (twice) await this.#producer.append(batch);
  }

  async run(event: (ref: RecordRef) => unknown): Promise<void> {
    for (let i = 0; i < this.#schedule.workers; i++) this.#start();
    const assigned = () => this.#workers.reduce((sum, w) => sum + (w.running?.partitions().length ?? 0), 0);
    await eventually(() => assigned() === this.#flow.source.partitions, 'the workers have the partitions');
    const begin = systemClock.monotonic();
    for (const action of this.#schedule.actions) {
      const ahead = begin + action.at - systemClock.monotonic();
      if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
      const worker = 'worker' in action ? this.#workers[action.worker % Math.max(1, this.#workers.length)] : undefined;
      switch (action.do) {
        case 'send':
          await this.#send(action.records, event, action.twice ?? false);
          break;
        case 'start':
          this.#start();
          break;
        case 'fail':
        case 'kill-at':
          this.#faults.arm(action);
          break;
        case 'kill':
          if (worker) this.kill(worker);
          break;
        case 'stop':
          if (worker?.running) {
            this.#workers = this.#workers.filter((w) => w !== worker);
            this.#ended.push(worker.running.stop());
          }
          break;
        default:
          throw new Error(`${action.do} cannot be done to real services`);
      }
    }
    // What is left meets nobody: the test counts what happened.
    await eventually(() => this.#faults.pending === 0, 'all faults happen', 15_000).catch(() => {});
    this.#faults.heal();
    if (this.#workers.length === 0) this.#start();
  }

  async close(): Promise<void> {
    await Promise.all(this.#ended);
    await Promise.all(this.#workers.map((worker) => worker.running?.stop()));
    await Promise.all([...this.#logs.values()].map((log) => log.close().catch(() => {})));
    await this.#producer.close();
  }
}
