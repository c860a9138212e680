import { error } from '../../errors/index.ts';
import { Tap, type Wire } from './tap.ts';
import type { Type } from './type.ts';

/** Payloads up to a quarter of it share one, as an allocation each costs more than writing. Node's own pool has the same size. */
const slabBytes = 1 << 16;
let slab: Buffer = Buffer.allocUnsafeSlow(slabBytes);
let free = 0;

/** Writes values of one type, each behind the same header, straight into the memory that they stay in. */
export class Encoder {
  readonly #type: Type;
  readonly #header: Buffer;
  readonly #subject: string;
  /**
   * Memory asked for: a quarter more than the last payload, so that few are written twice. After a large one it is soon
   * little again: a megabyte each for small ones that follow costs them far more than the large one writing twice.
   */
  #room = 1024;

  /** `subject` is for error messages. */
  constructor(type: Type, header: Buffer, subject: string) {
    this.#type = type;
    this.#header = header;
    this.#subject = subject;
  }

  /**
   * Avro binary of `value` behind the header. Other payloads may lie beside it; its bytes are never written again.
   * Throws AORTA_SCHEMA_008 that names the field and what it should be, never the value.
   */
  encode(value: unknown): Buffer {
    return this.#encode(value, this.#room);
  }

  #encode(value: unknown, room: number): Buffer {
    const into = memory(room);
    const shared = into === slab;
    const start = shared ? free : 0;
    // Until it is written, the slab has no room: a getter of the value may encode another, in a slab of its own.
    if (shared) free = slabBytes;
    let end = start;
    try {
      end = this.#write(value, into, start);
    } finally {
      if (into === slab) free = end <= slabBytes ? end : start;
    }
    const size = end - start;
    if (end > into.length) return this.#encode(value, size);
    this.#room = Math.max(size + (size >> 2), this.#room >> 1);
    return shared || into.length <= 2 * size ? into.subarray(start, end) : Buffer.from(into.subarray(0, end));
  }

  /** Where it ended, or would have. */
  #write(value: unknown, into: Buffer, start: number): number {
    const header = this.#header;
    for (let i = 0; i < header.length; i++) into[start + i] = header[i] as number;
    const tap = new Tap(into, start + header.length);
    try {
      (this.#type as unknown as Wire)._write(tap, value);
    } catch {
      throw error('AORTA_SCHEMA_008', { subject: this.#subject, problem: misfit(this.#type, value) });
    }
    return tap.pos;
  }
}

/** The slab, with as much room, or memory of that size. */
function memory(room: number): Buffer {
  if (room > slabBytes / 4) return Buffer.allocUnsafeSlow(room);
  if (room > slab.length - free) {
    slab = Buffer.allocUnsafeSlow(slabBytes);
    free = 0;
  }
  return slab;
}

/** Which field does not fit, and what it should be. avsc's own message quotes the value: it is not used. */
function misfit(type: Type, value: unknown): string {
  let found: string | undefined;
  try {
    type.isValid(value, {
      errorHook: (path, _value, expected) => {
        const names = path.map((part) => (/^\d+$/.test(part) ? '[]' : part)).join('.');
        found ??= `${names || 'the value'} is not ${described(expected)}`;
      },
    });
  } catch {
    return 'it cannot be checked';
  }
  return found ?? 'it cannot be encoded';
}

function described(type: Type): string {
  if (type.typeName.startsWith('union:'))
    return `one of ${(type as unknown as { types: readonly Type[] }).types.map((branch) => branch.branchName).join(', ')}`;
  return type.name ? `a ${type.typeName} ${type.name}` : `of type ${type.typeName}`;
}
