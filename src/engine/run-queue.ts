import type { Clock } from '../clock/clock.ts';
import type { Lane } from './lane.ts';
import type { Mailbox } from './mailbox.ts';
import { slackMs } from './wait.ts';

/** Milliseconds of synchronous work in one piece that are worth a word: heartbeats and acknowledgements wait behind it. */
const blockMs = 1000;

/** Places of the queue that are kept. */
const mostKept = 4096;

export interface RunQueueOptions {
  /** Turns that wait for an asynchronous step at once. */
  readonly maxRunning: number;
  /** Milliseconds of turns in one piece. */
  readonly sliceMs: number;
  /** Says when a slice may run. @default the clock's `soon` */
  readonly pace?: Pick<Clock, 'soon'>;
  /** Patients that are ready before it is `crowded`. @default without bound */
  readonly mostReady?: number;
  /** Synchronous work held the event loop for a second or more: one of these nodes did. */
  readonly blocked?: (nodes: readonly string[], ms: number) => void;
  /** It is no longer `crowded`. */
  readonly eased?: () => void;
  /** A slice ended, and no other one follows by itself: nobody is ready, or too many turns wait. */
  readonly idle?: () => void;
}

/**
 * Ready patients of all lanes of a flow, each in its turn, so that nobody starves. Turns run in slices of time: in
 * between, heartbeats, sockets and acknowledgements get the event loop. At most `maxRunning` turns wait for an
 * asynchronous step at once; above that nothing new starts.
 */
export class RunQueue {
  readonly #clock: Clock;
  readonly #pace: Pick<Clock, 'soon'>;
  readonly #maxRunning: number;
  readonly #sliceMs: number;
  readonly #mostReady: number;
  readonly #told: Pick<RunQueueOptions, 'blocked' | 'eased' | 'idle'>;
  /** Where the newest four turns came to. */
  readonly #nodes: string[] = [];
  /** In use from head to tail; kept when it is empty, as a list that grows anew with each delivery is garbage. */
  #queue: (Mailbox | undefined)[] = [];
  #head = 0;
  #tail = 0;
  #scheduled = false;
  /** More patients are ready than should be: from `mostReady` on until half of them are left. */
  crowded = false;
  /** Turns that wait for an asynchronous step. */
  count = 0;
  /** Monotonic: the newest slice, or since when the next one is asked for. */
  #at = 0;

  constructor(clock: Clock, { maxRunning, sliceMs, pace = clock, mostReady = Number.POSITIVE_INFINITY, ...told }: RunQueueOptions) {
    this.#clock = clock;
    this.#pace = pace;
    this.#maxRunning = maxRunning;
    this.#sliceMs = sliceMs;
    this.#mostReady = mostReady;
    this.#told = told;
  }

  ready(lane: Lane, mailbox: Mailbox): void {
    if (mailbox.readyIn) return;
    mailbox.readyIn = lane;
    this.#queue[this.#tail++] = mailbox;
    if (this.#tail - this.#head >= this.#mostReady) this.crowded = true;
    this.#schedule();
  }

  /** Somebody is ready and there is room. */
  get waiting(): boolean {
    return this.#head < this.#tail && this.count < this.#maxRunning;
  }

  /** And nobody was looked at for long: a wake-up was lost. */
  get stalled(): boolean {
    return this.waiting && this.#clock.monotonic() - this.#at > slackMs;
  }

  running(change: 1 | -1): void {
    this.count += change;
    if (change < 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#head === this.#tail) return;
    this.#scheduled = true;
    this.#at = this.#clock.monotonic();
    this.#pace.soon(() => this.#slice());
  }

  #slice(): void {
    this.#at = this.#clock.monotonic();
    const until = this.#at + this.#sliceMs;
    let looked = this.#at;
    let n = 0;
    this.#nodes.length = 0;
    while (this.#head < this.#tail && this.count < this.#maxRunning) {
      const mailbox = this.#queue[this.#head] as Mailbox;
      const lane = mailbox.readyIn as Lane;
      this.#queue[this.#head++] = undefined;
      mailbox.readyIn = undefined;
      lane.turns.next(mailbox);
      this.#nodes[n & 3] = lane.turns.at;
      // Turns may take microseconds or most of a millisecond.
      if ((++n & 3) !== 0) continue;
      const now = this.#clock.monotonic();
      if (now - looked >= blockMs) this.#tell(now - looked);
      looked = now;
      if (now > until) break;
    }
    const took = this.#clock.monotonic() - looked;
    if (took >= blockMs) this.#tell(took);
    if (this.#head === this.#tail) {
      if (this.#queue.length > mostKept) this.#queue = [];
      this.#head = this.#tail = 0;
    } else if (this.#head > mostKept) {
      this.#queue = this.#queue.slice(this.#head, this.#tail);
      this.#tail -= this.#head;
      this.#head = 0;
    }
    this.#scheduled = false;
    if (this.crowded && this.#tail - this.#head <= this.#mostReady / 2) {
      this.crowded = false;
      this.#told.eased?.();
    }
    if (this.count < this.#maxRunning) this.#schedule();
    // Who was eased gives more at once, but not before this has ended.
    if (!this.#scheduled) queueMicrotask(() => this.#scheduled || this.#told.idle?.());
  }

  #tell(ms: number): void {
    this.#told.blocked?.([...new Set(this.#nodes.filter((node) => node !== ''))], ms);
  }
}
