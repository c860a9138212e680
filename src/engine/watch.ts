import type { Clock } from '../clock/clock.ts';
import type { Counter, Telemetry } from '../telemetry/port.ts';
import type { EngineTurn } from './turn.ts';
import { slackMs, type Waiting } from './wait.ts';

/** Milliseconds for which `/healthz` tells of a forgotten acknowledgement: several probes see it, and no one restarts for it. */
const forgottenMs = 20_000;

interface Hung {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly offset: number;
  readonly operator: string;
  /** Monotonic: when it was aborted. */
  readonly since: number;
}

interface Forgotten {
  readonly waiting: Waiting;
  readonly at: number;
}

/**
 * Looks after what supervision cannot end: a handler that goes on after its deadline although its signal was aborted, and
 * a step that ended with acknowledgements open. The patient is cared for elsewhere (held, parked); this names the code
 * that is at fault.
 */
export class Watch {
  readonly #flow: string;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #hung = new Set<Hung>();
  /** The newest of each operator. */
  readonly #forgotten = new Map<string, Forgotten>();
  readonly #counters = new Map<string, Counter>();

  constructor(flow: string, clock: Clock, telemetry: Telemetry) {
    this.#flow = flow;
    this.#clock = clock;
    this.#telemetry = telemetry;
  }

  get hungCount(): number {
    return this.#hung.size;
  }

  /** A handler was aborted at its deadline and has not ended. The result is called when it does. */
  hung(turn: EngineTurn, operator: string): () => void {
    const { topic, partition } = turn.lane.ref;
    const { key, offset } = turn.root;
    const entry: Hung = { topic, partition, key, offset, operator, since: this.#clock.monotonic() };
    this.#hung.add(entry);
    this.#count('aorta_flow_deadlines_total', 'Handlers that were aborted at their deadline, by operator', operator);
    this.#telemetry.log('warn', 'flow.deadline', { flow: this.#flow, topic, partition, offset, node: operator });
    return () => this.#hung.delete(entry);
  }

  /** Synchronous work held the event loop; one of these nodes did. It cannot be interrupted, only told of. */
  blocked(nodes: readonly string[], ms: number): void {
    for (const node of nodes)
      this.#count(
        'aorta_flow_blocks_total',
        'Times that synchronous work held the event loop for a second, by operators in question',
        node,
      );
    this.#telemetry.log('error', 'flow.blocked', { flow: this.#flow, node: nodes.join(', '), ms: Math.round(ms) });
  }

  /** A step ended with acknowledgements open: nobody would ever settle them. */
  forgotten(turn: EngineTurn, ageMs: number): void {
    const { topic, partition } = turn.lane.ref;
    const { offset } = turn.root;
    const operator = turn.at;
    const message = `${operator} forgot ${turn.ack.open} acknowledgement(s) of offset ${offset}, ${seconds(ageMs)} after its turn began; its patient is parked`;
    this.#forgotten.set(operator, {
      waiting: { reason: 'unsettled', topic, partition, offset, operator, forMs: ageMs, code: 'AORTA_ENGINE_002', overdue: true, message },
      at: this.#clock.monotonic(),
    });
    this.#count('aorta_flow_forgotten_acks_total', 'Steps that ended with acknowledgements open, by operator', operator);
    this.#telemetry.log('error', 'flow.ack-forgotten', { flow: this.#flow, topic, partition, offset, node: operator, ms: ageMs });
  }

  /** Handlers that did not end at their deadline; of one patient, of one partition, or all. */
  hanging(of: { readonly key?: string; readonly partition?: number } = {}): readonly Waiting[] {
    const now = this.#clock.monotonic();
    return [...this.#hung]
      .filter(({ key, partition }) => (of.key ?? key) === key && (of.partition ?? partition) === partition)
      .map(({ topic, partition, offset, operator, since }) => ({
        ...{ reason: 'hung' as const, topic, partition, offset, operator, code: 'AORTA_ENGINE_018', forMs: now - since },
        overdue: now - since > slackMs,
        message: `${operator} was aborted at its deadline ${seconds(now - since)} ago (offset ${offset}) and still runs: it does not heed its signal`,
      }));
  }

  /** What is past its bound, whether its partition is still here or not. */
  overdue(): readonly Waiting[] {
    const now = this.#clock.monotonic();
    for (const [operator, { at }] of this.#forgotten) if (now - at > forgottenMs) this.#forgotten.delete(operator);
    return [...this.hanging().filter(({ overdue }) => overdue), ...[...this.#forgotten.values()].map(({ waiting }) => waiting)];
  }

  #count(name: string, help: string, node: string): void {
    const key = `${name}\u0000${node}`;
    let counter = this.#counters.get(key);
    if (!counter) {
      counter = this.#telemetry.counter(name, help, { flow: this.#flow, node });
      this.#counters.set(key, counter);
    }
    counter.inc();
  }
}

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
