import type { Socket } from 'node:net';
import type { Clock, Random } from '../../clock/clock.ts';
import { sleep } from '../../clock/system.ts';
import { type Fault, gap, lateness, pieces } from './fault.ts';

/** Bytes that one direction holds before its source is told to wait. */
const heldBytes = 256 * 1024;

export interface DirectionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly fault: () => Fault;
  /** Resolves when the fault changes: whoever waits looks again. */
  readonly changed: () => Promise<void>;
  /** False: these bytes and the connection are lost. */
  readonly look: (bytes: Buffer) => boolean;
  readonly lose: () => void;
}

/** Carries bytes from one socket to another, in order, as the fault allows. An orderly end is carried too, behind them. */
export class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #options: DirectionOptions;
  readonly #queue: { readonly bytes: Buffer | null; readonly due: number }[] = [];
  #held = 0;
  #carrying = false;
  readonly #gone = new AbortController();

  constructor(from: Socket, to: Socket, options: DirectionOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => this.#take(null));
    for (const socket of [from, to]) socket.on('close', () => this.#gone.abort());
  }

  #take(bytes: Buffer | null): void {
    const { clock, random, fault } = this.#options;
    this.#queue.push({ bytes, due: clock.monotonic() + lateness(fault(), random.next()) });
    this.#held += bytes?.length ?? 0;
    if (this.#held > heldBytes) this.#from.pause();
    if (!this.#carrying) void this.#carry();
  }

  async #carry(): Promise<void> {
    this.#carrying = true;
    const { clock, look, lose } = this.#options;
    try {
      for (let next = this.#queue[0]; next; next = this.#queue[0]) {
        await this.#open();
        const wait = next.due - clock.monotonic();
        if (wait > 0) await sleep(clock, wait, this.#gone.signal);
        await this.#open();
        if (next.bytes === null) this.#to.end();
        else if (!look(next.bytes)) return lose();
        else await this.#write(next.bytes);
        this.#queue.shift();
        this.#held -= next.bytes?.length ?? 0;
        if (this.#held <= heldBytes) this.#from.resume();
      }
    } catch {
      // The connection is gone, and what it held with it.
      this.#queue.length = 0;
    } finally {
      this.#carrying = false;
    }
  }

  async #write(bytes: Buffer): Promise<void> {
    const { clock, fault } = this.#options;
    for (const piece of pieces(bytes, fault())) {
      await this.#open();
      if (!this.#to.write(piece)) await this.#drained();
      const wait = piece === bytes && fault().bandwidth === undefined ? 0 : gap(piece, fault());
      if (wait > 0) await sleep(clock, wait, this.#gone.signal);
    }
  }

  /** Passes when there is no black hole; rejects when the connection is gone. */
  async #open(): Promise<void> {
    this.#gone.signal.throwIfAborted();
    while (this.#options.fault().blackHole) {
      await Promise.race([this.#options.changed(), aborted(this.#gone.signal)]);
      this.#gone.signal.throwIfAborted();
    }
  }

  #drained(): Promise<void> {
    return Promise.race([new Promise<void>((resolve) => this.#to.once('drain', resolve)), aborted(this.#gone.signal)]);
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
