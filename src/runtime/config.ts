import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EngineOptions } from '../engine/index.ts';
import { error } from '../errors/index.ts';

/** What `aorta.config.ts` may say: `export default defineConfig({ … })`. Addresses and secrets stay in the environment. */
export interface Config {
  /** Zone of times without an offset: an IANA name. @default 'UTC' */
  readonly zone?: string;
  /** Assigning authority's namespace → FHIR identifier system. */
  readonly identifierSystems?: Readonly<Record<string, string>>;
  readonly engine?: Partial<EngineOptions>;
}

const known = new Set(['zone', 'identifierSystems', 'engine']);

export const defineConfig = (config: Config): Config => config;

/** Reads the file given, else `aorta.config.ts` where there is one, else nothing. All faults: AORTA_CFG_001. */
export async function loadConfig(file: string | undefined): Promise<Config> {
  const path = resolve(file ?? 'aorta.config.ts');
  if (!existsSync(path)) {
    if (file === undefined) return {};
    throw error('AORTA_CFG_001', { problem: `there is no ${file}` });
  }
  const { default: config } = (await import(pathToFileURL(path).href)) as { default?: Config };
  if (typeof config !== 'object' || config === null) throw error('AORTA_CFG_001', { problem: `${path} has no default export` });
  const wrong = Object.keys(config).filter((key) => !known.has(key));
  if (wrong.length > 0)
    throw error('AORTA_CFG_001', { problem: `${path}: ${wrong.join(', ')} is not known (known: ${[...known].join(', ')})` });
  return config;
}
