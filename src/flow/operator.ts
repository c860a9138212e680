import type { OperatorFunction } from 'rxjs';
import type { Flow } from './flow.ts';
import type { Step, Turn } from './turn.ts';

/**
 * - `root`: makes a new root. `reuse`: 1:1. `derive`: 1:N. `move`: to one branch. `sink`: ends the path.
 * See SEMANTICS.md, Envelope.
 */
export type AckClass = 'root' | 'reuse' | 'derive' | 'move' | 'sink';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Where the builder was called: `file:line:column` of the user's source. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Branch {
  readonly label: string;
  readonly chain: readonly FlowNode[];
}

/** One operator of a flow: data, plus the functions that run it. Immutable. */
export interface FlowNode {
  readonly spec: OperatorSpec;
  /** Unique in the flow; equal to `name` where one was given. */
  readonly id: string;
  readonly name: string | undefined;
  /** Serialisable; part of the hash. */
  readonly options: { readonly [key: string]: Json };
  readonly position: Position | undefined;
  /** Functions and definitions of the user; not part of the hash. */
  // biome-ignore lint/suspicious/noExplicitAny: each operator file knows its own.
  readonly impl: any;
  readonly branches?: readonly Branch[];
}

/** Compiles a chain of nodes and what follows it. Given to operators that have branches. */
export type CompileChain = (chain: readonly FlowNode[], next: Step<unknown>) => Step<unknown>;
/** The same in the reference form. */
export type RxChain = (chain: readonly FlowNode[], turn: Turn) => OperatorFunction<unknown, unknown>;

/** What the whole system knows of one kind of operator. One file under `operators/` each. */
export interface OperatorSpec {
  readonly kind: string;
  readonly ack: AckClass;
  /** `process`: has state; a named node is mandatory. */
  readonly stateful: boolean;
  /** Calls something outside the turn. */
  readonly external: boolean;
  /** Nothing may follow. */
  readonly terminal: boolean;
  /** May a path end here? */
  readonly endsPath: boolean;
  /** True if a step of this kind can return a promise. */
  readonly asynchronous: boolean;
  /** The form that the engine runs. */
  step(node: FlowNode, next: Step<unknown>, compile: CompileChain): Step<unknown>;
  /** The reference form, readable by anyone who knows RxJS; a property test holds `step` against it. */
  rx(node: FlowNode, turn: Turn, chain: RxChain): OperatorFunction<unknown, unknown>;
}

/** A pipeable operator: a pure function from flow to flow, as in RxJS. */
export type Operator<A, B> = (source: Flow<A>) => Flow<B>;

let depth = 0;

/** The first stack frame outside `src/flow`: where the user wrote the operator. */
export function callerPosition(): Position | undefined {
  if (depth > 0) return undefined;
  depth++;
  try {
    const lines = new Error().stack?.split('\n').slice(1) ?? [];
    for (const line of lines) {
      const match = /\(?((?:file:\/\/)?\/[^():]+|file:[^()]+?|[A-Za-z]:\\[^():]+):(\d+):(\d+)\)?$/.exec(line.trim());
      if (match?.[1] && !/[\\/]src[\\/]flow[\\/]/.test(match[1])) {
        return { file: match[1].replace(/^file:\/\//, ''), line: Number(match[2]), column: Number(match[3]) };
      }
    }
    return undefined;
  } finally {
    depth--;
  }
}
