const smallestSlab = 4 * 1024;
const largestSlab = 256 * 1024;
/** From here on one buffer of the largest possible size takes the rest: its pages cost nothing until they are written. */
const reserveFrom = 1024 * 1024;

/**
 * Gathers a frame that came in pieces, in time linear in its size. Pieces are copied (16 million one-byte chunks would
 * cost gigabytes as objects): first into slabs of doubling size, from 1 MiB on into their final place, so that the end
 * of a large frame does not hold the event loop for joining it.
 */
export class Assembly {
  readonly #capacity: number;
  #slabs: Buffer[] = [];
  #slab = Buffer.alloc(0);
  #used = 0;
  #nextSlab = smallestSlab;
  #reserved = false;
  size = 0;

  /** `capacity`: bytes of the largest frame, and of the last piece that may exceed it. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  append(bytes: Buffer): void {
    if (!this.#reserved && this.size + bytes.length > reserveFrom && this.#capacity > reserveFrom) this.#reserve();
    let at = 0;
    while (at < bytes.length) {
      if (this.#used === this.#slab.length) this.#addSlab(bytes.length - at);
      const copied = bytes.copy(this.#slab, this.#used, at);
      this.#used += copied;
      at += copied;
    }
    this.size += bytes.length;
  }

  /** All bytes so far; empties the assembly. */
  take(): Buffer {
    const last = this.#slab.subarray(0, this.#used);
    const whole = this.#slabs.length === 0 ? last : Buffer.concat([...this.#slabs, last], this.size);
    this.#slabs = [];
    this.#slab = Buffer.alloc(0);
    this.#used = 0;
    this.#nextSlab = smallestSlab;
    this.#reserved = false;
    this.size = 0;
    return whole;
  }

  #reserve(): void {
    const { size } = this;
    const start = this.take();
    this.#slab = Buffer.allocUnsafeSlow(this.#capacity);
    this.#used = start.copy(this.#slab);
    this.#reserved = true;
    this.size = size;
  }

  #addSlab(needed: number): void {
    if (this.#used > 0) this.#slabs.push(this.#slab);
    this.#slab = Buffer.allocUnsafeSlow(Math.max(this.#nextSlab, Math.min(needed, largestSlab)));
    this.#used = 0;
    this.#nextSlab = Math.min(this.#nextSlab * 2, largestSlab);
  }
}
