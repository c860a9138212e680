import type { Clock } from '../../clock/clock.ts';
import { sleep } from '../../clock/system.ts';
import type { MllpClient } from '../mllp-client.ts';

export interface LineCounts {
  sent: number;
  acknowledged: number;
  /** Sent again after a negative answer or a lost connection. */
  again: number;
  /** Given up after `maxRefusals` negative answers. */
  refused: number;
}

/**
 * One system's line: messages in order, the next one only after the answer to the one before. A negative answer (AE, AR)
 * or a lost connection sends the same bytes again, so with the same MSH-10; a line that is down is tried for ever.
 */
export class Line {
  readonly #client: MllpClient;
  readonly #clock: Clock;
  readonly #counts: LineCounts;
  readonly #queue: Buffer[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  static readonly maxRefusals = 5;

  constructor(client: MllpClient, clock: Clock, counts: LineCounts) {
    this.#client = client;
    this.#clock = clock;
    this.#counts = counts;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  push(message: Buffer): void {
    this.#queue.push(message);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Ends what is being sent; what waits is not sent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#queue.length = 0;
    await this.#client.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const message = this.#queue[0];
      if (!message) return;
      await this.#deliver(message);
      this.#queue.shift();
    }
  }

  async #deliver(message: Buffer): Promise<void> {
    this.#counts.sent++;
    for (let refusals = 0, waitMs = 250; !this.#stop.signal.aborted; waitMs = Math.min(10_000, waitMs * 2)) {
      const code = await this.#client.send(message).then(
        (ack) => ack.code,
        () => 'lost',
      );
      if (code === 'AA' || code === 'CA') {
        this.#counts.acknowledged++;
        return;
      }
      if (code !== 'lost' && ++refusals >= Line.maxRefusals) {
        this.#counts.refused++;
        return;
      }
      await sleep(this.#clock, waitMs, this.#stop.signal).catch(() => {});
      if (!this.#stop.signal.aborted) this.#counts.again++;
    }
  }
}
