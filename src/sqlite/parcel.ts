const smallest = 4 * 1024;
const largest = 256 * 1024;

/** Bytes of one message to the writer thread, copied once into memory that is then transferred to it. */
export interface Parcel {
  /**
   * A copy of `bytes` that travels with the message. The copy is needed twice over: the caller keeps its buffer, and a
   * small Buffer is a view of Node's pool, which structured cloning would send whole.
   */
  add(bytes: Uint8Array): Uint8Array;
  /** Bytes added so far. */
  readonly size: number;
  /** For the transfer list of `postMessage`. */
  readonly chunks: readonly ArrayBuffer[];
}

export function parcel(): Parcel {
  const chunks: ArrayBuffer[] = [];
  let size = 0;
  let chunk = new ArrayBuffer(0);
  let used = 0;
  return {
    chunks,
    get size() {
      return size;
    },
    add(bytes) {
      const length = bytes.byteLength;
      if (used + length > chunk.byteLength) {
        const next = Math.min(largest, Math.max(smallest, chunk.byteLength * 4));
        chunk = new ArrayBuffer(Math.max(next, length));
        chunks.push(chunk);
        used = 0;
      }
      const copy = new Uint8Array(chunk, used, length);
      copy.set(bytes);
      used += length;
      size += length;
      return copy;
    },
  };
}
