import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project.ts';

/** `cds-services/<name>.ts`, sorted; folders below hold their rules. */
export function cdsServiceFiles(root: string = projectRoot()): readonly string[] {
  const dir = join(root, 'cds-services');
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(dir, name))
    .sort();
}
