import { error } from '../errors/index.ts';
import type { Supervision } from './supervision.ts';
import { callerPosition, type FlowNode, type Json, type Operator, type OperatorSpec } from './operator.ts';
import { fromSpec } from './operators/from.ts';
import type { Topic } from './topic.ts';

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
export interface Flow<T> {
  readonly name: string;
  readonly source: Topic<unknown>;
  readonly chain: readonly FlowNode[];
  readonly options: FlowOptions;
  pipe(): Flow<T>;
  pipe<A>(a: Operator<T, A>): Flow<A>;
  pipe<A, B>(a: Operator<T, A>, b: Operator<A, B>): Flow<B>;
  pipe<A, B, C>(a: Operator<T, A>, b: Operator<A, B>, c: Operator<B, C>): Flow<C>;
}

export interface FlowStart {
  /** The source: one topic, keyed by patient. */
  from<T>(topic: Topic<T>): Flow<T>;
}

class ImmutableFlow implements Flow<unknown> {
  readonly name: string;
  readonly source: Topic<unknown>;
  readonly chain: readonly FlowNode[];
  readonly options: FlowOptions;

  constructor(name: string, source: Topic<unknown>, chain: readonly FlowNode[], options: FlowOptions) {
    this.name = name;
    this.source = source;
    this.chain = chain;
    this.options = options;
    Object.freeze(this);
  }

  pipe(...operators: readonly Operator<never, unknown>[]): Flow<never> {
    let flow = this as unknown as Flow<never>;
    for (const operator of operators) flow = operator(flow) as Flow<never>;
    return flow;
  }
}

/**
 * Starts a flow. Its name is its consumer group (`aorta.<name>`), its state's owner and its metrics' label.
 */
export function flow(name: string, options: FlowOptions = {}): FlowStart {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) throw error('AORTA_FLOW_001', { flow: name, problem: 'a flow name is lower-case letters, digits and dashes' });
  const position = callerPosition();
  return {
    from<T>(topic: Topic<T>): Flow<T> {
      const node: FlowNode = { spec: fromSpec, id: topic.name, name: topic.name, options: {}, position, impl: { topic } };
      return new ImmutableFlow(name, topic as Topic<unknown>, [node], options) as unknown as Flow<T>;
    },
  };
}

/** Appends a node: what every operator file ends in. */
export function extend<A, B>(
  source: Flow<A>,
  spec: OperatorSpec,
  node: { name?: string | undefined; options?: { readonly [key: string]: Json }; impl: unknown; branches?: FlowNode['branches']; position: FlowNode['position'] },
): Flow<B> {
  const last = source.chain[source.chain.length - 1];
  if (last?.spec.terminal) throw error('AORTA_FLOW_001', { flow: source.name, problem: `nothing may follow ${last.spec.kind} '${last.id}'` });
  const id = node.name ?? `${last?.id ?? source.name}/${spec.kind}`;
  const next: FlowNode = Object.freeze({
    spec,
    id,
    name: node.name,
    options: node.options ?? {},
    position: node.position,
    impl: node.impl,
    ...(node.branches ? { branches: node.branches } : {}),
  });
  return new ImmutableFlow(source.name, source.source, [...source.chain, next], source.options) as unknown as Flow<B>;
}

/** The inside of a branch: a chain that starts from nothing, with the names and options of its flow. */
export function inner<A>(source: Flow<unknown>, label: string): Flow<A> {
  void label;
  return new ImmutableFlow(source.name, source.source, [], source.options) as unknown as Flow<A>;
}
