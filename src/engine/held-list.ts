import type { HeldKey, HeldRow } from '../state/port.ts';
import type { Root } from './root.ts';

/** A patient on the held list, as the owner of its lane knows it. */
export interface HeldPatient {
  readonly key: string;
  /** Rows that are durable or on their way into the group commit. */
  count: number;
  /** The row to run next; undefined while it is being read. */
  head: HeldRow | undefined;
  /** Read ahead, after the head. */
  readonly ahead: HeldRow[];
  /** The head is in its mailbox, or its outcome is being written. */
  active: boolean;
  reading: boolean;
  /** A row became durable while it was reading. */
  stale: boolean;
  /** Rows at or below this seq were removed or are being removed. */
  doneThrough: number;
  cancelWake: (() => void) | undefined;
  /** Seq of the place kept for a merge that was tried since the last `in` came: nothing new to find there. */
  placeTried?: number | undefined;
  /** Its `merge.out`: everything on the list goes with it. */
  leaving?: Root | undefined;
}

/**
 * Which patients of a lane are held, and what is next for each. The rows are in the State table; this is the owner's
 * index of them: O(held patients), not O(held envelopes).
 *
 * One mechanism with different reasons: a retry with a long delay, parking, an open breaker, a lane's backlog. A held
 * patient's envelopes queue behind its rows and run in their order; the patient is live again when the removal of its
 * last row is durable and nothing was added meanwhile.
 */
export class HeldList {
  readonly #patients = new Map<string, HeldPatient>();
  readonly #epochBase: number;
  #counter = 0;
  total = 0;

  /** `epoch` makes the sequence rise over owners: 2^20 groups of rows an epoch would be wrong, 2^32 are plenty. */
  constructor(epoch: number, held: readonly HeldKey[]) {
    this.#epochBase = epoch * 2 ** 32;
    for (const { key, count, head } of held) {
      this.total += count;
      this.#patients.set(key, { ...empty(key), count, head });
    }
  }

  get size(): number {
    return this.#patients.size;
  }

  get(key: string): HeldPatient | undefined {
    return this.#patients.get(key);
  }

  all(): IterableIterator<HeldPatient> {
    return this.#patients.values();
  }

  nextSeq(): number {
    return this.#epochBase + this.#counter++;
  }

  /** The row came in under this owner. */
  isOwn(seq: number): boolean {
    return seq >= this.#epochBase;
  }

  /** A row is on its way in. */
  adding(key: string): HeldPatient {
    let patient = this.#patients.get(key);
    if (!patient) {
      patient = empty(key);
      this.#patients.set(key, patient);
    }
    patient.count++;
    this.total++;
    return patient;
  }

  /** A row's addition was refused or discarded. True when the patient is live again. */
  notAdded(key: string): boolean {
    return this.#less(key);
  }

  /** The removal of the head is durable. True when the patient is live again. */
  removed(key: string, seq: number): boolean {
    const patient = this.#patients.get(key);
    if (!patient) return true;
    patient.doneThrough = Math.max(patient.doneThrough, seq);
    patient.head = undefined;
    patient.active = false;
    return this.#less(key);
  }

  #less(key: string): boolean {
    const patient = this.#patients.get(key);
    if (!patient) return true;
    patient.count--;
    this.total--;
    if (patient.count > 0) return false;
    patient.cancelWake?.();
    this.#patients.delete(key);
    return true;
  }
}

function empty(key: string): HeldPatient {
  return { key, count: 0, head: undefined, ahead: [], active: false, reading: false, stale: false, doneThrough: -1, cancelWake: undefined };
}
