import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AortaError, error } from '../errors/index.ts';
import { createSources, type SourceProfile, type Sources, type SourceVersions } from '../hl7/index.ts';
import { projectRoot } from './project.ts';

/** `sources/<name>.ts`, sorted: one file a sender. */
export function sourceFiles(root: string = projectRoot()): readonly string[] {
  const dir = join(root, 'sources');
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(dir, entry.name))
    .sort();
}

/** What the files of `sources/` export; nothing of it is checked yet. Throws AORTA_PROFILE_004. */
export async function readSources(root: string = projectRoot()): Promise<readonly SourceVersions[]> {
  return Promise.all(
    sourceFiles(root).map(async (path) => {
      const file = relative(root, path);
      let made: unknown;
      try {
        ({ default: made } = (await import(pathToFileURL(path).href)) as { default?: unknown });
      } catch (thrown) {
        if (thrown instanceof AortaError) throw thrown;
        throw error('AORTA_PROFILE_004', { file, problem: thrown instanceof Error ? thrown.message : String(thrown) }, { cause: thrown });
      }
      if (typeof made !== 'object' || made === null)
        throw error('AORTA_PROFILE_004', { file, problem: 'its default export is no profile' });
      return { file, versions: (Array.isArray(made) ? made : [made]) as readonly SourceProfile[] };
    }),
  );
}

/** The project's source profiles. Throws AORTA_PROFILE_001 with every fault, and AORTA_PROFILE_004. */
export async function loadSources(root: string, options: { readonly strict: boolean }): Promise<Sources> {
  return createSources(await readSources(root), options);
}
