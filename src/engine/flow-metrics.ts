import type { ErrorClass } from '../errors/index.ts';
import type { Counter, Histogram, Telemetry } from '../telemetry/port.ts';
import type { Settlement } from './ack.ts';

/** Counters of one flow. Handles are kept: no lookup by name on the hot path. */
export class FlowMetrics {
  readonly #telemetry: Telemetry;
  readonly #flow: string;
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

  constructor(telemetry: Telemetry, flow: string) {
    this.#telemetry = telemetry;
    this.#flow = flow;
    const settled = (settlement: string) =>
      telemetry.counter('aorta_flow_settled_total', 'Envelopes by how they ended', { flow, settlement });
    this.#settled = { done: settled('done'), skipped: settled('skipped'), parked: settled('parked'), failed: settled('failed') };
    this.received = telemetry.counter('aorta_flow_received_total', 'Records delivered to the flow', { flow });
    this.redelivered = telemetry.counter('aorta_flow_redelivered_total', 'Records that had been applied before', { flow });
    this.sentTwice = telemetry.counter('aorta_flow_sent_twice_total', 'Records dropped because their producer sent them twice', { flow });
    this.fenced = telemetry.counter('aorta_flow_fenced_total', 'Groups refused because the partition has a newer owner', { flow });
    this.deadLetters = telemetry.counter('aorta_flow_dead_letters_total', 'Envelopes sent to the dead-letter topic', { flow });
    this.parked = telemetry.counter('aorta_flow_parked_total', 'Envelopes parked for an operator', { flow });
    this.emitted = telemetry.counter('aorta_flow_emitted_total', 'Records produced by the flow', { flow });
    this.commitRetries = telemetry.counter('aorta_flow_commit_retries_total', 'Transactions tried again', { flow });
    this.produceRetries = telemetry.counter('aorta_flow_produce_retries_total', 'Appends tried again', { flow });
    this.groupTurns = telemetry.histogram('aorta_flow_group_turns', 'Turns in one transaction', [1, 5, 20, 50, 100, 200, 500], { flow });
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
      counter = this.#telemetry.counter('aorta_flow_skipped_total', 'Values skipped, by operator and reason', {
        flow: this.#flow,
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
      counter = this.#telemetry.counter('aorta_flow_errors_total', 'Turns that failed, by operator and class', {
        flow: this.#flow,
        node,
        class: errorClass,
      });
      this.#errors.set(key, counter);
    }
    counter.inc();
  }
}
