import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { diff, type Verdict } from './diff.ts';
import { type Flow, isFlow } from './flow.ts';
import { type FlowGraph, graphOf } from './graph.ts';
import { hash } from './hash.ts';

// The graph of each topology is kept beside it as `<flow>.graph.json`: a change of a flow is a reviewed diff.

const suffix = '.graph.json';

export type GoldenState =
  | { readonly flow: string; readonly state: 'same' | 'written' | 'missing' | 'stale' }
  | { readonly flow: string; readonly state: 'differs'; readonly verdict: Verdict; readonly changes: readonly string[] };

const width = 140;

/** JSON as the formatter of this repository has it: lists of words on one line where they fit. */
function printed(value: unknown, indent: string, taken: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inside = `${indent}  `;
  if (Array.isArray(value)) {
    const line = `[${value.map((item) => printed(item, inside, 0)).join(', ')}]`;
    if (value.length === 0 || (!line.includes('\n') && indent.length + taken + line.length < width)) return line;
    return `[\n${value.map((item) => inside + printed(item, inside, 0)).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value).map(([key, item]) => `${inside}${JSON.stringify(key)}: ${printed(item, inside, key.length + 4)}`);
  return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${indent}}`;
}

/** The golden file of a flow. */
export const goldenText = (flow: Flow<unknown>): string => `${printed({ hash: hash(flow), ...graphOf(flow) }, '', 0)}\n`;

/** The modules of a folder of topologies: `<name>.ts`, or `<name>/index.ts` for one with helpers. */
export function topologyModules(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true })
    .map((entry) => (entry.isDirectory() ? join(directory, entry.name, 'index.ts') : join(directory, entry.name)))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && existsSync(file))
    .sort();
}

/** Every flow that a module exports, under any name. A default export may be a function: called with nothing, it gives the flow to draw and check. */
export async function flowsOf(module: string): Promise<readonly Flow<unknown>[]> {
  const exported: Record<string, unknown> = await import(pathToFileURL(module).href);
  const made = typeof exported['default'] === 'function' ? [exported['default']()] : [];
  return [...new Set([...Object.values(exported), ...made].filter(isFlow))];
}

function compare(flow: Flow<unknown>, file: string, update: boolean): GoldenState {
  const text = goldenText(flow);
  const golden = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  // By content: how a formatter lays the file out changes no graph.
  if (golden !== undefined && JSON.stringify(JSON.parse(golden)) === JSON.stringify(JSON.parse(text)))
    return { flow: flow.name, state: 'same' };
  if (update) {
    writeFileSync(file, text);
    return { flow: flow.name, state: 'written' };
  }
  if (golden === undefined) return { flow: flow.name, state: 'missing' };
  const { verdict, changes } = diff(JSON.parse(golden) as FlowGraph, graphOf(flow));
  return {
    flow: flow.name,
    state: 'differs',
    verdict,
    changes: changes.map((change) => `${change.subject} ${change.change}: ${change.verdict}, ${change.why}`),
  };
}

/** Compares every flow of a folder of topologies with its golden graph, or writes them. `stale`: a golden graph without its flow. */
export async function goldenGraphs(directory: string, update = false): Promise<readonly GoldenState[]> {
  const flows = (await Promise.all(topologyModules(directory).map(flowsOf))).flat();
  const names = new Set(flows.map(({ name }) => name));
  const stale = readdirSync(directory).filter((file) => file.endsWith(suffix) && !names.has(file.slice(0, -suffix.length)));
  return [
    ...flows.map((flow) => compare(flow, join(directory, `${flow.name}${suffix}`), update)),
    ...stale.map((file) => ({ flow: file.slice(0, -suffix.length), state: 'stale' as const })),
  ];
}
