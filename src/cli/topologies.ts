import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AortaError, error } from '../errors/index.ts';
import { type Flow, isFlow } from '../flow/flow.ts';
import { projectRoot } from './project.ts';
import { unknown } from './run-parameters.ts';

export interface Topology {
  /** Path below the project's root. */
  readonly file: string;
  readonly flow: Flow<unknown>;
}

/** `topologies/<name>.ts` and `topologies/<name>/index.ts`, sorted. */
export function topologyFiles(root: string = projectRoot()): readonly string[] {
  const dir = join(root, 'topologies');
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true })
    .map((entry) => (entry.isDirectory() ? join(dir, entry.name, 'index.ts') : join(dir, entry.name)))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && existsSync(file))
    .sort();
}

/**
 * Every flow of the project. A topology that is a function is given `resources`; without them its flow can be drawn
 * and checked, not run. Throws AORTA_CLI_004 with the first file that gives none.
 */
export async function loadTopologies(root: string = projectRoot(), resources?: object): Promise<readonly Topology[]> {
  const topologies: Topology[] = [];
  for (const path of topologyFiles(root))
    topologies.push({ file: relative(root, path), flow: await loadFlow(path, relative(root, path), resources) });
  return topologies;
}

async function loadFlow(path: string, file: string, resources: object | undefined): Promise<Flow<unknown>> {
  try {
    const { default: made } = (await import(pathToFileURL(path).href)) as { default?: unknown };
    const flow: unknown = typeof made === 'function' ? made(resources) : made;
    if (isFlow(flow)) return flow;
  } catch (thrown) {
    if (thrown instanceof AortaError) throw thrown;
    throw error('AORTA_CLI_004', { file, problem: thrown instanceof Error ? thrown.message : String(thrown) }, { cause: thrown });
  }
  throw error('AORTA_CLI_004', { file, problem: 'its default export is not a flow' });
}

/** The flow named, or AORTA_CLI_005 with the names there are. */
export function named(topologies: readonly Topology[], name: string): Topology {
  const found = topologies.find(({ flow }) => flow.name === name);
  if (found === undefined)
    throw unknown(
      'flow',
      name,
      topologies.map(({ flow }) => flow.name),
    );
  return found;
}
