import type { Settlement } from './ack.ts';
import type { Root } from './root.ts';

/** How one envelope ended on this worker. */
export interface Trace {
  readonly eventId: string;
  readonly key: string;
  readonly partition: number;
  /** -1: a timer. */
  readonly offset: number;
  readonly settlement: Settlement;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const kept = 10_000;

type Writable = { -readonly [K in keyof Trace]: Trace[K] };

/** The newest settlements of a flow on this worker, for `aorta trace`: a ring, so that keeping it costs a few stores a record. */
export class Trail {
  readonly #ring: Writable[] = [];
  #next = 0;

  add({ eventId, key, offset }: Root, partition: number, settlement: Settlement, at: number): void {
    const place = this.#ring[this.#next];
    // Overwritten in place: ten thousand objects that live for a while would all grow old in the heap.
    if (place) {
      place.eventId = eventId;
      place.key = key;
      place.partition = partition;
      place.offset = offset;
      place.settlement = settlement;
      place.at = at;
    } else this.#ring[this.#next] = { eventId, key, partition, offset, settlement, at };
    this.#next = (this.#next + 1) % kept;
  }

  /** Of an event, oldest first. A linear search: an operator asks. */
  of(eventId: string): readonly Trace[] {
    const found = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    return found.filter((trace) => trace.eventId === eventId).map((trace) => ({ ...trace }));
  }
}
