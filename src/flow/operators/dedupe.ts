import { concatMap, defer, EMPTY, from, of } from 'rxjs';
import { error } from '../../errors/index.ts';
import type { Context } from '../context.ts';
import { extend } from '../flow.ts';
import type { FlowNode, Operator, OperatorSpec } from '../operator.ts';
import type { Once } from '../outside.ts';
import { callerPosition } from '../position.ts';
import type { Turn } from '../turn.ts';

const reason = 'duplicate';

async function isNew({ id, impl }: FlowNode, value: unknown, turn: Turn): Promise<boolean> {
  turn.at = id;
  const own: unknown = impl.id(value, turn.ctx);
  if (typeof own !== 'string' || own === '') throw error('AORTA_GUARD_013', { node: id });
  const first = await turn.once(id, own, impl.once as Once);
  if (!first) turn.skip(id, reason);
  return first;
}

export const dedupeSpec: OperatorSpec = {
  kind: 'dedupe',
  ack: 'reuse',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: false,
  asynchronous: true,
  step: (node, next) => async (value, turn) => {
    if (await isNew(node, value, turn)) await next(value, turn);
  },
  rx: (node, turn) =>
    concatMap((value) => defer(() => from(isNew(node, value, turn))).pipe(concatMap((first) => (first ? of(value) : EMPTY)))),
};

export interface DedupeOptions {
  /**
   * Milliseconds for which an id is remembered. Ids are kept at least as long as the source keeps its records, whatever
   * is said here: otherwise a replay would repeat their effects. @default 24 h
   */
  readonly ttlMs?: number;
  /** Milliseconds after which the claim of a worker that died lapses. @default 30_000 */
  readonly leaseMs?: number;
  /** While Redis is away: go on (the rows decide alone), or let patients wait. Nothing is dropped either way. @default 'process' */
  readonly whenAway?: 'process' | 'wait';
}

/**
 * Lets the first record with an id pass, and ends every later one of the same patient as `skipped('duplicate')`. The
 * guarantee is a row (flow, node, patient, id) in the turn's transaction: ids of turns that failed or were parked are
 * free again, and a record is never a duplicate of itself. Redis holds claims besides, so that two owners of a patient
 * never work on one id at once; with Redis off, flushed or failing over nothing is doubled and nothing dropped.
 * Put it before what must not be repeated. Errors: AORTA_GUARD_011 (another worker is at that id: the patient waits),
 * AORTA_GUARD_013 (no id).
 *
 * @example
 * ```ts
 * import { dedupe, flow, to, topic } from 'aorta';
 * const results = topic<{ accession: string; value: number }>('results', 'bytes');
 * const once = topic<{ accession: string; value: number }>('results.once', 'bytes');
 * export default flow('results-once').from(results).pipe(dedupe('accession', (r) => r.accession), to(once));
 * ```
 */
export function dedupe<A>(name: string, id: (value: A, ctx: Context) => string, options: DedupeOptions = {}): Operator<A, A> {
  const position = callerPosition();
  const once: Once = {
    ttlMs: options.ttlMs ?? 24 * 3600 * 1000,
    leaseMs: options.leaseMs ?? 30_000,
    whenAway: options.whenAway ?? 'process',
  };
  return (source) => {
    for (const ms of [once.ttlMs, once.leaseMs]) {
      if (!(ms > 0))
        throw error('AORTA_FLOW_001', { flow: source.name, problem: `times of dedupe '${name}' are positive numbers of milliseconds` });
    }
    return extend(source, dedupeSpec, { name, options: { ...once }, impl: { id, once }, position });
  };
}
