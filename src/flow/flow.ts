import { error } from '../errors/index.ts';
import { nodeName } from './name.ts';
import type { FlowNode, Json, Operator, OperatorSpec } from './operator.ts';
import { fromSpec } from './operators/from.ts';
import { Merged, mergeSpec } from './operators/merge.ts';
import type { Pipeable } from './pipeable.ts';
import { callerPosition } from './position.ts';
import type { Supervision } from './supervision.ts';
import type { Topic } from './topic.ts';

// The DSL. `flow(name).from(topic).pipe(…)` builds an immutable chain of nodes; nothing runs and no client exists.
//
// - A node is data (id, name, options, position) and its `spec`, which has two forms of one meaning: `step`, which `compile`
//   fuses to direct calls for the engine, and `rx`, which `reference` composes to one RxJS pipeline over one record.
//   Invariant: both do the same to the turn, in the same order (test/flow/reference.test.ts).
// - Ids are names, else paths to the node without an index. State, timers, held envelopes and idempotency keys hang on them.
// - What a chain is and promises is computed from it: `graphOf`, `describe`, `mermaid`, `hash`, `diff`, `lint`.
// - A builder's mistake throws AORTA_FLOW_001 at the line that made it; what can be judged only as a whole is a finding of
//   `lint`. What operators throw while a record runs fails that turn; supervision decides.

export interface FlowOptions {
  /** `strict`: a failed envelope parks its patient. `tolerant`: it goes to `<flow>.dlq` and the patient goes on. @default 'strict' */
  readonly order?: 'strict' | 'tolerant';
  /** What becomes of failures; inherited by every operator. */
  readonly onFailure?: Supervision;
  /** Milliseconds of running time that an asynchronous operator may take, unless it declares its own. @default 30_000 */
  readonly deadlineMs?: number;
  /** Stored with every row that the flow writes. Raise it when a mapping changes. @default '1' */
  readonly version?: string;
}

/**
 * A flow under construction or complete: immutable; `.pipe()` gives a new one. `T` is what leaves its last operator
 * (`never` after a sink).
 */
export interface Flow<out T> extends Pipeable<T> {
  readonly name: string;
  /** The first of `sources`. */
  readonly source: Topic<unknown>;
  /** One topic, or those of `merge`. */
  readonly sources: readonly Topic<unknown>[];
  readonly chain: readonly FlowNode[];
  readonly options: FlowOptions;
  /** Prefix of derived ids in an empty chain: `<branch>:<label>` inside a branch, the flow's name outside. */
  readonly path: string;
  /** Type only: what leaves the last operator. */
  readonly out?: T;
}

export interface FlowStart {
  /** The source: a topic keyed by patient, or several as `merge(a, b)`. */
  from<T>(source: Topic<T> | Merged<T>): Flow<T>;
}

class ImmutableFlow {
  readonly name: string;
  readonly source: Topic<unknown>;
  readonly sources: readonly Topic<unknown>[];
  readonly chain: readonly FlowNode[];
  readonly options: FlowOptions;
  readonly path: string;

  constructor(name: string, sources: readonly Topic<unknown>[], chain: readonly FlowNode[], options: FlowOptions, path: string) {
    this.name = name;
    this.source = sources[0] as Topic<unknown>;
    this.sources = sources;
    this.chain = Object.freeze(chain);
    this.options = options;
    this.path = path;
    Object.freeze(this);
  }

  pipe(...operators: readonly Operator<never, unknown>[]): Flow<never> {
    return operators.reduce((flow, operator) => operator(flow) as Flow<never>, this as unknown as Flow<never>);
  }
}

export const isFlow = (value: unknown): value is Flow<unknown> => value instanceof ImmutableFlow;

/**
 * Starts a flow. Its name is its consumer group (`aorta.<name>`), its state's owner and its metrics' label.
 *
 * @example
 * ```ts
 * import { flow, map, to, topic } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', 'bytes');
 * const rates = topic<number>('rates', 'int');
 * export default flow('heart-rates', { order: 'tolerant', version: '2' }).from(vitals).pipe(map((v) => v.heartRate), to(rates));
 * ```
 */
