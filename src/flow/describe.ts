import type { Flow } from './flow.ts';
import { type FlowGraph, graphOf } from './graph.ts';
import { type Guarantee, guaranteeOf, guarantees, type PathGuarantee } from './guarantee.ts';
import { hash } from './hash.ts';
import { pathsOf } from './nodes.ts';

export interface PathDescription extends PathGuarantee {
  /** Ids from the source to the end. */
  readonly nodes: readonly string[];
}

export interface FlowDescription {
  readonly hash: string;
  readonly graph: FlowGraph;
  /** The worst of the paths that have an effect; `null` if none has. */
  readonly guarantee: Guarantee | null;
  readonly paths: readonly PathDescription[];
}

const worst = (all: readonly (Guarantee | null)[]): Guarantee | null => guarantees.findLast((guarantee) => all.includes(guarantee)) ?? null;

/**
 * What a flow is and what it promises, as data (JSON); `describeText` prints it.
 *
 * @example
 * ```ts
 * import { describe, describeText, flow, map, to, topic } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', 'bytes');
 * const rates = topic<number>('rates', 'int');
 * const built = flow('rates').from(vitals).pipe(map((v) => v.heartRate), to(rates));
 * describe(built).guarantee; // 'at least once with deterministic ids': a stateless flow
 * console.log(describeText(built));
 * ```
 */
export function describe(flow: Flow<unknown>): FlowDescription {
  const paths = pathsOf(flow).map((path) => ({ nodes: path.map(({ id }) => id), ...guaranteeOf(flow, path) }));
  return { hash: hash(flow), graph: graphOf(flow), guarantee: worst(paths.map(({ guarantee }) => guarantee)), paths };
}

/** The description for a terminal: nodes with their acknowledgement, then each path with its guarantee and the reason. */
export function describeText(flow: Flow<unknown>): string {
  const { graph, guarantee, paths, hash } = describe(flow);
  const width = Math.max(...graph.nodes.map(({ id }) => id.length));
  const lines = [
    `${graph.flow} v${graph.version} (${graph.order} order, ${graph.stateful ? 'stateful' : 'stateless'}, graph ${hash.slice(0, 12)})`,
    `guarantee: ${guarantee ?? 'no effects'}`,
    '',
    'nodes',
    ...graph.nodes.map((node) => {
      const about = [
        ...node.stores.map((store) => `store ${store}`),
        ...node.tables.map((table) => `table ${table}`),
        ...(node.external ? ['outside'] : []),
        ...(node.lane === undefined ? [] : [`lane ${node.lane}`]),
      ];
      return `  ${node.id.padEnd(width)}  ${node.op.padEnd(9)} ${node.ack.padEnd(6)} ${about.join(', ')}`.trimEnd();
    }),
    '',
    'paths',
    ...paths.flatMap((path) => [`  ${path.nodes.join(' > ')}`, `    ${path.guarantee ?? 'no effects'}: ${path.because.join('; ')}`]),
  ];
  return `${lines.join('\n')}\n`;
}
