/** Memory for copies of what waits: many small ones share one slab, as an allocation each costs more than the copy. */
import type { Headers, HeaderValue, LogRecord } from './port.ts';

/** Copies up to a quarter of it share one. */
const slabBytes = 8 * 1024;

/**
 * Records are delivered as views of what was read from the log (port.ts), of which one keeps the whole in memory. Whoever
 * keeps a record for longer than a moment copies it here, in slabs of 8 KiB. Not Node's own pool: its slabs are 64 KiB
 * since Node 24, and one record that waits keeps a slab, so that a slow patient among fast ones would cost fifty times
 * the size of its records.
 */
export class Slabs {
  #slab: Buffer = none;
  #free = 0;

  /** The same bytes, in memory that is not much larger than they are; those that have such memory already come back as they are. */
  own(bytes: Buffer): Buffer {
    const size = bytes.length;
    const held = bytes.buffer.byteLength;
    if (held <= slabBytes || held <= 2 * size) return bytes;
    if (size > slabBytes / 4) {
      const memory = Buffer.allocUnsafeSlow(size);
      bytes.copy(memory);
      return memory;
    }
    if (size > this.#free) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#free = slabBytes;
    }
    const at = slabBytes - this.#free;
    bytes.copy(this.#slab, at);
    this.#free -= size;
    return this.#slab.subarray(at, at + size);
  }

  ownRecord({ offset, timestamp, key, value, headers }: LogRecord): LogRecord {
    return { offset, timestamp, key: this.ownKey(key), value: value && this.own(value), headers: this.ownHeaders(headers) };
  }

  ownKey(key: HeaderValue | null): HeaderValue | null {
    return key instanceof Buffer ? this.own(key) : key;
  }

  /** The bytes of a key. */
  ownKeyBytes(key: HeaderValue | null): Buffer | null {
    // What `Buffer.from` makes of a text lies in Node's pool, too.
    return key === null ? null : this.own(typeof key === 'string' ? Buffer.from(key) : key);
  }

  /** The same object where all values are strings. */
  ownHeaders(headers: Headers): Headers {
    let copies: Record<string, HeaderValue | undefined> | undefined;
    for (const name in headers) {
      const value = headers[name];
      if (!(value instanceof Buffer)) continue;
      copies ??= Object.assign(Object.create(null) as object, headers) as Record<string, HeaderValue | undefined>;
      copies[name] = this.own(value);
    }
    return copies ?? headers;
  }
}

const none: Buffer = Buffer.alloc(0);
