import { tap } from 'rxjs';
import { extend } from '../flow.ts';
import type { FlowNode, Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import type { Topic } from '../topic.ts';
import type { Turn } from '../turn.ts';

function emit({ id, impl: { topic } }: FlowNode, value: unknown, turn: Turn): void {
  turn.at = id;
  turn.emit(id, topic, value);
}

export const toSpec: OperatorSpec = {
  kind: 'to',
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

/**
 * Emits each value to a topic, under the patient's key and a deterministic event id; nothing may follow. In a flow with
 * state or writes it goes through the outbox, in the turn's transaction; in a stateless flow the record settles with the
 * broker's acknowledgement. The topic's name is the node's; give another one where a flow has two sinks for one topic.
 *
 * @example
 * ```ts
 * import { flow, map, to, topic } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', 'bytes');
 * const rates = topic<number>('rates', 'int');
 * export default flow('rates').from(vitals).pipe(map((v) => v.heartRate), to(rates));
 * ```
 */
export function to<T>(topic: Topic<T>): Operator<T, never>;
export function to<T>(name: string, topic: Topic<T>): Operator<T, never>;
export function to<T>(...args: [topic: Topic<T>] | [name: string, topic: Topic<T>]): Operator<T, never> {
  const [name, topic] = args.length === 2 ? args : [args[0].name, args[0]];
  const position = callerPosition();
  return (source) => extend(source, toSpec, { name, options: { topic: topic.name }, impl: { topic }, position });
}
