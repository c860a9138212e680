import { identity } from 'rxjs';
import type { Context } from '../context.ts';
import type { OperatorSpec } from '../operator.ts';
import type { Topic } from '../topic.ts';

/** The sources of a flow that has several: a record of any of them becomes a new root. */
export const mergeSpec: OperatorSpec = {
  kind: 'merge',
  ack: 'root',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: false,
  asynchronous: false,
  step: (_node, next) => next,
  rx: () => identity,
};

/** Several topics as one source; what `from` takes. */
export class Merged<out T> {
  readonly topics: readonly Topic<T>[];
  constructor(topics: readonly Topic<T>[]) {
    this.topics = Object.freeze([...topics]);
    Object.freeze(this);
  }
}

/**
 * Several topics as one source (a union). A patient has one turn at a time over all of them, so one actor may be fed by
 * all. Each topic keeps its own order, its own offsets and its own held envelopes; two topics have no mutual order: an
 * order may come after its result, and event time decides. The topics have the same number of partitions and the same
 * kind of key (AORTA_LINT_040, AORTA_LINT_041; AORTA_ENGINE_030 where the running system differs). Timers of an actor
 * wait while any of the patient's sources is held.
 *
 * @example
 * ```ts
 * import { branch, cameFrom, flow, map, merge, to, topic } from 'aorta';
 * const admissions = topic<{ ward: string }>('admissions', 'bytes');
 * const results = topic<{ code: string }>('results', 'bytes');
 * const story = topic<string>('story', 'string');
 * const admitted = cameFrom(admissions);
 * export default flow('story').from(merge(admissions, results)).pipe(
 *   branch('source', {
 *     admitted: [admitted, map((a) => `admitted to ${a.ward}`)],
 *     otherwise: map((event) => JSON.stringify(event)),
 *   }),
 *   to(story),
 * );
 * ```
 */
export const merge = <T extends readonly [Topic<unknown>, Topic<unknown>, ...Topic<unknown>[]]>(...topics: T): Merged<ValueOf<T[number]>> =>
  new Merged(topics) as never;

/** The type of a topic's values. */
type ValueOf<T> = T extends Topic<infer V> ? V : never;

/**
 * A guard for `branch` and `filter`: the record came from this topic. Give it a name before it goes into `branch`:
 * TypeScript does not narrow by a call that stands in there.
 */
export const cameFrom =
  <T extends Topic<unknown>>(topic: T) =>
  (_value: unknown, ctx: Context): _value is ValueOf<T> =>
    ctx.source.topic === topic.name;
