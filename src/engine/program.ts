import type { Actor } from '../flow/actor.ts';
import { compile } from '../flow/compile.ts';
import type { Flow } from '../flow/flow.ts';
import { hash } from '../flow/hash.ts';
import type { MergeStep } from '../flow/operator.ts';
import type { Supervision } from '../flow/supervision.ts';
import type { Topic } from '../flow/topic.ts';
import type { Turn } from '../flow/turn.ts';
import { partitionOf } from '../log/murmur2.ts';
import type { Serde } from '../schema/port.ts';
import { linkActor, linkStore } from './merging.ts';

export interface Sink {
  readonly serde: Serde<unknown>;
  partitionOf(key: string): number;
}

/** A flow made ready to run: its compiled steps, and the serdes and partition counts of its topics. */
export interface Program {
  readonly flow: string;
  readonly hash: string;
  readonly version: string;
  readonly order: 'strict' | 'tolerant';
  readonly supervision: Supervision | undefined;
  readonly source: Topic<unknown>;
  readonly sourcePartitions: number;
  /** Has state or effects: its turns commit in transactions. */
  readonly stateful: boolean;
  /** Some step may return a promise. */
  readonly asynchronous: boolean;
  readonly actors: readonly { readonly id: string; readonly actor: Actor<unknown, unknown, unknown> }[];
  /** Everything that is loaded for a patient: the actors' state, and its link where patients merge. */
  readonly cells: readonly { readonly id: string; readonly actor: Actor<unknown, unknown, unknown> }[];
  start(value: unknown, turn: Turn): void | Promise<void>;
  timer(node: string): ((timer: { name: string; payload: unknown }, turn: Turn) => void | Promise<void>) | undefined;
  /** The source carries merges of patients, and the flow has state to merge. */
  readonly merges: boolean;
  merge(node: string): MergeStep | undefined;
  decode(bytes: Buffer): unknown;
  sink(topic: { readonly name: string }): Sink;
  /** Partition of the source topic for a patient. */
  partitionOf(key: string): number;
  /** Partition of the flow's own `.parked` and `.dlq` topics. */
  sidePartitionOf(key: string): number;
}

/** Serdes and partition counts as the running system has them. */
export interface Bindings {
  serde(topic: Topic<unknown>): Promise<Serde<unknown>>;
  partitions(topic: string): Promise<number>;
}

export const sidePartitions = 12;

/** Binds a flow to the running system. */
export async function bind(flow: Flow<unknown>, bindings: Bindings): Promise<Program> {
  const compiled = compile(flow);
  const sinks = new Map<string, Sink>();
  for (const topic of compiled.topics) {
    const [serde, count] = await Promise.all([bindings.serde(topic), bindings.partitions(topic.name)]);
    sinks.set(topic.name, { serde, partitionOf: (key) => partitionOf(key, count) });
  }
  const serde = await bindings.serde(flow.source);
  const sourcePartitions = await bindings.partitions(flow.source.name);
  const actors = [...compiled.stores].map(([id, actor]) => ({ id, actor }));
  const merges = flow.source.merges === true && actors.length > 0;
  return {
    flow: flow.name,
    hash: hash(flow),
    version: flow.options.version ?? '1',
    order: flow.options.order ?? 'strict',
    supervision: flow.options.onFailure,
    source: flow.source,
    sourcePartitions,
    stateful: compiled.stateful,
    asynchronous: compiled.asynchronous,
    actors,
    cells: merges ? [...actors, { id: linkStore, actor: linkActor as Actor<unknown, unknown, unknown> }] : actors,
    start: compiled.start,
    timer: (node) => compiled.timers.get(node),
    merges,
    merge: (node) => compiled.merges.get(node),
    decode: (bytes) => serde.deserialize(bytes),
    sink(topic) {
      const sink = sinks.get(topic.name);
      if (!sink) throw new Error(`${topic.name} is not a sink of ${flow.name}`);
      return sink;
    },
    partitionOf: (key) => partitionOf(key, sourcePartitions),
    sidePartitionOf: (key) => partitionOf(key, sidePartitions),
  };
}
