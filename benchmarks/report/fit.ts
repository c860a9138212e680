import { rounded } from './statistics.ts';

/**
 * The exponent by which a cost grows with a size: the slope of the least squares line through the logarithms. 0: not at all,
 * 1: in proportion, 2: with the square. `null` with fewer than two sizes.
 */
export function exponent(points: readonly (readonly [size: number, cost: number])[]): number | null {
  const logs = points.filter(([size, cost]) => size > 0 && cost > 0).map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  const of = slope(logs);
  return of === null ? null : rounded(of, 3);
}

/** Slope of the least squares line; `null` where there is none. */
export function slope(points: readonly (readonly [number, number])[]): number | null {
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const across = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return points.length < 2 || across === 0 ? null : points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / across;
}
