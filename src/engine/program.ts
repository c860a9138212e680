import { error } from '../errors/index.ts';
import type { Actor } from '../flow/actor.ts';
import { type CompiledFlow, compile } from '../flow/compile.ts';
import type { Flow } from '../flow/flow.ts';
import { hash } from '../flow/hash.ts';
import { mainLane } from '../flow/nodes.ts';
import type { MergeStep } from '../flow/operator.ts';
import type { Supervision } from '../flow/supervision.ts';
import type { Topic } from '../flow/topic.ts';
import type { Turn } from '../flow/turn.ts';
import { partitionOf } from '../log/murmur2.ts';
import { Slabs } from '../log/slabs.ts';
import type { Serde } from '../schema/port.ts';
import { linkActor, linkStore } from './merging.ts';

export interface Sink {
  readonly serde: Serde<unknown>;
  partitionOf(key: string): number;
}

type Actors = readonly { readonly id: string; readonly actor: Actor<unknown, unknown, unknown> }[];

/** What the turns of one lane run, and the state that they may touch. */
export interface LaneProgram {
  readonly name: string;
  /** Some step may return a promise. */
  readonly asynchronous: boolean;
  readonly actors: Actors;
  /** Everything that is loaded for a patient: the actors' state, and its link where patients merge. */
  readonly cells: Actors;
  start(value: unknown, turn: Turn): void | Promise<void>;
}

/** A flow made ready to run: its compiled steps, and the serdes and partition counts of its topics. */
export interface Program {
  readonly flow: string;
  readonly hash: string;
  readonly version: string;
  readonly order: 'strict' | 'tolerant';
  readonly supervision: Supervision | undefined;
  /** Names of the source topics; timers of an actor belong to the first one's lanes. */
  readonly sources: readonly string[];
  /** The same for all sources. */
  readonly sourcePartitions: number;
  /** Has state or effects: its turns commit in transactions. */
  readonly stateful: boolean;
  readonly main: LaneProgram;
  /** The independent lanes. */
  readonly lanes: readonly LaneProgram[];
  /** The actors of the main lane. */
  readonly actors: Actors;
  timer(node: string): ((timer: { name: string; payload: unknown }, turn: Turn) => void | Promise<void>) | undefined;
  /** A source carries merges of patients, and the flow has state to merge. */
  readonly merges: boolean;
  merge(node: string): MergeStep | undefined;
  decode(topic: string, bytes: Buffer): unknown;
  sink(topic: { readonly name: string }): Sink;
  /** What follows the event's id in that of the first record that a turn emits at the node. */
  firstAt(node: string): string;
  /** Partition of the source topics for a patient. */
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

/** A flow keeps a value for as long as it likes: plain bytes are no view of all that was read with them. */
function owned(serde: Serde<unknown>): Serde<unknown> {
  const slabs = new Slabs();
  const { subject, fingerprint } = serde;
  return {
    subject,
    fingerprint,
    serialize: (value) => serde.serialize(value),
    deserialize: (bytes) => serde.deserialize(slabs.own(bytes)),
  };
}

/** Binds a flow to the running system. */
export async function bind(flow: Flow<unknown>, bindings: Bindings): Promise<Program> {
  const compiled = compile(flow);
  const sinks = new Map<string, Sink>();
  for (const topic of compiled.topics) {
    const [serde, count] = await Promise.all([bindings.serde(topic), bindings.partitions(topic.name)]);
    sinks.set(topic.name, { serde, partitionOf: (key) => partitionOf(key, count) });
  }
  const serdes = new Map<string, Serde<unknown>>();
  for (const topic of flow.sources)
    serdes.set(topic.name, topic.schema === null ? owned(await bindings.serde(topic)) : await bindings.serde(topic));
  // Of three parts more an id is four strings, of which each record keeps all.
  const suffixes = new Map<string, string>();
  const sourcePartitions = await coPartitioned(flow, bindings);
  const actors = actorsOf(compiled, mainLane);
  const merges = flow.sources.some((topic) => topic.merges) && actors.length > 0;
  const part = (name: string, extra: Actors = []): LaneProgram => {
    const lane = compiled.lanes.get(name);
    if (!lane) throw new Error(`${flow.name} has no lane ${name}`);
    const own = actorsOf(compiled, name);
    return { name, asynchronous: lane.asynchronous, actors: own, cells: [...own, ...extra], start: lane.start };
  };
  return {
    flow: flow.name,
    hash: hash(flow),
    version: flow.options.version ?? '1',
    order: flow.options.order ?? 'strict',
    supervision: flow.options.onFailure,
    sources: flow.sources.map(({ name }) => name),
    sourcePartitions,
    stateful: compiled.stateful,
    main: part(mainLane, merges ? [{ id: linkStore, actor: linkActor as Actor<unknown, unknown, unknown> }] : []),
    lanes: [...compiled.lanes.keys()].filter((name) => name !== mainLane).map((name) => part(name)),
    actors,
    timer: (node) => compiled.timers.get(node),
    merges,
    merge: (node) => compiled.merges.get(node),
    decode: (topic, bytes) => (serdes.get(topic) as Serde<unknown>).deserialize(bytes),
    sink(topic) {
      const sink = sinks.get(topic.name);
      if (!sink) throw new Error(`${topic.name} is not a sink of ${flow.name}`);
      return sink;
    },
    firstAt(node) {
      const known = suffixes.get(node);
      if (known !== undefined) return known;
      const suffix = `:${node}:0`;
      suffixes.set(node, suffix);
      return suffix;
    },
    partitionOf: (key) => partitionOf(key, sourcePartitions),
    sidePartitionOf: (key) => partitionOf(key, sidePartitions),
  };
}

const actorsOf = ({ lanes, stores }: CompiledFlow, lane: string): Actors =>
  (lanes.get(lane)?.stores ?? []).map((id) => ({ id, actor: stores.get(id) as Actor<unknown, unknown, unknown> }));

/** The partition count of all sources; AORTA_ENGINE_030 where they differ: a patient would have two owners. */
async function coPartitioned(flow: Flow<unknown>, bindings: Bindings): Promise<number> {
  const counts = await Promise.all(flow.sources.map(({ name }) => bindings.partitions(name)));
  const [first = 0] = counts;
  const other = counts.findIndex((count) => count !== first);
  if (other < 0) return first;
  const topic = flow.sources[other]?.name ?? '';
  throw error('AORTA_ENGINE_030', { flow: flow.name, first: flow.source.name, expected: first, topic, count: counts[other] as number });
}
