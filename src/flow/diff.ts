import { canonicalJson } from './canonical.ts';
import type { FlowGraph, GraphNode, GraphTable } from './graph.ts';

/**
 * What a change of a running flow takes, mildest first.
 * - `safe`: deploy it.
 * - `drain needed`: held envelopes, timers or outbox rows may point at what changed: stop feeding, let them run dry, deploy.
 * - `rebuild store`: state that is stored does not fit: migrate it or build it again from the log.
 * - `incompatible`: another flow under the same name; give it a new one.
 */
export type Verdict = 'safe' | 'drain needed' | 'rebuild store' | 'incompatible';

const verdicts: readonly Verdict[] = ['safe', 'drain needed', 'rebuild store', 'incompatible'];

export interface Change {
  /** A node's id, `topic:<name>`, `table:<name>`, or `flow`. */
  readonly subject: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly verdict: Verdict;
  readonly why: string;
}

export interface GraphDiff {
  /** The worst of the changes. */
  readonly verdict: Verdict;
  readonly changes: readonly Change[];
}

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

function removed({ id, op, stores, external }: GraphNode): Change {
  const base = { subject: id, change: 'removed' } as const;
  if (stores.length > 0)
    return { ...base, verdict: 'drain needed', why: 'its timers would have no node; its state stays stored and unused' };
  if (op === 'to' || op === 'rekey' || op === 'write' || external)
    return { ...base, verdict: 'drain needed', why: 'held envelopes may have to resume at it' };
  return { ...base, verdict: 'safe', why: `${op} has nothing stored` };
}

function added({ id, op, stores }: GraphNode): Change {
  const base = { subject: id, change: 'added' } as const;
  if (stores.length > 0)
    return { ...base, verdict: 'rebuild store', why: 'its store starts empty: records before the change are not in it' };
  return { ...base, verdict: 'safe', why: `${op} has nothing stored` };
}

function storeChange(before: GraphNode, after: GraphNode): Pick<Change, 'verdict' | 'why'> {
  const [from, to] = [Number(before.options['stateVersion']), Number(after.options['stateVersion'])];
  if (to < from) return { verdict: 'incompatible', why: `stored state has version ${from}, newer than ${to}` };
  if (to > from && after.options['migrates'] !== true)
    return { verdict: 'rebuild store', why: `state goes from version ${from} to ${to} without migrate()` };
  if (before.options['timers'] === true && after.options['timers'] !== true)
    return { verdict: 'drain needed', why: 'timers that are set would have no handler' };
  return { verdict: 'safe', why: to > from ? `state is migrated from version ${from} to ${to} on first use` : 'options' };
}

function changed(before: GraphNode, after: GraphNode): Change[] {
  const base = { subject: after.id, change: 'changed' } as const;
  if (before.op !== after.op) {
    const stored = before.stores.length > 0 || after.stores.length > 0;
    return [{ ...base, verdict: stored ? 'incompatible' : 'drain needed', why: `${before.op} became ${after.op} under the same id` }];
  }
  const schema = { in: before.in === after.in, out: before.out === after.out };
  const rest = ({ in: _in, out: _out, ...node }: GraphNode) => node;
  return [
    ...(schema.in && schema.out
      ? []
      : [{ ...base, verdict: 'safe', why: 'schema: the registry decides whether it is compatible' } as const]),
    ...(same(rest(before), rest(after))
      ? []
      : [{ ...base, ...(after.stores.length > 0 ? storeChange(before, after) : ({ verdict: 'safe', why: 'options' } as const)) }]),
  ];
}

function tableChange(before: GraphTable, after: GraphTable): Change {
  const base = { subject: `table:${after.name}`, change: 'changed' } as const;
  const kept = Object.entries(before.columns).every(([name, column]) => {
    const now = after.columns[name];
    return now !== undefined && now.type === column.type && (now.nullable ?? false) === (column.nullable ?? false);
  });
  const nullable = Object.entries(after.columns).every(([name, column]) => name in before.columns || column.nullable === true);
  if (kept && nullable && same(before.key, after.key)) return { ...base, verdict: 'safe', why: 'nullable columns or indexes are added' };
  return { ...base, verdict: 'incompatible', why: 'a column or the key changed: the store adds nullable columns only' };
}

/** What changed between the graph that runs and the one that is to run, and what it takes to deploy it. */
export function diff(before: FlowGraph, after: FlowGraph): GraphDiff {
  const changes: Change[] = [];
  const flow = (verdict: Verdict, why: string) => changes.push({ subject: 'flow', change: 'changed', verdict, why });

  if (before.flow !== after.flow) flow('incompatible', 'another name is another consumer group and other state');
  const sources = (graph: FlowGraph) => graph.sources ?? [graph.source];
  const gone = sources(before).filter((name) => !sources(after).includes(name));
  if (gone.length === sources(before).length) flow('incompatible', 'offsets and applied set belong to the old source');
  else if (gone.length > 0) flow('drain needed', `${gone.join(', ')} is read no more: its held envelopes and outbox rows would stay`);
  else if (sources(before).length !== sources(after).length)
    flow('drain needed', 'a source is added: unsent outbox rows would be numbered under another name, timers move to the first source');
  else if (sources(before)[0] !== sources(after)[0]) flow('drain needed', 'timers belong to the first source');
  const lanes = (graph: FlowGraph) => new Set(graph.nodes.flatMap(({ lane }) => lane ?? []));
  for (const lane of lanes(before)) if (!lanes(after).has(lane)) flow('drain needed', `lane ${lane} is gone: what waits in it would stay`);
  if (before.stateful !== after.stateful)
    flow('drain needed', after.stateful ? 'it gains an applied set and an outbox' : 'its outbox must be sent first');
  for (const option of ['order', 'version', 'deadlineMs', 'onFailure'] as const)
    if (!same(before[option], after[option])) flow('safe', option);

  const old = new Map(before.nodes.map((node) => [node.id, node]));
  const now = new Map(after.nodes.map((node) => [node.id, node]));
  for (const node of before.nodes) if (!now.has(node.id)) changes.push(removed(node));
  for (const node of after.nodes) {
    const previous = old.get(node.id);
    changes.push(...(previous ? changed(previous, node) : [added(node)]));
  }
  if (!same(before.edges, after.edges)) flow('safe', 'the way through the nodes');

  const topics = new Map(before.topics.map((topic) => [topic.name, topic]));
  for (const topic of after.topics) {
    const previous = topics.get(topic.name);
    if (!previous) continue;
    const partitions = previous.partitions !== topic.partitions;
    const source = sources(after).includes(topic.name);
    const base = { subject: `topic:${topic.name}`, change: 'changed' } as const;
    if (partitions)
      changes.push({
        ...base,
        verdict: source ? 'incompatible' : 'drain needed',
        why: 'its partition count: patients move to other partitions',
      });
    else if (previous.retentionMs !== topic.retentionMs || previous.compacted !== topic.compacted)
      changes.push({ ...base, verdict: 'safe', why: 'retention' });
  }
  const tables = new Map(before.tables.map((table) => [table.name, table]));
  for (const table of after.tables) {
    const previous = tables.get(table.name);
    if (previous && !same(previous, table)) changes.push(tableChange(previous, table));
  }
  return { verdict: verdicts.findLast((verdict) => changes.some((change) => change.verdict === verdict)) ?? 'safe', changes };
}
