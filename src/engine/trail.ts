import { putAscii } from '../log/ascii.ts';
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

/** Places of a page. */
const pagePlaces = 256;
/** Bytes of a place: the lengths of both texts, and the texts if they are ASCII and fit; else they stand beside. */
const placeBytes = 128;

/** Numbers and texts of so many settlements, outside the heap but for the settlements, nearly all of which are one object. */
interface Page {
  readonly texts: Buffer;
  readonly partitions: Int32Array;
  readonly offsets: Float64Array;
  readonly ats: Float64Array;
  readonly settlements: Settlement[];
  /** By place: texts that did not fit. */
  readonly beside: Map<number, readonly [eventId: string, key: string]>;
}

const pageOf = (): Page => ({
  texts: Buffer.allocUnsafeSlow(pagePlaces * placeBytes),
  partitions: new Int32Array(pagePlaces),
  offsets: new Float64Array(pagePlaces),
  ats: new Float64Array(pagePlaces),
  settlements: [],
  beside: new Map(),
});

/**
 * The newest settlements of a flow on this worker, for `aorta trace`: a ring. The ids are copied: thousands that live for a while
 * would all grow old in the heap, whichever was newest.
 */
export class Trail {
  readonly #pages: Page[] = [];
  readonly kept: number;
  /** Settlements so far. */
  #count = 0;

  /** `kept`: how many, 150 bytes each. */
  constructor(kept: number) {
    this.kept = kept;
  }

  add({ eventId, key, offset }: Root, partition: number, settlement: Settlement, at: number): void {
    const next = this.#count++ % this.kept;
    const place = next % pagePlaces;
    const page = this.#page(next);
    page.partitions[place] = partition;
    page.offsets[place] = offset;
    page.ats[place] = at;
    page.settlements[place] = settlement;
    const fits = put(page.texts, place * placeBytes, eventId, key);
    if (!fits) page.beside.set(place, [eventId, key]);
    else if (page.beside.size > 0) page.beside.delete(place);
  }

  /** Of an event, oldest first. A linear search: an operator asks. */
  of(eventId: string): readonly Trace[] {
    const found: Trace[] = [];
    for (let i = Math.max(0, this.#count - this.kept); i < this.#count; i++) {
      const at = i % this.kept;
      const page = this.#page(at);
      const place = at % pagePlaces;
      const [id, key] = page.beside.get(place) ?? textsAt(page.texts, place * placeBytes);
      if (id !== eventId) continue;
      found.push({
        ...{ eventId, key, partition: page.partitions[place] as number, offset: page.offsets[place] as number },
        ...{ settlement: page.settlements[place] as Settlement, at: page.ats[place] as number },
      });
    }
    return found;
  }

  #page(at: number): Page {
    const number = Math.floor(at / pagePlaces);
    let page = this.#pages[number];
    if (!page) {
      page = pageOf();
      this.#pages[number] = page;
    }
    return page;
  }
}

/** False: they are not ASCII, or too long together. */
function put(into: Buffer, at: number, eventId: string, key: string): boolean {
  if (eventId.length + key.length > placeBytes - 2) return false;
  into[at] = eventId.length;
  into[at + 1] = key.length;
  return putAscii(into, at + 2, eventId) && putAscii(into, at + 2 + eventId.length, key);
}

function textsAt(from: Buffer, at: number): readonly [string, string] {
  const [id, key] = [from[at] as number, from[at + 1] as number];
  const start = at + 2;
  return [from.toString('latin1', start, start + id), from.toString('latin1', start + id, start + id + key)];
}
