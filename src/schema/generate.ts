import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { error } from '../errors/index.ts';
import type { AvroSchema } from './port.ts';
import { declarations } from './typescript.ts';

/** What is to be at `path`, or that it is to go (`text` undefined). */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string | undefined;
}

const camel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** The module generated from one .avsc: types, the schema as a constant, its fingerprint (SHA-256, hex). */
export function moduleOf(fileName: string, source: string): string {
  let schema: AvroSchema;
  let made: ReturnType<typeof declarations>;
  try {
    schema = JSON.parse(source) as AvroSchema;
    made = declarations(schema);
  } catch (cause) {
    throw error('AORTA_SCHEMA_002', { file: fileName, problem: cause instanceof Error ? cause.message : String(cause) }, { cause });
  }
  const constant = camel(made.root);
  return [
    `// Generated from ../${fileName} by \`aorta schema gen\`. Do not edit.\n`,
    `${made.text}`,
    `export const ${constant}Schema = ${JSON.stringify(schema, null, 2)} as const;\n`,
    `/** SHA-256 of the schema's Parsing Canonical Form, hex. */\nexport const ${constant}Fingerprint = '${made.fingerprint}';\n`,
  ].join('\n');
}

/** Every generated file of a schema directory whose content on disk is not what it should be. */
export async function staleFiles(directory: string): Promise<readonly GeneratedFile[]> {
  const target = join(directory, 'generated');
  const sources = (await readdir(directory)).filter((name) => name.endsWith('.avsc')).sort();
  const stale: GeneratedFile[] = [];
  const expected = new Set<string>();
  for (const name of sources) {
    const file = `${basename(name, '.avsc')}.ts`;
    expected.add(file);
    const text = moduleOf(name, await readFile(join(directory, name), 'utf8'));
    const path = join(target, file);
    if ((await contentOf(path)) !== text) stale.push({ path, text });
  }
  const present = await readdir(target).catch(() => [] as string[]);
  for (const file of present) if (!expected.has(file)) stale.push({ path: join(target, file), text: undefined });
  return stale;
}

/** Writes (or removes) the files that `staleFiles` named. */
export async function writeFiles(files: readonly GeneratedFile[]): Promise<void> {
  for (const { path, text } of files) {
    if (text === undefined) await rm(path);
    else {
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, text);
    }
  }
}

const contentOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);
