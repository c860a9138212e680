/** Records up to a quarter of it share one: what stays in memory for one record that waits. */
const slabBytes = 8 * 1024;

/**
 * Memory for the records of one batch, in slabs of 8 KiB. Not Node's own pool: its slabs are 64 KiB since Node 24, and one record
 * that waits keeps a slab, so that a slow patient among fast ones would cost fifty times the size of its records.
 */
export class Slabs {
  #slab: Buffer | undefined;
  #at = 0;

  /** A copy of these bytes. */
  copy(from: Buffer, start: number, end: number): Buffer {
    const size = end - start;
    if (size > slabBytes / 4) {
      const own = Buffer.allocUnsafeSlow(size);
      from.copy(own, 0, start, end);
      return own;
    }
    if (this.#slab === undefined || this.#at + size > slabBytes) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#at = 0;
    }
    const own = this.#slab.subarray(this.#at, this.#at + size);
    from.copy(own, 0, start, end);
    this.#at += size;
    return own;
  }
}
