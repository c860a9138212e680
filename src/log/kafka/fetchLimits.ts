import type { FetchLimits } from './protocol.ts';

/** As many consumers of a log may ask for all that one may ask for. */
const whole = 4;
/** Less is a question too often. */
const leastBytes = 128 << 10;

/**
 * What a consumer asks a broker for at once. Each keeps up to one answer that is not delivered, and another one whose records are under
 * way: with dozens of consumers that have a backlog that was most of a worker's memory, so more than a few share what these ask for. A
 * batch that is larger comes whole all the same.
 */
export function fetchLimits({ maxWaitMs, maxBytes, maxBytesPerPartition }: FetchLimits, consumers: () => number): FetchLimits {
  const most = () => Math.min(maxBytes, Math.max(leastBytes, Math.floor((maxBytes * whole) / Math.max(whole, consumers()))));
  return {
    maxWaitMs,
    get maxBytes() {
      return most();
    },
    get maxBytesPerPartition() {
      return Math.min(maxBytesPerPartition, most());
    },
  };
}
