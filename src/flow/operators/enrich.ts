import { concatMap, defer, from } from 'rxjs';
import type { Target } from '../../guard/target.ts';
import type { Context } from '../context.ts';
import { deadlineOf, extend } from '../flow.ts';
import type { FlowNode, Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import { targetJson } from '../targets.ts';
import type { Turn } from '../turn.ts';

async function run({ id, options, impl }: FlowNode, value: unknown, turn: Turn): Promise<unknown> {
  turn.at = id;
  const key: unknown = impl.by(value, turn.ctx);
  // Nothing to look up: the value goes on with what `into` makes of that.
  const found =
    key === undefined || key === null
      ? undefined
      : await turn.lookup(id, {
          target: impl.target?.name,
          key: String(key),
          deadlineMs: options['deadlineMs'] as number,
          cache: impl.cache,
          work: (signal) => impl.lookup(String(key), { signal }),
        });
  return impl.into(value, found, turn.ctx);
}

export const enrichSpec: OperatorSpec = {
  kind: 'enrich',
  ack: 'reuse',
  stateful: false,
  external: true,
  terminal: false,
  endsPath: false,
  asynchronous: true,
  step: (node, next) => async (value, turn) => next(await run(node, value, turn), turn),
  rx: (node, turn) => concatMap((value) => defer(() => from(run(node, value, turn)))),
};

export interface EnrichOptions<A, F, B> {
  /** What to look up; `undefined` or `null`: nothing, and nothing is found. */
  readonly by: (value: A, ctx: Context) => string | null | undefined;
  /** Reads it; must change nothing. What it gives is shared by many records: do not change it in place. */
  readonly lookup: (key: string, ctx: { readonly signal: AbortSignal }) => PromiseLike<F>;
  /** Joins both. */
  readonly into: (value: A, found: F | undefined, ctx: Context) => B;
  /** The outside system that answers: its breaker, quota and bulkhead are asked for what is not in the cache. */
  readonly target?: Target;
  /** Entries kept in each worker (the least recently used goes first), and milliseconds for which one is good. */
  readonly cache?: { readonly max: number; readonly ttlMs: number };
  /** Milliseconds of running time. @default the target's, else the flow's `deadlineMs` */
  readonly deadlineMs?: number;
}

/**
 * Joins each value with something that is looked up by a key: read-only, cached in the worker, and asked for once when
 * many patients want the same at the same time. Failures are not cached. Order within a patient is kept; the
 * acknowledgement is reused; the path keeps its guarantee, as nothing is changed outside.
 *
 * @example
 * ```ts
 * import { enrich, flow, to, topic } from 'aorta';
 * const vitals = topic<{ code: string; value: number }>('vitals', 'bytes');
 * const named = topic<{ name: string; value: number }>('named', 'bytes');
 * export default flow('names').from(vitals).pipe(
 *   enrich('terminology', {
 *     by: (v) => v.code,
 *     lookup: async (code, { signal }) => (await fetch(`https://terms.example/${code}`, { signal })).text(),
 *     into: (v, name) => ({ name: name ?? v.code, value: v.value }),
 *     cache: { max: 10_000, ttlMs: 3_600_000 },
 *   }),
 *   to(named),
 * );
 * ```
 */
export function enrich<A, F, B>(name: string, options: EnrichOptions<A, F, B>): Operator<A, B> {
  const position = callerPosition();
  const { by, lookup, into, target, cache } = options;
  return (source) =>
    extend(source, enrichSpec, {
      name,
      options: {
        ...(target ? { target: targetJson(target) } : {}),
        deadlineMs: deadlineOf(source, options.deadlineMs ?? target?.deadlineMs),
        readOnly: true,
        ...(cache ? { cache: { max: cache.max, ttlMs: cache.ttlMs } } : {}),
      },
      impl: { by, lookup, into, target, cache },
      position,
    });
}
