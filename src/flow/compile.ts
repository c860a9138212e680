import { error } from '../errors/index.ts';
import type { Target } from '../guard/target.ts';
import type { Table } from '../state/table.ts';
import type { Actor } from './actor.ts';
import type { Flow } from './flow.ts';
import { isStateful, lanesOf, mainLane, nodesOf } from './nodes.ts';
import type { CompileChain, FlowNode, MergeStep, TimerStep } from './operator.ts';
import { targetOf, targetsOf } from './targets.ts';
import type { Topic } from './topic.ts';
import type { Step } from './turn.ts';

/** One lane of a flow: what its turns run. */
export interface CompiledLane {
  /** A value goes in here. Ends when every child has settled; a promise only if something was asynchronous. */
  readonly start: Step<unknown>;
  /** A step may give a promise. */
  readonly asynchronous: boolean;
  /** Its actors' node ids: an actor belongs to one lane. */
  readonly stores: readonly string[];
}

/** A flow as the engine runs it. */
export interface CompiledFlow {
  /** The source's value goes in here. Ends when every child has settled; a promise only if something was asynchronous. */
  readonly start: Step<unknown>;
  /** Where the turn of a due timer enters, by `process` node. */
  readonly timers: ReadonlyMap<string, TimerStep>;
  /** Where merges of patients enter, by `process` node. */
  readonly merges: ReadonlyMap<string, MergeStep>;
  /** The actors, by `process` node: the node's id is the store's name. */
  readonly stores: ReadonlyMap<string, Actor<unknown, unknown, unknown>>;
  /** The topics of all sinks, each once. */
  readonly topics: readonly Topic<unknown>[];
  /** The tables of all writes, each once. */
  readonly tables: readonly Table<never>[];
  /** The outside systems of all calls and look-ups, each once, as the flow's guards set them. */
  readonly targets: readonly Target[];
  /** Nodes that reach a target, with its name. */
  readonly reaches: ReadonlyMap<string, string>;
  /** Nodes that look ids up, with the milliseconds for which they want them remembered. */
  readonly dedupes: ReadonlyMap<string, number>;
  /** Has state or writes: emissions go through the outbox, in the turn's transaction. */
  readonly stateful: boolean;
  /** A step of the main lane may give a promise. */
  readonly asynchronous: boolean;
  /** `main` and the independent lanes, by name. */
  readonly lanes: ReadonlyMap<string, CompiledLane>;
}

const end: Step<unknown> = (_value, turn) => turn.done();

/**
 * Fuses a flow to nested functions: each operator calls the next one directly, so a record costs no subscription, no
 * promise and no envelope object unless something in it is asynchronous. The end of each path calls `turn.done()`.
 * Refuses a flow with two nodes of one id (AORTA_FLOW_001): they would share state and timers. `lint` says much more.
 */
export function compile(flow: Flow<unknown>): CompiledFlow {
  const timers = new Map<string, TimerStep>();
  const merges = new Map<string, MergeStep>();

  const link = (node: FlowNode, next: Step<unknown>): Step<unknown> => {
    const after = node.spec.terminal ? end : next;
    if (node.spec.timerStep) timers.set(node.id, node.spec.timerStep(node, after));
    if (node.spec.mergeStep) merges.set(node.id, node.spec.mergeStep(node, after));
    return node.spec.step(node, after, chain);
  };
  const chain: CompileChain = (nodes, next) => nodes.reduceRight((after, node) => link(node, after), next);

  const nodes = nodesOf(flow);
  const ids = new Set<string>();
  for (const { id } of nodes) {
    if (ids.has(id)) throw error('AORTA_FLOW_001', { flow: flow.name, problem: `two nodes are named '${id}'` });
    ids.add(id);
  }

  const topics = new Map<string, Topic<unknown>>();
  const tables = new Map<string, Table<never>>();
  for (const { spec, impl } of nodes) {
    if (spec.kind === 'to' || spec.kind === 'rekey') topics.set(impl.topic.name, impl.topic);
    if (spec.kind === 'write') for (const table of impl.tables as Table<never>[]) tables.set(table.name, table);
  }

  const start = chain(flow.chain, end);
  const branches = nodes.flatMap(({ spec, branches = [] }) => (spec.lanes ? branches : []));
  const starts = new Map([[mainLane, start], ...branches.map((branch) => [branch.label, chain(branch.chain, end)] as const)]);
  const lanes = new Map(
    [...lanesOf(flow)].map(([name, inside]) => [
      name,
      {
        start: starts.get(name) ?? end,
        asynchronous: inside.some(({ spec }) => spec.asynchronous),
        stores: inside.filter(({ spec }) => spec.stateful).map(({ id }) => id),
      },
    ]),
  );

  return {
    start,
    timers,
    merges,
    stores: new Map(nodes.filter(({ spec }) => spec.stateful).map(({ id, impl }) => [id, impl.actor])),
    topics: [...topics.values()],
    tables: [...tables.values()],
    targets: targetsOf(nodes),
    reaches: new Map(nodes.flatMap((node) => (targetOf(node) ? [[node.id, targetOf(node)?.name as string]] : []))),
    dedupes: new Map(nodes.filter(({ spec }) => spec.kind === 'dedupe').map(({ id, options }) => [id, options['ttlMs'] as number])),
    stateful: isStateful(nodes),
    asynchronous: lanes.get(mainLane)?.asynchronous ?? false,
    lanes,
  };
}
