import { error } from '../../errors/index.ts';
import { type PlanNode, planOf } from './plan.ts';
import type { Type } from './type.ts';
import { type CodecLimits, defaultLimits, Walk } from './walk.ts';

/** Decodes Avro binary of one writer's schema into values of one reader's schema. Synchronous, bounded, coded errors only. */
export class Decoder {
  readonly #reader: Type;
  readonly #plan: PlanNode;
  // biome-ignore lint/suspicious/noExplicitAny: avsc's typings give a resolver no members.
  readonly #resolver: any;
  readonly #walk: Walk;
  readonly #schemaId: number | string;

  /** Throws what avsc says if the writer's values cannot become the reader's. `schemaId` is for error messages. */
  constructor(writer: Type, reader: Type, schemaId: number | string, limits: CodecLimits = defaultLimits) {
    this.#reader = reader;
    this.#plan = planOf(writer);
    // Equal canonical forms have equal bytes and need no resolution.
    this.#resolver = writer === reader || reader.equals(writer) ? undefined : reader.createResolver(writer);
    this.#walk = new Walk(limits);
    this.#schemaId = schemaId;
  }

  /** The value in `bytes` from `from` to the end. Throws AORTA_SCHEMA_001. */
  decode(bytes: Buffer, from = 0): unknown {
    const walk = this.#walk;
    if (!walk.run(this.#plan, bytes, from)) throw this.#refused(walk.path ? `${walk.problem} at ${place(walk.path)}` : walk.problem);
    try {
      return this.#reader.decode(bytes, from, this.#resolver).value;
    } catch {
      // avsc's own message may quote the value, which may be PHI: it goes nowhere.
      throw this.#refused(walk.unsafeLong ? 'a long beyond 2^53' : 'a union branch or symbol that the reader does not know');
    }
  }

  #refused(problem: string): Error {
    return error('AORTA_SCHEMA_001', { schemaId: this.#schemaId, problem });
  }
}

const place = (path: string): string => (path.startsWith('.') ? path.slice(1) : path);
