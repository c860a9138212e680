import { readdirSync } from 'node:fs';
import type { Plant } from './plant.ts';

const own = new Set(['plant.ts', 'all.ts', 'catch.ts']);

/** Every plant: a file of this folder each, by name. */
export async function plants(): Promise<readonly Plant[]> {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.ts') && !own.has(file) && !file.endsWith('.test.ts'));
  const loaded = await Promise.all(files.map(async (file) => ((await import(`./${file}`)) as { default: Plant }).default));
  return loaded.sort((a, b) => a.name.localeCompare(b.name));
}
