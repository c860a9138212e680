import type { Effect } from '../state/table.ts';
import type { TimerRequest } from './actor.ts';
import type { Context } from './context.ts';
import type { BatchPlan } from './joined.ts';
import type { Lookup, Once, OutsideCall } from './outside.ts';
import type { Topic } from './topic.ts';

/**
 * What operators may do to the turn that runs them; the engine (and the reference interpreter's driver) implement it.
 * A turn is one root's pass through one lane. Its children settle when their step returns: reaching the end of a path
 * is `done`, `skip` is `skipped(reason)`, a throw is `failed`. The root takes the worst.
 */
export interface Turn {
  readonly ctx: Context;
  /** Id of the node that runs; errors, deadlines and wait reasons are attributed to it. */
  at: string;
  /** N children take the place of one (0: the value ends here, as skipped). Called before the first of them runs. */
  derive(children: number): void;
  /** The current value ends here with a named reason. */
  skip(node: string, reason: string): void;
  /** The current value reached the end of its path. */
  done(): void;
  write(node: string, effects: Effect | readonly Effect[]): void;
  /** Under the patient's key, or under another one (`rekey`). */
  emit(node: string, topic: Topic<unknown>, value: unknown, key?: string): void;
  /** The value becomes a durable input of an independent lane, in this turn's transaction. */
  handOver(node: string, lane: string, value: unknown): void;
  /**
   * State of a `process` node for this patient; loaded before the turn. `initial` builds the first one. Includes what this
   * turn has set: several values of one turn may reach the node.
   */
  state(node: string): unknown;
  /** `null` forgets the patient: the next `state` is `initial` again. */
  setState(node: string, state: unknown): void;
  setTimer(node: string, timer: TimerRequest): void;
  /** Waits at a `batch` node for others, then for this value's own result. */
  join(node: string, plan: BatchPlan, value: unknown): Promise<unknown>;
  /** Bounds an asynchronous step: rejects at `deadlineMs` of running time or when the turn is discarded. */
  wait<T>(node: string, deadlineMs: number, work: (signal: AbortSignal) => PromiseLike<T>): Promise<T>;
  /** One attempt at an outside system, through the guard of its target; see `call`. */
  call(node: string, call: OutsideCall): Promise<unknown>;
  /** A read that may be answered from the node's cache; see `enrich`. */
  lookup(node: string, lookup: Lookup): Promise<unknown>;
  /** True once for an id of this patient at this node, over restarts and owners; see `dedupe`. */
  once(node: string, id: string, options: Once): Promise<boolean>;
}

/** One compiled operator and everything behind it. A promise only where something in it is asynchronous. */
export type Step<A> = (value: A, turn: Turn) => void | Promise<void>;
