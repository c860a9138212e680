import { error } from '../../errors/index.ts';
import { nestingOf, type PlanNode, planOf } from './plan.ts';
import { Tap, type Wire } from './tap.ts';
import type { Type } from './type.ts';
import { type CodecLimits, defaultLimits, Walk } from './walk.ts';

/** Decodes Avro binary of one writer's schema into values of one reader's schema. Synchronous, bounded, coded errors only. */
export class Decoder {
  /** The reader's type, or what resolves the writer's into it. */
  readonly #reader: Wire;
  readonly #plan: PlanNode;
  /** Its values are as many and as deep as its schema says, so that the tap's own checks bound them. */
  readonly #plain: boolean;
  readonly #walk: Walk;
  readonly #schemaId: number | string;

  /** Throws what avsc says if the writer's values cannot become the reader's. `schemaId` is for error messages. */
  constructor(writer: Type, reader: Type, schemaId: number | string, limits: CodecLimits = defaultLimits) {
    this.#plan = planOf(writer);
    // Equal canonical forms have equal bytes and need no resolution.
    const same = writer === reader || reader.equals(writer);
    this.#reader = (same ? reader : reader.createResolver(writer)) as unknown as Wire;
    this.#plain = same && nestingOf(this.#plan) <= limits.depth;
    this.#walk = new Walk(limits);
    this.#schemaId = schemaId;
  }

  /** The value in `bytes` from `from` to the end. Throws AORTA_SCHEMA_001. */
  decode(bytes: Buffer, from = 0): unknown {
    if (this.#plain) {
      try {
        const value = this.#read(bytes, from);
        if (tap.pos === bytes.length) return value;
      } catch {
        // The walk says why.
      }
    }
    const walk = this.#walk;
    if (!walk.run(this.#plan, bytes, from)) throw this.#refused(walk.path ? `${walk.problem} at ${place(walk.path)}` : walk.problem);
    try {
      return this.#read(bytes, from);
    } catch {
      // avsc's own message may quote the value, which may be PHI: it goes nowhere.
      throw this.#refused(walk.unsafeLong ? 'a long beyond 2^53' : 'a union branch or symbol that the reader does not know');
    }
  }

  #read(bytes: Buffer, from: number): unknown {
    tap.buf = bytes;
    tap.pos = from;
    try {
      return this.#reader._read(tap);
    } finally {
      tap.buf = none; // Or it would keep a whole fetch alive.
    }
  }

  #refused(problem: string): Error {
    return error('AORTA_SCHEMA_001', { schemaId: this.#schemaId, problem });
  }
}

const none: Buffer = Buffer.alloc(0);
const tap = new Tap(none, 0);
const place = (path: string): string => (path.startsWith('.') ? path.slice(1) : path);
