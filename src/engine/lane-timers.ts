import type { Clock } from '../clock/clock.ts';
import type { LaneRef, State, TimerRow, TimerWrite } from '../state/port.ts';

/** One timer per node, patient and name. */
export const idOf = (t: { node: string; key: string; name: string }) => `${t.node}\u0000${t.key}\u0000${t.name}`;

/**
 * Durable timers of one lane. The rows are in the State table; the owner keeps only those due within the window and
 * reads the next ones when it ends, so a million sleeping timers cost nothing. Overdue timers fire on assignment.
 */
export class LaneTimers {
  readonly #state: State;
  readonly #clock: Clock;
  readonly #lane: LaneRef;
  readonly #fire: (timer: TimerRow) => void;
  readonly #onError: (cause: unknown) => void;
  readonly #windowMs: number;
  readonly #armed = new Map<string, { timer: TimerRow; cancel: () => void }>();
  /** What became durable while a page is being read: the page may be older. */
  readonly #changed = new Map<string, TimerWrite>();
  #loading = false;
  #until = 0;
  #cancelWindow: (() => void) | undefined;
  #closed = false;

  constructor(
    state: State,
    clock: Clock,
    lane: LaneRef,
    windowMs: number,
    fire: (timer: TimerRow) => void,
    onError: (cause: unknown) => void,
  ) {
    this.#state = state;
    this.#clock = clock;
    this.#lane = lane;
    this.#windowMs = windowMs;
    this.#fire = fire;
    this.#onError = onError;
  }

  get armed(): number {
    return this.#armed.size;
  }

  /** Not moved or cancelled since it fired. */
  isCurrent(timer: TimerRow): boolean {
    return this.#armed.get(idOf(timer))?.timer.due === timer.due;
  }

  /** Reads the window's timers and arms them; again at the end of each window. */
  async load(): Promise<void> {
    const until = this.#clock.now() + this.#windowMs;
    // Those that wait for held patients stand first, perhaps for days: a page must reach beyond them.
    const limit = 1000 + this.#armed.size;
    let next = this.#windowMs;
    this.#changed.clear();
    this.#loading = true;
    try {
      const rows = await this.#state.timers(this.#lane, until, limit);
      if (this.#closed) return;
      this.#until = rows.length === limit ? (rows[limit - 1] as TimerRow).due : until;
      // A full page: the rest of the window follows soon, when these have fired.
      if (rows.length === limit) next = Math.max(1000, this.#until - this.#clock.now());
      for (const row of rows) if (!this.#armed.has(idOf(row)) && !this.#changed.has(idOf(row))) this.#arm(row);
      for (const [id, write] of this.#changed)
        if (write.due !== null && write.due <= this.#until && !this.#armed.has(id)) this.#arm({ ...write, due: write.due });
    } catch (cause) {
      this.#onError(cause);
      next = 1000;
    } finally {
      this.#loading = false;
    }
    if (this.#closed) return;
    this.#cancelWindow?.();
    this.#cancelWindow = this.#clock.after(Math.max(1, next * 0.9), () => void this.load());
  }

  /** A turn's timer changes are durable. */
  applied(writes: readonly TimerWrite[]): void {
    for (const write of writes) {
      const id = idOf(write);
      if (this.#loading) this.#changed.set(id, write);
      this.#armed.get(id)?.cancel();
      this.#armed.delete(id);
      if (write.due !== null && write.due <= this.#until) this.#arm({ ...write, due: write.due });
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelWindow?.();
    for (const { cancel } of this.#armed.values()) cancel();
    this.#armed.clear();
  }

  #arm(timer: TimerRow): void {
    const id = idOf(timer);
    const cancel = this.#clock.after(Math.max(0, timer.due - this.#clock.now()), () => {
      // It stays noted until its turn is durable: a reload of the window must not fire it twice.
      this.#fire(timer);
    });
    this.#armed.set(id, { timer, cancel });
  }
}
