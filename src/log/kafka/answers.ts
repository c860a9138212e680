/**
 * Cuts what a broker sends into its answers (a length of four bytes, then as many bytes). Each gets a buffer of its own size,
 * into which the kernel writes: kafkajs collects pieces of 64 KiB and copies a complete answer together, a fetch of
 * 1.5 MB once more.
 */
import { type AortaError, error } from '../../errors/index.ts';

const lengthBytes = 4;
/** Read at once while the next answer's length is not known: most answers come whole with it. */
const firstRead = 16 << 10;
/** Memory for an answer of which nothing is there yet; a longer one gets twice what has come of it, and so on. */
const ahead = 4 << 20;
/**
 * Kafka's Java client knows no limit. A fetch asks for a few MiB (more only for a batch that is larger by itself), and the
 * metadata of 100,000 partitions take less than 10 MiB. What is no Kafka listener says at least 336 MiB here: a TLS alert is
 * read as that, letters as more.
 */
export const maxAnswerBytes = 256 << 20;

const none: readonly Buffer[] = [];

/** One connection's answers. */
export class Answers {
  readonly #first = Buffer.allocUnsafeSlow(firstRead);
  /** Bytes in `#first`: of a length that is not complete. */
  #begun = 0;
  /** The answer that is under way, with its length in front. */
  #answer: Buffer | undefined;
  #size = 0;
  #filled = 0;

  /** Where the next bytes go; never empty. */
  room(): Buffer {
    return this.#answer ? this.#answer.subarray(this.#filled) : this.#first.subarray(this.#begun);
  }

  /** `count` bytes were written to `room()`. Returns the answers that are complete with them, each with its length. */
  took(count: number): readonly Buffer[] {
    if (!this.#answer) return this.#cut(this.#begun + count);
    this.#filled += count;
    if (this.#filled < this.#answer.length) return none;
    if (this.#filled === this.#size) {
      const whole = this.#answer;
      this.#answer = undefined;
      return [whole];
    }
    const larger = Buffer.allocUnsafeSlow(Math.min(this.#size, 2 * this.#filled));
    this.#answer.copy(larger);
    this.#answer = larger;
    return none;
  }

  #cut(end: number): readonly Buffer[] {
    const first = this.#first;
    const whole: Buffer[] = [];
    let at = 0;
    while (end - at >= lengthBytes) {
      const size = lengthBytes + checked(first.readInt32BE(at));
      const there = Math.min(size, end - at);
      // Not of Node's pool: what keeps a part of one answer must not keep others.
      const answer = Buffer.allocUnsafeSlow(Math.min(size, ahead));
      first.copy(answer, 0, at, at + there);
      at += there;
      if (there === size) whole.push(answer);
      else {
        this.#answer = answer;
        this.#size = size;
        this.#filled = there;
      }
    }
    first.copyWithin(0, at, end);
    this.#begun = end - at;
    return whole;
  }
}

function checked(length: number): number {
  if (length < 0 || length > maxAnswerBytes) throw outOfBounds(length);
  return length;
}

export const outOfBounds = (length: number): AortaError => error('AORTA_LOG_019', { length, limit: maxAnswerBytes });
