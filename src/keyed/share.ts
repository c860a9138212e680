import type { Pace } from './port.ts';

/** Workers to reckon with while the server that counts them has never answered. */
export const assumedWorkers = 3;

/** One worker's share of a pace that so many share: what it may use by itself while the server is away. */
export const shareOf = ({ intervalMs, burst }: Pace, workers: number): Pace => ({
  intervalMs: intervalMs * workers,
  burst: Math.max(1, Math.floor(burst / workers)),
});
