import { tap } from 'rxjs';
import { error } from '../../errors/index.ts';
import type { Context } from '../context.ts';
import { extend } from '../flow.ts';
import type { FlowNode, Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import { keyKindOf, type Topic } from '../topic.ts';
import type { Turn } from '../turn.ts';

function emit({ id, impl: { fn, topic } }: FlowNode, value: unknown, turn: Turn): void {
  turn.at = id;
  const key: unknown = fn(value, turn.ctx);
  if (typeof key !== 'string' || key === '') throw error('AORTA_FLOW_021', { node: id, topic: topic.name });
  turn.emit(id, topic, value, key);
}

export const rekeySpec: OperatorSpec = {
  kind: 'rekey',
  ack: 'sink',
  stateful: false,
  external: false,
  terminal: true,
  endsPath: true,
  asynchronous: false,
  step: (node, next) => (value, turn) => {
    emit(node, value, turn);
    return next(value, turn);
  },
  rx: (node, turn) => tap((value) => emit(node, value, turn)),
};

type Key<T> = (value: T, ctx: Context) => string;

/**
 * Emits each value to a topic under another key; nothing may follow. A second flow reads the topic: it has one turn at a
 * time per new key, in the order in which that key's records came into the topic. Records of one old key keep their
 * order; those of two old keys have none but that. It is always through a topic, because the new key may belong to
 * another partition, and so to another worker.
 *
 * Declare what the topic's keys name (`topic(…, { key: 'ward' })`): a flow that expects patients is then refused
 * (AORTA_LINT_041, 044, 045). Emissions have deterministic event ids, go through the outbox in a flow with state, and are
 * numbered, so that the next flow drops what was produced twice. A key is text and not empty (AORTA_FLOW_021). Keys are
 * in the log, metrics never hold them.
 *
 * @example
 * ```ts
 * import { actor, flow, process, rekey, to, topic } from 'aorta';
 * const moves = topic<{ ward: string }>('moves', 'bytes');
 * const byWard = topic<{ ward: string }>('moves.by-ward', 'bytes', { key: 'ward' });
 * const census = topic<number>('census', 'int', { key: 'ward' });
 * const counter = actor({
 *   version: 1,
 *   initial: () => ({ count: 0 }),
 *   receive: (state, _move: { ward: string }) => ({ state: { count: state.count + 1 }, emit: [state.count + 1] }),
 * });
 * export const regroup = flow('by-ward').from(moves).pipe(rekey((move) => move.ward, byWard));
 * export default flow('census').from(byWard).pipe(process('count', counter), to(census));
 * ```
 */
export function rekey<T>(fn: Key<T>, topic: Topic<T>): Operator<T, never>;
export function rekey<T>(name: string, fn: Key<T>, topic: Topic<T>): Operator<T, never>;
export function rekey<T>(...args: [fn: Key<T>, topic: Topic<T>] | [name: string, fn: Key<T>, topic: Topic<T>]): Operator<T, never> {
  const [name, fn, topic] = args.length === 3 ? args : [args[1].name, args[0], args[1]];
  const position = callerPosition();
  return (source) =>
    extend(source, rekeySpec, { name, options: { topic: topic.name, key: keyKindOf(topic) }, impl: { fn, topic }, position });
}
