import type { Writable } from 'node:stream';
import type { Clock } from '../../clock/clock.ts';

export interface WriterOptions {
  readonly clock: Clock;
  readonly keepAliveMs: number;
  readonly stallMs: number;
  /** Bytes. */
  readonly backlog: number;
  /** Called once when it ends for a reason of the client's: it left, or took nothing for too long. */
  readonly left: (why: 'closed' | 'stalled' | 'backlog') => void;
}

/**
 * Server-sent events to one client. What the connection does not take waits here, at most `backlog` bytes and `stallMs`;
 * then the client is dropped. Comments keep an idle connection open; none is added to what already waits.
 */
export class EventWriter {
  readonly #raw: Writable;
  readonly #options: WriterOptions;
  #waiting: string[] = [];
  #bytes = 0;
  #full = false;
  #ending = false;
  #over = false;
  #cancelStall = () => {};
  #cancelKeepAlive = () => {};

  constructor(raw: Writable, options: WriterOptions) {
    this.#raw = raw;
    this.#options = options;
    raw.on('drain', () => this.#drained());
    raw.once('close', () => this.#leave('closed'));
    raw.on('error', () => this.#leave('closed'));
    this.#keepAlive();
  }

  write(text: string): void {
    if (this.#over || this.#ending) return;
    this.#waiting.push(text);
    this.#bytes += Buffer.byteLength(text);
    this.#flush();
    if (this.#bytes + this.#raw.writableLength > this.#options.backlog) this.#leave('backlog');
  }

  /** After everything that waits. */
  end(): void {
    if (this.#over || this.#ending) return;
    this.#ending = true;
    this.#cancelKeepAlive();
    this.#flush();
  }

  #flush(): void {
    while (!this.#full && !this.#over) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#bytes -= Buffer.byteLength(next);
      if (this.#raw.write(next)) continue;
      this.#full = true;
      this.#cancelStall = this.#options.clock.after(this.#options.stallMs, () => this.#leave('stalled'));
    }
    if (this.#ending && this.#waiting.length === 0 && !this.#over) {
      if (this.#full) return;
      this.#over = true;
      this.#raw.end();
      // The last of it may be waiting in the connection; `close` comes when it is gone.
      this.#cancelStall = this.#options.clock.after(this.#options.stallMs, () => {
        this.#raw.destroy();
        this.#options.left('stalled');
      });
    }
  }

  #drained(): void {
    this.#cancelStall();
    this.#full = false;
    this.#flush();
  }

  #keepAlive(): void {
    this.#cancelKeepAlive = this.#options.clock.after(this.#options.keepAliveMs, () => {
      if (!this.#full) this.write(': keep-alive\n\n');
      if (!this.#over) this.#keepAlive();
    });
  }

  #leave(why: 'closed' | 'stalled' | 'backlog'): void {
    this.#cancelStall();
    this.#cancelKeepAlive();
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    if (why !== 'closed') this.#raw.destroy();
    this.#options.left(why);
  }
}
