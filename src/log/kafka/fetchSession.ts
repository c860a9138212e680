import type { TopicPartition } from '../port.ts';
import type { FetchPartition, SessionPart } from './protocol.ts';

/** Fewer partitions are named each time: that costs next to nothing, and the broker keeps nothing for us. */
export const leastInSession = 32;

/** A partition, and the offset from which it is to be read. */
interface Wanted {
  readonly tp: TopicPartition;
  readonly next: number;
}

/**
 * A fetch session with one broker (KIP-227). The broker remembers what was asked for, so that a question names only the
 * partitions whose offset has moved, and an answer only those with something new: a worker that waits for records of
 * hundreds of partitions would name all of them four times a second, and for each record that comes.
 */
export class FetchSession {
  #id = 0;
  /** 0: the next question names everything, and ends the session that there was. */
  #epoch = 0;
  #round = 0;
  readonly #known = new Map<Wanted, { offset: number; round: number }>();

  /** The next question, for exactly these; each is the same object every time. */
  next(wanted: readonly Wanted[]): SessionPart {
    if (this.#epoch === 0) this.#known.clear();
    this.#round++;
    const partitions: FetchPartition[] = [];
    for (const each of wanted) {
      const { tp, next } = each;
      const known = this.#known.get(each);
      if (known) known.round = this.#round;
      else this.#known.set(each, { offset: next, round: this.#round });
      if (known?.offset === next) continue;
      if (known) known.offset = next;
      partitions.push({ topic: tp.topic, partition: tp.partition, offset: next });
    }
    const forgotten: TopicPartition[] = [];
    if (this.#known.size > wanted.length) {
      for (const [each, { round }] of this.#known) {
        if (round === this.#round) continue;
        this.#known.delete(each);
        forgotten.push(each.tp);
      }
    }
    return { id: this.#id, epoch: this.#epoch, partitions, forgotten };
  }

  /** False: the broker knows no such session (any more), and nothing was answered. */
  got({ session, sessionError }: { readonly session: number; readonly sessionError: number }): boolean {
    if (sessionError !== 0) {
      this.reset();
      return false;
    }
    this.#id = session;
    // 0: it has no room for another session, and was told everything.
    this.#epoch = session === 0 ? 0 : this.#epoch === 0x7fffffff ? 1 : this.#epoch + 1;
    return true;
  }

  /** Nobody knows whether the broker got the last question. */
  reset(): void {
    this.#epoch = 0;
  }
}
