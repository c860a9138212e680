import { concatMap, defer, from } from 'rxjs';
import type { Target } from '../../guard/target.ts';
import type { Context } from '../context.ts';
import { deadlineOf, extend } from '../flow.ts';
import type { FlowNode, Operator, OperatorSpec } from '../operator.ts';
import type { CallContext } from '../outside.ts';
import { callerPosition } from '../position.ts';
import { targetJson } from '../targets.ts';
import type { Turn } from '../turn.ts';

// `async`, so that a key function that throws rejects like everything else.
async function run({ id, options, impl }: FlowNode, value: unknown, turn: Turn): Promise<unknown> {
  turn.at = id;
  return turn.call(id, {
    target: impl.target.name,
    deadlineMs: options['deadlineMs'] as number,
    key: typeof impl.key === 'function' ? String(impl.key(value, turn.ctx)) : undefined,
    journal: options['journal'] === true,
    readOnly: options['readOnly'] === true,
    work: (ctx) => impl.fn(value, ctx),
    fallback: impl.fallback && ((ctx) => impl.fallback(value, ctx)),
  });
}

export const callSpec: OperatorSpec = {
  kind: 'call',
  ack: 'reuse',
  stateful: false,
  external: true,
  terminal: false,
  endsPath: true,
  asynchronous: true,
  step: (node, next) => async (value, turn) => next(await run(node, value, turn), turn),
  rx: (node, turn) => concatMap((value) => defer(() => from(run(node, value, turn)))),
};

export interface CallOptions<A, B> {
  /**
   * How the other side tells a repetition: `derived` sends `ctx.idempotencyKey` as it is (from flow, node, event id and
   * child), a function gives a key of the record's own, from which the same is made.
   */
  readonly key?: 'derived' | ((value: A, ctx: Context) => string);
  /** A repetition does no harm, or nobody can tell it: then no key is asked for. */
  readonly duplicates?: 'acceptable';
  /** It only reads: repeating it changes nothing outside, so the path keeps its guarantee and no key is asked for. @default false */
  readonly readOnly?: boolean;
  /** Milliseconds of running time of one attempt. @default the target's `deadlineMs` */
  readonly deadlineMs?: number;
  /** Stores the response (plain JSON data) before anything later runs: a retry or crash behind it calls no more. @default false */
  readonly journal?: boolean;
  /** In place of the response while the breaker is open or no place is free; for targets with `onOpen: 'fallback'`. */
  readonly fallback?: (value: A, ctx: Context) => B;
}

/**
 * Calls a declared outside system: serial for a patient, parallel across patients. Every attempt asks the target's
 * breaker, waits for a place of its bulkhead and quota, and runs with a deadline and an AbortSignal of its own. A turn
 * that calls waits until the patient's earlier turns are durable. The record settles after the response.
 *
 * The honest promise: after a crash, and after a failure whose outcome is unknown, the call is repeated with the same
 * `ctx.idempotencyKey` and the same body. Without a key (`key`) that is a finding, unless `duplicates: 'acceptable'`.
 *
 * What it throws decides by its class; of HTTP, by status: 408, 425, 429 and 5xx (not 501) are `Transient`, tried again no
 * earlier than their Retry-After asks; other 4xx are `Permanent`. A `Response` that is not ok is such a failure. An
 * attempt that the guard refuses is `Overload`: the patient waits, and uses up none of its retries. Errors:
 * AORTA_GUARD_001 (open breaker), 002 (no place), 003 (deadline), 006–008 (the system's answers), 009 (`Fenced`: the
 * worker may lose the patient before the deadline), 010 (a response that cannot be kept).
 *
 * @example
 * ```ts
 * import { call, defineTarget, flow, to, topic } from 'aorta';
 * const orders = topic<{ id: string }>('orders', 'bytes');
 * const placed = topic<string>('placed', 'string');
 * const lis = defineTarget('lis', { deadlineMs: 5_000, bulkhead: 8 });
 * export default flow('place-orders').from(orders).pipe(
 *   call('place', lis, async (order, { signal, idempotencyKey }) => {
 *     const response = await fetch('https://lis.example/orders', {
 *       method: 'POST',
 *       headers: { 'idempotency-key': idempotencyKey },
 *       body: JSON.stringify(order),
 *       signal,
 *     });
 *     if (!response.ok) throw response;
 *     return (await response.json() as { number: string }).number;
 *   }, { key: 'derived', journal: true }),
 *   to(placed),
 * );
 * ```
 */
export function call<A, B>(
  name: string,
  target: Target,
  fn: (value: A, ctx: CallContext) => PromiseLike<B>,
  options: CallOptions<A, B> = {},
): Operator<A, B> {
  const position = callerPosition();
  const { key, duplicates, readOnly, journal, fallback } = options;
  return (source) =>
    extend(source, callSpec, {
      name,
      options: {
        target: targetJson(target),
        deadlineMs: deadlineOf(source, options.deadlineMs ?? target.deadlineMs),
        ...(key === undefined ? {} : { key: key === 'derived' ? 'derived' : 'own' }),
        ...(duplicates ? { duplicates } : {}),
        ...(readOnly ? { readOnly: true } : {}),
        ...(journal ? { journal: true } : {}),
        ...(fallback ? { fallback: true } : {}),
      },
      impl: { target, fn, key, fallback },
      position,
    });
}
