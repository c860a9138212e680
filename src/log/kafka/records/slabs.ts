/** Records up to a quarter of it share one: what stays in memory for one record that waits. */
const slabBytes = 8 * 1024;

/**
 * Memory for the records of one batch, in slabs of 8 KiB. Not Node's own pool: its slabs are 64 KiB since Node 24, and one record
 * that waits keeps a slab, so that a slow patient among fast ones would cost fifty times the size of its records.
 */
export class Slabs {
  /** Where the newest copy is. */
  memory: Buffer = none;
  #slab: Buffer = none;
  #free = 0;

  /** Copies these bytes to `memory`, from the returned place on. Nothing is made for it but, once in a while, a slab. */
  copy(from: Buffer, start: number, end: number): number {
    const size = end - start;
    if (size > slabBytes / 4) {
      this.memory = Buffer.allocUnsafeSlow(size);
      from.copy(this.memory, 0, start, end);
      return 0;
    }
    if (size > this.#free) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#free = slabBytes;
    }
    this.memory = this.#slab;
    const at = slabBytes - this.#free;
    from.copy(this.memory, at, start, end);
    this.#free -= size;
    return at;
  }
}

const none: Buffer = Buffer.alloc(0);
