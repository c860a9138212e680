export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits));

/** Least and most. */
export const range = (values: readonly number[], digits = 1): readonly [number, number] => [
  rounded(Math.min(...values), digits),
  rounded(Math.max(...values), digits),
];
