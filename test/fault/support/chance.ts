import { fuzzSeed } from '../../support/seed.ts';

/** A seeded generator (mulberry32): a failing run is repeated with its seed. */
export interface Chance {
  readonly seed: number;
  next(): number;
  /** 0 to below `n`. */
  below(n: number): number;
  pick<T>(from: readonly T[]): T;
}

/** In `npm test` from the seed that all tests have, in the fault suite from a new one each time, unless `FAULT_SEED` says one. */
const given = (): number => Number(process.env['FAULT_SEED'] ?? fuzzSeed(process.env['FUZZ_SEED'] ?? 'random'));

export function chance(seed = given()): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { seed, next, below, pick: <T>(from: readonly T[]) => from[below(from.length)] as T };
}
