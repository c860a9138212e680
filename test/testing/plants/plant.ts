import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as Testing from '../../../src/testing/index.ts';
import type { ActionName, Violation } from '../../../src/testing/index.ts';

const src = join(fileURLToPath(new URL('../../../', import.meta.url)), 'src');

/** A bug that is put into the code for a run of the simulator, to see that it is caught. */
export interface Plant {
  readonly name: string;
  /** What goes wrong with it, for docs/simulator.md. */
  readonly breaks: string;
  /** Oracles of which one must object. */
  readonly oracle: readonly Violation['oracle'][];
  /** Under src/; only engine/ and testing/, which are loaded anew for each plant. */
  readonly file: string;
  /** Must stand in the file exactly once: a plant that no longer fits the code fails loudly. */
  readonly find: string;
  readonly replace: string;
  /** Name of the target (test/testing/targets). */
  readonly target: string;
  /** A seed that is known to catch it; CI tries it first, then the range. */
  readonly seed: number;
  readonly without?: readonly ActionName[];
}

/** The code of a file with the bug in it. */
export function withBug({ name, file, find, replace }: Plant): string {
  const code = readFileSync(join(src, file), 'utf8');
  const parts = code.split(find);
  if (parts.length !== 2)
    throw new Error(`plant ${name}: its text stands ${parts.length - 1} times in src/${file}; adapt it to the code as it is`);
  return parts.join(replace);
}

const planted = new Map<string, Plant>();
let hooked = false;

/**
 * The testing module with the bug in it. Engine and simulator are loaded anew under `?plant=<name>`, everything else is
 * shared; the code on disk is not touched.
 */
export async function plantedTesting(plant: Plant): Promise<typeof Testing> {
  if (!/^(engine|testing)\//.test(plant.file)) throw new Error(`plant ${plant.name}: src/${plant.file} is not loaded anew for a plant`);
  withBug(plant);
  planted.set(plant.name, plant);
  if (!hooked) hook();
  hooked = true;
  const url = pathToFileURL(join(src, 'testing/index.ts'));
  return (await import(`${url.href}?plant=${plant.name}`)) as typeof Testing;
}

function hook(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const plant = context.parentURL && new URL(context.parentURL).searchParams.get('plant');
      if (!plant || !found.url.startsWith('file:')) return found;
      const path = fileURLToPath(found.url);
      if (!path.startsWith(join(src, 'engine/')) && !path.startsWith(join(src, 'testing/'))) return found;
      return { ...found, url: `${found.url}?plant=${plant}` };
    },
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.startsWith('file:')) return loaded;
      const name = new URL(url).searchParams.get('plant');
      const plant = name === null ? undefined : planted.get(name);
      if (!plant || fileURLToPath(url) !== join(src, plant.file)) return loaded;
      return { ...loaded, source: withBug(plant) };
    },
  });
}
