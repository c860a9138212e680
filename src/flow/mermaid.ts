import { describe } from './describe.ts';
import type { Flow } from './flow.ts';
import type { GraphNode } from './graph.ts';
import { type Guarantee, guarantees } from './guarantee.ts';

// Colour, and line for those who do not see it: solid, dashed, dotted.
const classes: readonly (readonly [name: string, of: Guarantee | null, style: string])[] = [
  ['once', 'effects exactly once', 'fill:#d7f0dd,stroke:#1a7f37,color:#0b3d1a'],
  ['repeat', 'at least once with deterministic ids', 'fill:#fff3c4,stroke:#9a6700,color:#4d3300,stroke-dasharray:6 3'],
  ['lossy', 'at most once', 'fill:#ffd8d3,stroke:#cf222e,color:#5c0b10,stroke-dasharray:2 3'],
  ['none', null, 'fill:#eef1f4,stroke:#6e7781,color:#24292f'],
];

const shapes: { readonly [op: string]: readonly [open: string, close: string] } = {
  from: ['([', '])'],
  to: ['([', '])'],
  rekey: ['([', '])'],
  merge: ['((', '))'],
  branch: ['{', '}'],
  tee: ['{{', '}}'],
  process: ['[[', ']]'],
  write: ['[(', ')]'],
  mapAsync: ['[/', '/]'],
  batch: ['[/', '/]'],
  call: ['[/', '/]'],
  enrich: ['[/', '/]'],
  dedupe: ['[(', ')]'],
  rateLimit: ['>', ']'],
  breaker: ['>', ']'],
  skip: ['((', '))'],
};

/** Inside quotes Mermaid knows entities only, written with `#`. */
const escaped = (text: string): string => text.replace(/[^A-Za-z0-9 .,:/_()-]/g, (c) => `#${c.codePointAt(0)};`);

/** Injective, and never one of Mermaid's words (`end`, `class`). */
const nodeId = (id: string): string => `n_${id.replace(/[^A-Za-z0-9]/g, (c) => `_${c.charCodeAt(0).toString(16)}`)}`;

/** Of a call, an enrich with a target, or a guard. */
function targetName({ options: { target } }: GraphNode): string | undefined {
  const name = typeof target === 'object' && target !== null && 'name' in target ? target['name'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

function label(node: GraphNode): string {
  if (node.op === 'skip') return `skip: ${String(node.options['reason'])}`;
  const kind = node.id.endsWith(`/${node.op}`) ? node.op : `${node.id}<br/>${node.op}`;
  const target = targetName(node);
  if (target !== undefined) return `${kind}: ${target}`;
  return node.tables.length > 0 ? `${kind}: ${node.tables.join(', ')}` : kind;
}

/**
 * A flow as a Mermaid diagram: each node coloured by the worst guarantee of the paths through it.
 */
export function mermaid(flow: Flow<unknown>): string {
  const { graph, paths } = describe(flow);
  const guaranteeAt = (id: string): Guarantee | null => {
    const through = paths.filter(({ nodes }) => nodes.includes(id)).map(({ guarantee }) => guarantee);
    return guarantees.findLast((guarantee) => through.includes(guarantee)) ?? null;
  };
  const laneOf = (id: string): string | undefined => graph.nodes.find((node) => node.id === id)?.lane;
  const classOf = (id: string): string => classes.find(([, of]) => of === guaranteeAt(id))?.[0] ?? 'none';
  const lines = [
    '---',
    `title: ${JSON.stringify(`${graph.flow} v${graph.version}`)}`,
    '---',
    'flowchart LR',
    ...graph.nodes.map((node) => {
      const [open, close] = shapes[node.op] ?? ['[', ']'];
      const text = label(node).split('<br/>').map(escaped).join('<br/>');
      return `  ${nodeId(node.id)}${open}"${text}"${close}:::${classOf(node.id)}`;
    }),
    // Dotted: what goes over it is stored first, and waits for nobody.
    ...graph.edges.map(
      ({ from, to, label }) =>
        `  ${nodeId(from)} ${laneOf(to) === laneOf(from) ? '-->' : '-.->'}${label === undefined ? '' : `|"${escaped(label)}"|`} ${nodeId(to)}`,
    ),
    ...classes.map(([name, , style]) => `  classDef ${name} ${style}`),
  ];
  return `${lines.join('\n')}\n`;
}
