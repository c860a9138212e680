import type { Context } from './context.ts';

export interface TimerRequest {
  /** One timer per (node, patient, name): setting it again moves it. */
  readonly name: string;
  /** Milliseconds since 1970; `null` cancels. */
  readonly at: number | null;
  /** JSON. */
  readonly payload?: unknown;
}

/** What a turn of an actor decides. All of it becomes durable in one transaction, or none. */
export interface Reaction<S, Out> {
  /** The new state; `null` forgets the patient. Plain JSON data. Left out: unchanged. */
  readonly state?: S | null;
  readonly emit?: readonly Out[];
  readonly timers?: readonly TimerRequest[];
  /** Names why nothing is emitted (a metric); only with an empty `emit`. */
  readonly skip?: string;
}

export interface MergeContext extends Context {
  /** The other patient. */
  readonly peer: string;
}

/**
 * Per-patient state with durable timers. `receive` and `timer` are synchronous and deterministic: time is `ctx.now`.
 * State is JSON; `version` is stored with it, and an older one goes through `migrate` on first use.
 */
export interface Actor<S, In, Out> {
  readonly version: number;
  initial(key: string): S;
  migrate?(stored: unknown, fromVersion: number): S;
  receive(state: S, message: In, ctx: Context): Reaction<S, Out>;
  /** Folds the state of a patient who was merged into this one; order-independent reducers are the easiest to trust. */
  merge?(state: S, merged: S, ctx: MergeContext): Reaction<S, Out>;
  /** This patient was merged into another; its state was sent. Says what it leaves behind. */
  mergedInto?(state: S, ctx: MergeContext): Reaction<S, Out>;
  /** Gives a merged patient back: `merged` is its state as it was folded in, `restored` what it goes on with. */
  unmerge?(state: S, merged: S, ctx: MergeContext): Reaction<S, Out> & { readonly restored: S };
  /** This patient was given back. Left out: goes on with the state alone. */
  restored?(state: S, ctx: MergeContext): Reaction<S, Out>;
  timer?(state: S, timer: { readonly name: string; readonly payload: unknown }, ctx: Context): Reaction<S, Out>;
}

/**
 * Declares an actor with inference of its state and messages. Not inferred as you want it (literals widen)? Give the
 * types: `actor<State, In, Out>({ … })`.
 *
 * @example
 * ```ts
 * import { actor, flow, process, to, topic } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', 'bytes');
 * const peaks = topic<number>('peaks', 'int');
 * const peak = actor({
 *   version: 1,
 *   initial: () => ({ highest: 0 }),
 *   receive: (state, vital: { heartRate: number }) =>
 *     vital.heartRate > state.highest ? { state: { highest: vital.heartRate }, emit: [vital.heartRate] } : { skip: 'lower' },
 * });
 * export default flow('peaks').from(vitals).pipe(process('peak', peak), to(peaks));
 * ```
 */
export const actor = <S, In, Out = never>(definition: Actor<S, In, Out>): Actor<S, In, Out> => definition;
