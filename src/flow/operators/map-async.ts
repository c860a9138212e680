import { concatMap, defer, from } from 'rxjs';
import type { Context } from '../context.ts';
import { deadlineOf, extend } from '../flow.ts';
import type { FlowNode, Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import type { Turn } from '../turn.ts';

// Field by field: a Context may be a class with private fields, which neither a spread nor a prototype would carry.
const withSignal = (ctx: Context, signal: AbortSignal): Context => ({
  key: ctx.key,
  eventId: ctx.eventId,
  now: ctx.now,
  source: ctx.source,
  signal,
  flowHash: ctx.flowHash,
  attempt: ctx.attempt,
});

// `async`, so that a function that throws before its first await rejects like any other.
async function call({ id, options, impl: { fn } }: FlowNode, value: unknown, turn: Turn): Promise<unknown> {
  turn.at = id;
  return turn.wait(id, options['deadlineMs'] as number, async (signal) => fn(value, withSignal(turn.ctx, signal)));
}

export const mapAsyncSpec: OperatorSpec = {
  kind: 'mapAsync',
  ack: 'reuse',
  stateful: false,
  external: true,
  terminal: false,
  endsPath: true,
  asynchronous: true,
  step: (node, next) => async (value, turn) => next(await call(node, value, turn), turn),
  rx: (node, turn) => concatMap((value) => defer(() => from(call(node, value, turn)))),
};

export interface MapAsyncOptions {
  /** Milliseconds of running time. @default the flow's `deadlineMs`, 30_000 */
  readonly deadlineMs?: number;
  /** It only reads: repeating it changes nothing outside, so the path keeps its guarantee. @default false */
  readonly readOnly?: boolean;
}

/**
 * Awaits one result for each value: serial for a patient, parallel across patients. `ctx.signal` is aborted at the
 * deadline, on revoke, and when the turn is discarded: give it to everything that waits. What it does outside may be
 * done again after a crash: use `ctx.eventId` as the idempotency key. A rejection fails the envelope.
 *
 * @example
 * ```ts
 * import { flow, mapAsync, to, topic } from 'aorta';
 * const vitals = topic<{ code: string }>('vitals', 'bytes');
 * const named = topic<string>('named', 'string');
 * export default flow('name-codes').from(vitals).pipe(
 *   mapAsync('terminology', async (v, ctx) => {
 *     const response = await fetch(`https://terminology.example/codes/${v.code}`, { signal: ctx.signal });
 *     return response.text();
 *   }, { deadlineMs: 5_000 }),
 *   to(named),
 * );
 * ```
 */
export function mapAsync<A, B>(
  name: string,
  fn: (value: A, ctx: Context) => PromiseLike<B>,
  options: MapAsyncOptions = {},
): Operator<A, B> {
  const position = callerPosition();
  return (source) =>
    extend(source, mapAsyncSpec, {
      name,
      options: { deadlineMs: deadlineOf(source, options.deadlineMs), ...(options.readOnly ? { readOnly: true } : {}) },
      impl: { fn },
      position,
    });
}