export function flow(name: string, options: FlowOptions = {}): FlowStart {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name))
    throw error('AORTA_FLOW_001', { flow: name, problem: 'a flow name is lower-case letters, digits and dashes' });
  const position = callerPosition();
  return {
    from<T>(source: Topic<T> | Merged<T>): Flow<T> {
      const topics: readonly Topic<T>[] = source instanceof Merged ? source.topics : [source];
      const twice = topics.find(({ name }, i) => topics.findIndex((other) => other.name === name) !== i);
      if (twice) throw error('AORTA_FLOW_001', { flow: name, problem: `it merges topic '${twice.name}' with itself` });
      const nodes = topics.map(
        (topic): FlowNode => Object.freeze({ spec: fromSpec, id: topic.name, name: topic.name, options: {}, position, impl: { topic } }),
      );
      const merged: FlowNode = Object.freeze({
        ...{ spec: mergeSpec, id: 'merge', name: undefined, options: {}, position, impl: {} },
        sources: Object.freeze(nodes),
      });
      const start = nodes.length === 1 ? nodes : [merged];
      return new ImmutableFlow(name, topics as readonly Topic<unknown>[], start, Object.freeze({ ...options }), name) as unknown as Flow<T>;
    },
  };
}

/** Appends a node: what every operator file ends in. */
export function extend<A, B>(
  source: Flow<A>,
  spec: OperatorSpec,
  node: {
    name?: string | undefined;
    options?: { readonly [key: string]: Json };
    impl: unknown;
    branches?: FlowNode['branches'];
    position: FlowNode['position'];
  },
): Flow<B> {
  const last = source.chain[source.chain.length - 1];
  if (last?.spec.terminal)
    throw error('AORTA_FLOW_001', { flow: source.name, problem: `nothing may follow ${last.spec.kind} '${last.id}'` });
  // Path-based and without an index: adding an operator elsewhere never renames this one.
  const id = node.name === undefined ? `${last?.id ?? source.path}/${spec.kind}` : nodeName(source.name, node.name);
  const next: FlowNode = Object.freeze({
    spec,
    id,
    name: node.name,
    options: Object.freeze(node.options ?? {}),
    position: node.position,
    impl: node.impl,
    ...(node.branches ? { branches: Object.freeze(node.branches) } : {}),
  });
  return new ImmutableFlow(source.name, source.sources, [...source.chain, next], source.options, source.path) as unknown as Flow<B>;
}

/** Milliseconds that an asynchronous node may run: its own, else the flow's, else 30 s. */
export const deadlineOf = (source: Flow<unknown>, own?: number): number => {
  const deadlineMs = own ?? source.options.deadlineMs ?? 30_000;
  if (!(deadlineMs > 0 && deadlineMs <= 2 ** 31 - 1)) {
    throw error('AORTA_FLOW_001', { flow: source.name, problem: 'a deadline is a positive number of milliseconds, at most 24 days' });
  }
  return deadlineMs;
};

/** The inside of a branch: a chain that starts from nothing, with the name and options of its flow. */
export function inner<A>(source: Flow<unknown>, branch: string, label: string): Flow<A> {
  return new ImmutableFlow(source.name, source.sources, [], source.options, `${branch}:${label}`) as unknown as Flow<A>;
}

/** What an operator did inside a branch; refuses one that brought nodes of another flow. */
export function innerChain(source: Flow<unknown>, branch: string, label: string, operator: Operator<never, unknown>): readonly FlowNode[] {
  const start = inner<never>(source, branch, label);
  const result: unknown = operator(start);
  if (!isFlow(result) || result.path !== start.path || result.name !== start.name) {
    throw error('AORTA_FLOW_001', { flow: source.name, problem: `branch '${label}' of '${branch}' is not an operator` });
  }
  return result.chain;
}

/** The same flow with an operator right after its source: how the simulator probes a flow. Ids of the others stay. */
export function afterSource<T>(flow: Flow<unknown>, operator: Operator<T, T>): Flow<unknown> {
  const [from, ...rest] = flow.chain;
  const start = new ImmutableFlow(flow.name, flow.sources, from ? [from] : [], flow.options, flow.path) as unknown as Flow<T>;
  return new ImmutableFlow(
    flow.name,
    flow.sources,
    [...operator(start).chain, ...rest],
    flow.options,
    flow.path,
  ) as unknown as Flow<unknown>;
}
