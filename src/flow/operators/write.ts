import { tap } from 'rxjs';
import { error } from '../../errors/index.ts';
import type { Effect, Table } from '../../state/table.ts';
import type { Context } from '../context.ts';
import { extend } from '../flow.ts';
import type { FlowNode, Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import type { Turn } from '../turn.ts';

const noEffects = (effects: Effect | readonly Effect[]): effects is readonly [] => Array.isArray(effects) && effects.length === 0;

function apply({ id, impl: { effects, names } }: FlowNode, value: unknown, turn: Turn): void {
  turn.at = id;
  const result: Effect | readonly Effect[] = effects(value, turn.ctx);
  if (noEffects(result)) return;
  for (const effect of Array.isArray(result) ? (result as readonly Effect[]) : [result as Effect]) {
    const table = effect?.table?.name;
    if (table === undefined) throw error('AORTA_FLOW_007', { node: id, operator: 'write', expected: 'an effect or an array of effects' });
    if (!names.has(table)) throw error('AORTA_FLOW_003', { node: id, table });
  }
  turn.write(id, result);
}

export const writeSpec: OperatorSpec = {
  kind: 'write',
  ack: 'reuse',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: true,
  asynchronous: false,
  step: (node, next) => (value, turn) => {
    apply(node, value, turn);
    return next(value, turn);
  },
  rx: (node, turn) => tap((value) => apply(node, value, turn)),
};

export interface WriteOptions<A> {
  /** Every table that `effects` may name; the store creates these. Rows are upserted or updated, never read. */
  // biome-ignore lint/suspicious/noExplicitAny: a list of tables with different rows.
  readonly tables: readonly Table<any>[];
  readonly effects: (value: A, ctx: Context) => Effect | readonly Effect[];
}

/**
 * Writes rows, as data: the operations join the turn's transaction, so they are applied exactly once. The value passes
 * on. Order within a patient is kept, also between operations on the same row; the acknowledgement is reused. Errors:
 * AORTA_FLOW_003 (a table that is not in `tables`).
 *
 * @example
 * ```ts
 * import { effect, flow, table, topic, write } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', 'bytes');
 * const latest = table<{ patient: string; rate: number }>('latest_rate', {
 *   columns: { patient: { type: 'text' }, rate: { type: 'integer' } },
 *   key: ['patient'],
 * });
 * export default flow('latest').from(vitals).pipe(
 *   write('latest', {
 *     tables: [latest],
 *     effects: (v, ctx) => effect.upsert(latest, { patient: ctx.key, rate: v.heartRate }),
 *   }),
 * );
 * ```
 */
export function write<A>(name: string, { tables, effects }: WriteOptions<A>): Operator<A, A> {
  const position = callerPosition();
  const names = new Set(tables.map((table) => table.name));
  return (source) =>
    extend(source, writeSpec, { name, options: { tables: [...names].sort() }, impl: { tables, effects, names }, position });
}
