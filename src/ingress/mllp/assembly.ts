const largeChunk = 16 * 1024;
const smallestSlab = 4 * 1024;
const largestSlab = 256 * 1024;

/**
 * Gathers a frame that came in pieces, in time linear in its size: small pieces are copied into slabs of doubling size
 * (16 million one-byte chunks would cost gigabytes as objects), large ones are kept as they are; joined once.
 */
export class Assembly {
  #pieces: Buffer[] = [];
  #slab = Buffer.alloc(0);
  #used = 0;
  #from = 0;
  #slabSize = smallestSlab;
  size = 0;

  append(bytes: Buffer): void {
    this.size += bytes.length;
    if (bytes.length >= largeChunk) {
      this.#close();
      this.#pieces.push(bytes);
      return;
    }
    let at = 0;
    while (at < bytes.length) {
      if (this.#used === this.#slab.length) {
        this.#close();
        this.#slab = Buffer.allocUnsafeSlow(this.#slabSize);
        this.#used = this.#from = 0;
        this.#slabSize = Math.min(this.#slabSize * 2, largestSlab);
      }
      const copied = bytes.copy(this.#slab, this.#used, at);
      this.#used += copied;
      at += copied;
    }
  }

  /** All bytes so far; empties the assembly. */
  take(): Buffer {
    this.#close();
    const [first] = this.#pieces;
    const whole = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces, this.size);
    this.#pieces = [];
    this.#slab = Buffer.alloc(0);
    this.#used = this.#from = 0;
    this.#slabSize = smallestSlab;
    this.size = 0;
    return whole;
  }

  #close(): void {
    if (this.#used > this.#from) this.#pieces.push(this.#slab.subarray(this.#from, this.#used));
    this.#from = this.#used;
  }
}
