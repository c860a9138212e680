import type { Column, Table } from '../state/table.ts';
import { canonicalJson, schemaFingerprint } from './canonical.ts';
import type { Flow } from './flow.ts';
import { isStateful, mainLane, nodesOf } from './nodes.ts';
import type { AckClass, FlowNode, Json } from './operator.ts';
import type { Topic } from './topic.ts';

/** `offset`: as the source's partition has it. `kept`: as it came, one after the other, per patient. */
export type OrderClass = 'offset' | 'kept';

export interface GraphNode {
  readonly id: string;
  readonly op: string;
  readonly ack: AckClass;
  readonly order: OrderClass;
  /** The id was given, not derived. */
  readonly named: boolean;
  readonly external: boolean;
  readonly options: { readonly [key: string]: Json };
  /** Fingerprint of the schema of what goes in; known for sinks. */
  readonly in: string | null;
  /** Fingerprint of the schema of what comes out; known for the source. */
  readonly out: string | null;
  /** Names of the state stores of this node. */
  readonly stores: readonly string[];
  /** Names of the tables that this node writes. */
  readonly tables: readonly string[];
  /** The independent lane that it runs in; left out: `main`. */
  readonly lane?: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** The branch that this edge enters. */
  readonly label?: string;
}

export interface GraphTopic {
  readonly name: string;
  readonly partitions: number;
  readonly retentionMs: number;
  readonly compacted: boolean;
  readonly schema: string | null;
  /** Carries merges of patients. */
  readonly merges?: true;
  /** What its keys name; left out: patients. */
  readonly key?: string;
}

export interface GraphTable {
  readonly name: string;
  readonly columns: { readonly [name: string]: Column };
  readonly key: readonly string[];
  readonly indexes: readonly (readonly string[])[];
}

/**
 * A flow as data: everything that a reviewer must see, and nothing else. No functions, no positions in files: moving a
 * line changes nothing here. Serialisable; golden files, hash, diff, diagram and description are made from it.
 */
export interface FlowGraph {
  readonly format: 1;
  readonly flow: string;
  readonly order: 'strict' | 'tolerant';
  readonly version: string;
  readonly deadlineMs: number;
  /** The declared supervision; `Infinity` as text. */
  readonly onFailure: Json;
  /** Has state or writes. */
  readonly stateful: boolean;
  readonly source: string;
  /** All sources, where there are several. */
  readonly sources?: readonly string[];
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly topics: readonly GraphTopic[];
  readonly tables: readonly GraphTable[];
}

const topicOf = (topic: Topic<unknown>): GraphTopic => ({
  name: topic.name,
  partitions: topic.partitions,
  retentionMs: topic.retentionMs,
  compacted: topic.compacted ?? false,
  schema: schemaFingerprint(topic.schema),
  ...(topic.merges ? { merges: true as const } : {}),
  ...(topic.key === undefined ? {} : { key: topic.key }),
});

const tableOf = (table: Table<never>): GraphTable => ({
  name: table.name,
  columns: table.columns,
  key: table.key,
  indexes: table.indexes ?? [],
});

const sinks = new Set(['to', 'rekey']);

const graphNode = ({ id, name, spec, options, impl }: FlowNode, lane: string): GraphNode => ({
  id,
  op: spec.kind,
  ack: spec.ack,
  order: spec.ack === 'root' ? 'offset' : 'kept',
  named: name !== undefined,
  external: spec.external,
  options,
  in: sinks.has(spec.kind) ? schemaFingerprint(impl.topic.schema) : null,
  out: spec.kind === 'from' ? schemaFingerprint(impl.topic.schema) : null,
  stores: spec.stateful || spec.kind === 'dedupe' ? [id] : [],
  tables: spec.kind === 'write' ? (impl.tables as Table<never>[]).map((table) => table.name) : [],
  ...(lane === mainLane ? {} : { lane }),
});

/** An open end of a chain: what comes next is reached from here. */
type End = Pick<GraphEdge, 'from' | 'label'>;

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** The graph of a flow. Pure: the same flow gives the same graph in every process. */
export function graphOf(flow: Flow<unknown>): FlowGraph {
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const topics = new Map<string, GraphTopic>();
  const tables = new Map<string, GraphTable>();

  const walk = (chain: readonly FlowNode[], start: readonly End[], lane: string): readonly End[] =>
    chain.reduce<readonly End[]>((before, node) => {
      const ends = node.sources?.flatMap((source) => walk([source], [], lane)) ?? before;
      nodes.push(graphNode(node, lane));
      for (const end of ends) edges.push({ ...end, to: node.id });
      const { kind, terminal, lanes } = node.spec;
      if (kind === 'from' || sinks.has(kind)) topics.set(node.impl.topic.name, topicOf(node.impl.topic));
      if (kind === 'write') for (const table of node.impl.tables as Table<never>[]) tables.set(table.name, tableOf(table));
      const open = node.branches?.flatMap(({ label, chain }) => walk(chain, [{ from: node.id, label }], lanes ? label : lane)) ?? [
        { from: node.id },
      ];
      return terminal ? [] : open;
    }, start);
  walk(flow.chain, [], mainLane);

  const byName = <T extends { readonly name: string }>(items: ReadonlyMap<string, T>): readonly T[] =>
    [...items.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const graph: FlowGraph = {
    format: 1,
    flow: flow.name,
    order: flow.options.order ?? 'strict',
    version: flow.options.version ?? '1',
    deadlineMs: flow.options.deadlineMs ?? 30_000,
    onFailure: (flow.options.onFailure ?? {}) as Json,
    stateful: isStateful(nodesOf(flow)),
    source: flow.source.name,
    ...(flow.sources.length > 1 ? { sources: flow.sources.map(({ name }) => name) } : {}),
    nodes,
    edges,
    topics: byName(topics),
    tables: byName(tables),
  };
  // Through JSON: serialisable by construction, and a copy, so that freezing it touches nothing of the user's.
  return frozen(JSON.parse(canonicalJson(graph)) as FlowGraph);
}
