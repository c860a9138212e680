/** A seeded generator (mulberry32): a failing run is repeated with its seed. */
export interface Chance {
  readonly seed: number;
  next(): number;
  /** 0 to below `n`. */
  below(n: number): number;
  pick<T>(from: readonly T[]): T;
}

export function chance(seed = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 2 ** 31))): Chance {
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
