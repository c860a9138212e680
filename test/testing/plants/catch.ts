import type { SimulationResult } from '../../../src/testing/index.ts';
import { targets } from '../targets/index.ts';
import { type Plant, plantedTesting } from './plant.ts';

export interface Caught {
  readonly seed: number;
  /** Seeds that were tried, this one included. */
  readonly tried: number;
  readonly result: SimulationResult;
}

/** Runs the seeds until an oracle of the plant's objects. */
export async function firstCaught(plant: Plant, seeds: Iterable<number>): Promise<Caught | undefined> {
  const { simulate } = await plantedTesting(plant);
  const target = targets.find(({ name }) => name === plant.target);
  if (!target) throw new Error(`plant ${plant.name}: no target ${plant.target}`);
  let tried = 0;
  for (const seed of seeds) {
    tried++;
    const result = await simulate(target.flow, { ...target.options, ...(plant.without ? { without: plant.without } : {}), seed });
    if (result.violations.some(({ oracle }) => plant.oracle.includes(oracle))) return { seed, tried, result };
  }
  return undefined;
}
