import type { ErrorClass } from '../errors/index.ts';
import type { Counter, Histogram, Telemetry } from '../telemetry/port.ts';
import type { Settlement } from './ack.ts';

/** Counters of one flow, or (`aorta_lane_*`) of one of its independent lanes. Handles are kept: no lookup by name on the hot path. */
export class FlowMetrics {
  readonly #telemetry: Telemetry;
  readonly #prefix: 'aorta_flow' | 'aorta_lane';
  readonly #labels: Readonly<Record<string, string>>;
  readonly #settled: Record<Settlement['kind'], Counter>;
  readonly #skips = new Map<string, Counter>();
  readonly #errors = new Map<string, Counter>();
  readonly received: Counter;
  readonly redelivered: Counter;
  readonly sentTwice: Counter;
  readonly fenced: Counter;
  readonly deadLetters: Counter;
  readonly parked: Counter;
  readonly emitted: Counter;
  readonly groupTurns: Histogram;
  readonly batchItems: Histogram;
  readonly commitRetries: Counter;
  readonly produceRetries: Counter;
  /** Totals for the dashboard and tests. */
  readonly totals = {
    received: 0,
    done: 0,
    skipped: 0,
    parked: 0,
    failed: 0,
    emitted: 0,
    errors: 0,
    fenced: 0,
    redelivered: 0,
    deadLetters: 0,
  };

  constructor(telemetry: Telemetry, flow: string, lane?: string) {
    this.#telemetry = telemetry;
    const prefix = lane === undefined ? 'aorta_flow' : 'aorta_lane';
    const labels = lane === undefined ? { flow } : { flow, lane };
    this.#prefix = prefix;
    this.#labels = labels;
    const settled = (settlement: string) =>
      telemetry.counter(`${prefix}_settled_total`, 'Envelopes by how they ended', { ...labels, settlement });
    this.#settled = { done: settled('done'), skipped: settled('skipped'), parked: settled('parked'), failed: settled('failed') };
    this.received = telemetry.counter(`${prefix}_received_total`, 'Records delivered to the flow', labels);
    this.redelivered = telemetry.counter(`${prefix}_redelivered_total`, 'Records that had been applied before', labels);
    this.sentTwice = telemetry.counter(`${prefix}_sent_twice_total`, 'Records dropped because their producer sent them twice', labels);
    this.fenced = telemetry.counter(`${prefix}_fenced_total`, 'Groups refused because the partition has a newer owner', labels);
    this.deadLetters = telemetry.counter(`${prefix}_dead_letters_total`, 'Envelopes sent to the dead-letter topic', labels);
    this.parked = telemetry.counter(`${prefix}_parked_total`, 'Envelopes parked for an operator', labels);
    this.emitted = telemetry.counter(`${prefix}_emitted_total`, 'Records produced by the flow', labels);
    this.commitRetries = telemetry.counter(`${prefix}_commit_retries_total`, 'Transactions tried again', labels);
    this.produceRetries = telemetry.counter(`${prefix}_produce_retries_total`, 'Appends tried again', labels);
    this.batchItems = telemetry.histogram(
      `${prefix}_batch_items`,
      'Items in one call of a batch',
      [1, 2, 5, 10, 50, 100, 500, 1000],
      labels,
    );
    this.groupTurns = telemetry.histogram(`${prefix}_group_turns`, 'Turns in one transaction', [1, 5, 20, 50, 100, 200, 500], labels);
  }

  settled(settlement: Settlement): void {
    this.#settled[settlement.kind].inc();
    this.totals[settlement.kind]++;
  }

  skipped(node: string, reason: string): void {
    const key = `${node}\u0000${reason}`;
    let counter = this.#skips.get(key);
    if (!counter) {
      // A reason is a name from code; a flow that builds reasons from data must not make a series each.
      if (this.#skips.size >= 200) return;
      counter = this.#telemetry.counter(`${this.#prefix}_skipped_total`, 'Values skipped, by operator and reason', {
        ...this.#labels,
        node,
        reason,
      });
      this.#skips.set(key, counter);
    }
    counter.inc();
  }

  error(node: string, errorClass: ErrorClass): void {
    this.totals.errors++;
    const key = `${node}\u0000${errorClass}`;
    let counter = this.#errors.get(key);
    if (!counter) {
      counter = this.#telemetry.counter(`${this.#prefix}_errors_total`, 'Turns that failed, by operator and class', {
        ...this.#labels,
        node,
        class: errorClass,
      });
      this.#errors.set(key, counter);
    }
    counter.inc();
  }
}
