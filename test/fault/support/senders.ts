import { setTimeout as sleep } from 'node:timers/promises';
import { createMllpClient, type MllpClient } from '../../../src/sandbox/mllp-client.ts';
import type { Adt, Patient } from './hospital.ts';

export interface SendersOptions {
  readonly connections: number;
  /** Messages of a connection that wait for their answer. @default 4 */
  readonly inFlight?: number;
  /** Port of the n-th connection, asked at each attempt: the product may be a new process by then. */
  readonly port: (connection: number) => number;
  readonly timeoutMs?: number;
}

/**
 * Interfaces that behave as good senders do: they send in order, keep a message until it is acknowledged with AA, and
 * after a lost connection or an AE send again from the first one that was not acknowledged, with the same MSH-10.
 */
export class Senders {
  /** Control ids acknowledged with AA, in the order of the acknowledgements. */
  readonly accepted = new Set<string>();
  /** Answers by code, `lost` for none. */
  readonly answers: Record<string, number> = {};
  /** Milliseconds from sending to the answer, of accepted messages. */
  readonly times: number[] = [];
  readonly #queues: Adt[][];
  readonly #options: SendersOptions;
  #stopping = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(patients: readonly Patient[], options: SendersOptions) {
    this.#options = options;
    this.#queues = Array.from({ length: options.connections }, () => []);
    patients.forEach((patient, n) => {
      const queue = this.#queues[n % options.connections] as Adt[];
      queue.push(...patient.messages);
    });
    // Patients of one connection take turns; each one's messages stay in order.
    this.#queues = this.#queues.map((queue) => {
      const turns = new Map<string, number>();
      return queue
        .map((message) => {
          const turn = turns.get(message.mrn) ?? 0;
          turns.set(message.mrn, turn + 1);
          return { message, turn };
        })
        .sort((a, b) => a.turn - b.turn)
        .map(({ message }) => message);
    });
  }

  get total(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.length, 0);
  }

  get done(): boolean {
    return this.accepted.size === this.total;
  }

  /** Sends until everything is accepted or `stop` is called. */
  start(): void {
    this.#stopping = false;
    this.#running = Promise.all(this.#queues.map((queue, n) => this.#connection(queue, n)));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** Resolves when everything is accepted. */
  async finished(withinMs = 180_000): Promise<void> {
    const late = sleep(withinMs, 'late', { ref: false });
    if ((await Promise.race([this.#running, late])) === 'late') {
      await this.stop();
      throw new Error(
        `${this.accepted.size} of ${this.total} messages accepted after ${withinMs / 1000} s; answers: ${JSON.stringify(this.answers)}`,
      );
    }
  }

  async #connection(queue: readonly Adt[], n: number): Promise<void> {
    const { inFlight = 4, timeoutMs = 20_000 } = this.#options;
    let client: MllpClient | undefined;
    let port = 0;
    while (!this.#stopping) {
      const open = queue.filter((message) => !this.accepted.has(message.controlId));
      if (open.length === 0) break;
      const now = this.#options.port(n);
      if (now !== port || !client) {
        await client?.close();
        port = now;
        client = createMllpClient({ host: '127.0.0.1', port, inFlight, timeoutMs });
      }
      let failed = false;
      const underWay = new Set<Promise<void>>();
      for (const message of open) {
        if (failed || this.#stopping) break;
        const one = this.#send(client, message).then((accepted) => {
          underWay.delete(one);
          failed ||= !accepted;
        });
        underWay.add(one);
        if (underWay.size >= inFlight) await Promise.race(underWay);
      }
      await Promise.all(underWay);
      if (failed) await sleep(50);
    }
    await client?.close();
  }

  async #send(client: MllpClient, message: Adt): Promise<boolean> {
    const begun = performance.now();
    let code: string;
    try {
      code = (await client.send(message.bytes)).code;
    } catch {
      code = 'lost';
    }
    this.answers[code] = (this.answers[code] ?? 0) + 1;
    if (code !== 'AA') return false;
    this.times.push(performance.now() - begun);
    this.accepted.add(message.controlId);
    return true;
  }
}
