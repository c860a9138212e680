import type { OperatorFunction } from 'rxjs';
import type { Flow } from './flow.ts';
import type { Step, Turn } from './turn.ts';

/**
 * - `root`: makes a new root. `reuse`: 1:1 (or ends as skipped). `derive`: 1:N. `move`: to one branch. `sink`: ends the path.
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
  /** Unique in the flow; equal to `name` where one was given, else the path to it (`hl7.adt/map`, `severity:high/map`). */
  readonly id: string;
  readonly name: string | undefined;
  /** Serialisable; part of the hash. */
  readonly options: { readonly [key: string]: Json };
  readonly position: Position | undefined;
  /** Functions and definitions of the user; not part of the hash. */
  // biome-ignore lint/suspicious/noExplicitAny: each operator file knows its own.
  readonly impl: any;
  readonly branches?: readonly Branch[];
  /** The `from` nodes in front of a `merge`. */
  readonly sources?: readonly FlowNode[];
}

/** Compiles a chain of nodes and what follows it. Given to operators that have branches. */
export type CompileChain = (chain: readonly FlowNode[], next: Step<unknown>) => Step<unknown>;
/** The same in the reference form; what follows the branch is already part of the result. */
export type RxChain = (chain: readonly FlowNode[], turn: Turn) => OperatorFunction<unknown, unknown>;

/** A durable timer that came due. */
export interface DueTimer {
  readonly name: string;
  readonly payload: unknown;
}

/** The entry of a timer's turn: it starts at its node. */
export type TimerStep = (timer: DueTimer, turn: Turn) => void | Promise<void>;

/** What a merge or unmerge of patients brings to an actor. */
export interface MergeEvent {
  readonly kind: 'merged-into' | 'merge' | 'unmerge' | 'restored';
  /** The other patient. */
  readonly key: string;
  readonly state?: unknown;
  /** For `unmerge`: takes the state of the patient who is given back. */
  readonly restored?: (state: unknown) => void;
}

/** The entry of a merge's turn: it starts at its node. */
export type MergeStep = (event: MergeEvent, turn: Turn) => void | Promise<void>;

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
  /** Each of its branches is an independent lane, named by its label: it runs in turns of its own. */
  readonly lanes?: true;
  /**
   * The form that the engine runs. It calls `next` once for each value that goes on, one after the other. In a terminal
   * operator `next` is the end of the path (`turn.done()`).
   */
  step(node: FlowNode, next: Step<unknown>, compile: CompileChain): Step<unknown>;
  /** The reference form, readable by anyone who knows RxJS; a property test holds `step` against it. */
  rx(node: FlowNode, turn: Turn, chain: RxChain): OperatorFunction<unknown, unknown>;
  /** Where timers enter (`process`). */
  timerStep?(node: FlowNode, next: Step<unknown>): TimerStep;
  /** Where merges of patients enter (`process`). */
  mergeStep?(node: FlowNode, next: Step<unknown>): MergeStep;
  /** The reference form of `timerStep`. */
  timerRx?(node: FlowNode, turn: Turn): OperatorFunction<DueTimer, unknown>;
}

/** A pipeable operator: a pure function from flow to flow, as in RxJS. */
export type Operator<A, B> = (source: Flow<A>) => Flow<B>;
