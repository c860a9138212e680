import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { nodesOf } from '../flow/nodes.ts';
import type { Topic } from '../flow/topic.ts';
import { type GeneratedFile, staleFiles } from '../schema/generate.ts';
import { projectRoot } from './project.ts';
import type { Topology } from './topologies.ts';

export const schemaDirectory = (root: string = projectRoot()): string => join(root, 'schemas');

export async function staleGenerated(root: string = projectRoot()): Promise<readonly GeneratedFile[]> {
  return existsSync(schemaDirectory(root)) ? staleFiles(schemaDirectory(root)) : [];
}

/** Paths of generated files that are not what the schemas say. */
export async function staleSchemas(root: string = projectRoot()): Promise<readonly string[]> {
  return (await staleGenerated(root)).map(({ path }) => relative(root, path));
}

/** Every topic with an Avro schema that the flows read or write, once. */
export function topicsOf(topologies: readonly Topology[]): readonly Topic<unknown>[] {
  const topics = new Map<string, Topic<unknown>>();
  for (const { flow } of topologies) {
    for (const { spec, impl } of nodesOf(flow)) {
      if (spec.kind !== 'from' && spec.kind !== 'to') continue;
      const topic = impl.topic as Topic<unknown>;
      if (topic.schema !== null) topics.set(topic.name, topic);
    }
  }
  return [...topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
