import type { Clock } from '../clock/clock.ts';
import type { Brake as BrakeRow, Operations } from '../state/operations.ts';
import type { Telemetry } from '../telemetry/port.ts';
import { failureOf } from './supervise.ts';

export interface BrakeOptions {
  /** Dead letters one after the other on one worker, with nothing that went well between them. @default 25 */
  readonly run: number;
  /** Part of the records of the window on one worker that are dead letters, where there are at least `least`. @default 0.5 */
  readonly ratio: number;
  /** @default 100 */
  readonly least: number;
  /** Milliseconds. @default 300_000 */
  readonly windowMs: number;
}

/**
 * The dead-letter brake of a tolerant flow. Dead letters let a patient's later records pass; many of them mean that the
 * flow, and not its input, is at fault. Then nothing of the flow starts any more, on any worker and after any restart,
 * until an operator releases it.
 *
 * **Each worker counts for itself**, what it runs of the flow; any one of them stops all. With N workers over which the dead
 * letters spread evenly, the run is reached after about N × `run` of them, a ratio needs `least` records on one worker, and a
 * restart begins at 0. A fault in one partition is counted in one place, so it trips at the stated figures. The sum is not
 * kept in the store: it would cost a write for each dead letter, and a stop that comes some letters later loses nothing.
 *
 * The record that trips it is the last dead letter; what fails while it is on waits with everything else. Failures: the
 * store is away → this worker stands still at once and writes the brake down when the store is back; others learn of it
 * then.
 */
export class DeadLetterBrake {
  readonly #flow: string;
  readonly #operations: Operations;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #options: BrakeOptions;
  readonly #released: () => void;
  #on: BrakeRow | undefined;
  /** Tripped here and not written down yet: what the store says does not count. */
  #unwritten = false;
  #run = 0;
  /** Of this half of the window and of the one before. */
  #bad = [0, 0];
  #all = [0, 0];
  #halfFrom: number;

  constructor(flow: string, operations: Operations, clock: Clock, telemetry: Telemetry, options: BrakeOptions, released: () => void) {
    this.#flow = flow;
    this.#operations = operations;
    this.#clock = clock;
    this.#telemetry = telemetry;
    this.#options = options;
    this.#released = released;
    this.#halfFrom = clock.monotonic();
  }

  get on(): BrakeRow | undefined {
    return this.#on;
  }

  /** A turn ended well. On the hot path: two additions. */
  good(): void {
    this.#run = 0;
    (this.#all[0] as number)++;
  }

  /** A record becomes a dead letter. */
  bad(): void {
    this.#turnWindow();
    this.#run++;
    (this.#bad[0] as number)++;
    (this.#all[0] as number)++;
    const bad = (this.#bad[0] as number) + (this.#bad[1] as number);
    const all = (this.#all[0] as number) + (this.#all[1] as number);
    const { run, ratio, least } = this.#options;
    if (this.#on) return;
    if (this.#run >= run) this.#trip('run', this.#run, this.#run);
    else if (all >= least && bad >= all * ratio) this.#trip('ratio', bad, all);
  }

  /** Reads what the store says: put on by another worker, or released. */
  async look(): Promise<void> {
    if (this.#unwritten) return this.#write();
    const stored = await this.#operations.brake(this.#flow);
    // Tripped while it was being read.
    if (this.#unwritten) return;
    const was = this.#on;
    if (stored && !was) this.#telemetry.log('error', 'flow.braked', { flow: this.#flow, reason: stored.reason, count: stored.deadLetters });
    this.#on = stored;
    if (!was || stored) return;
    this.#telemetry.log('warn', 'flow.brake-released', { flow: this.#flow });
    this.#run = 0;
    this.#bad = [0, 0];
    this.#all = [0, 0];
    this.#released();
  }

  #trip(reason: BrakeRow['reason'], deadLetters: number, records: number): void {
    this.#on = { flow: this.#flow, reason, deadLetters, records, at: this.#clock.now() };
    this.#unwritten = true;
    this.#telemetry.log('error', 'flow.braked', { flow: this.#flow, reason, count: deadLetters });
    void this.#write();
  }

  async #write(): Promise<void> {
    const brake = this.#on;
    if (!brake) return;
    try {
      await this.#operations.putBrake(brake);
      this.#unwritten = false;
    } catch (cause) {
      // The next look tries again.
      this.#telemetry.log('warn', 'flow.brake-unwritten', { flow: this.#flow, code: failureOf(cause).code });
    }
  }

  #turnWindow(): void {
    const half = this.#options.windowMs / 2;
    const since = this.#clock.monotonic() - this.#halfFrom;
    if (since < half) return;
    const old = since < half * 2;
    this.#bad = [0, old ? (this.#bad[0] as number) : 0];
    this.#all = [0, old ? (this.#all[0] as number) : 0];
    this.#halfFrom += Math.floor(since / half) * half;
  }
}
