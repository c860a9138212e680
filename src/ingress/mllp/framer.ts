import { Assembly } from './assembly.ts';

/**
 * MLLP framing (HL7 Minimal Lower Layer Protocol, release 1): `0x0B content 0x1C 0x0D`. Incremental and linear in the
 * bytes, however they are cut into chunks.
 *
 * - 0x1C that no 0x0D follows is content.
 * - Bytes outside of frames are reported and skipped.
 * - 0x0B inside a frame is content, unless `MSH` follows: then the sender gave the first frame up and began again (its
 *   message was cut off), and both parts are told apart. No HL7 text may hold 0x0B, so nothing legal is split.
 * - The order of events is the order of bytes, and does not depend on the chunks.
 */
export interface FrameEvents {
  /** What a frame holds. May view the chunk it came in. */
  frame(content: Buffer): void;
  /** The beginning of a frame that its sender never ended. */
  truncated(content: Buffer): void;
  /** Bytes between frames. One stretch may come in several calls. */
  outside(bytes: Buffer): void;
  /** The open frame is over the limit. Nothing follows. */
  tooLarge(head: Buffer): void;
}

export const startBlock = 0x0b;
export const endBlock = 0x1c;
export const carriageReturn = 0x0d;
/** What one read of a socket gives at most; more still works, with a copy. */
const largestChunk = 64 * 1024;
const restart = Buffer.from('\x0bMSH', 'latin1');

export class Framer {
  readonly #events: FrameEvents;
  readonly #limit: number;
  readonly #assembly: Assembly;
  #open = false;
  /** The last byte was 0x1C: the next one decides. */
  #ending = false;
  #dead = false;

  constructor(limit: number, events: FrameEvents) {
    this.#limit = limit;
    this.#assembly = new Assembly(limit + largestChunk);
    this.#events = events;
  }

  /** Whether a frame was begun and not ended. */
  get open(): boolean {
    return this.#open && !this.#dead;
  }

  /** Bytes of the open frame that are held. */
  get held(): number {
    return this.#assembly.size;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#dead) at = this.#open ? this.#inside(chunk, at) : this.#outside(chunk, at);
  }

  /** The stream ended: what an open frame holds, or undefined. */
  end(): Buffer | undefined {
    if (!this.open) return undefined;
    this.#open = false;
    return this.#assembly.take();
  }

  #outside(chunk: Buffer, at: number): number {
    const start = chunk.indexOf(startBlock, at);
    const end = start < 0 ? chunk.length : start;
    if (end > at) this.#events.outside(chunk.subarray(at, end));
    if (start < 0) return end;
    this.#open = true;
    return start + 1;
  }

  #inside(chunk: Buffer, at: number): number {
    if (this.#ending) {
      this.#ending = false;
      if (chunk[at] === carriageReturn) {
        this.#complete(this.#assembly.take());
        return at + 1;
      }
      this.#assembly.append(Buffer.of(endBlock));
    }
    let from = at;
    for (;;) {
      const end = chunk.indexOf(endBlock, from);
      if (end < 0) return this.#hold(chunk, at, chunk.length, chunk.length);
      if (end + 1 === chunk.length) {
        this.#ending = true;
        return this.#hold(chunk, at, end, chunk.length);
      }
      if (chunk[end + 1] === carriageReturn) {
        if (this.#assembly.size + end - at > this.#limit) return this.#hold(chunk, at, end, chunk.length);
        if (this.#assembly.size === 0) this.#complete(chunk.subarray(at, end));
        else {
          this.#assembly.append(chunk.subarray(at, end));
          this.#complete(this.#assembly.take());
        }
        return end + 2;
      }
      from = end + 1;
    }
  }

  #hold(chunk: Buffer, from: number, to: number, next: number): number {
    if (to > from) this.#assembly.append(chunk.subarray(from, to));
    if (this.#assembly.size > this.#limit) {
      this.#dead = true;
      this.#events.tooLarge(this.#assembly.take());
    }
    return next;
  }

  #complete(content: Buffer): void {
    this.#open = false;
    let from = 0;
    for (let at = content.indexOf(restart); at >= 0; at = content.indexOf(restart, from)) {
      if (at > from) this.#events.truncated(content.subarray(from, at));
      from = at + 1;
    }
    this.#events.frame(from === 0 ? content : content.subarray(from));
  }
}

/** A message as it goes over the wire. */
export function framed(content: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(content.length + 3);
  frame[0] = startBlock;
  content.copy(frame, 1);
  frame[content.length + 1] = endBlock;
  frame[content.length + 2] = carriageReturn;
  return frame;
}
