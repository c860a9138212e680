import { seededRandom } from '../../testing/virtual-clock.ts';

/** Seeded dice: the same seed gives the same hospital. */
export type Chance = ReturnType<typeof seededRandom>;

export const chanceOf = (seed: number): Chance => seededRandom(seed);
