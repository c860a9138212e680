import type { Guard as RequestGuard } from '../fhir/client/index.ts';
import type { Guard, Guards } from '../guard/index.ts';
import { defineTarget, type Target } from '../guard/target.ts';

/**
 * Requests of one worker to one EHR under way at once, and those that wait for a place. More places let more calls wait for
 * an EHR that hangs before the breaker opens; 200 calls a second of six reads fit while a read takes about 100 ms. Of those that
 * wait, only as many do as can be answered in time (`withinMs`).
 */
export const bulkhead = 128;
const queue = 512;
/**
 * Milliseconds that a read may wait for its turn in the quota: well below the 3.5 s that a CDS call gives it. Turns that are
 * booked further ahead come when their readers have left, and then the whole quota is spent on nobody.
 */
const waitMs = 1_000;
/** The guard's own deadline ends before the caller's: a time-out must count against the EHR, not as the caller's change of mind. */
const share = 0.95;

/** The EHR as a target: the same one for CDS, jobs and flows, so that what one of them learns spares the others. */
export const ehrTarget = (ehr: string, requestsPerSecond: number | undefined): Target =>
  defineTarget(`ehr-${ehr}`, {
    bulkhead,
    queue,
    ...(requestsPerSecond === undefined
      ? {}
      : { limiter: { requests: requestsPerSecond, burst: Math.ceil(requestsPerSecond / 10), waitMs } }),
  });

/** Milliseconds in which an EHR that works answers. One that had less, since its caller had waited, is no failure when it is late. */
const fairMs = 250;

/** A guard that says whether its own deadline is enough: that counts the running time alone. */
export interface EhrGuard extends RequestGuard {
  /** A request now would run at once, and end by itself when the deadline has passed. */
  bounds(deadlineMs: number): boolean;
}

const never = new AbortController().signal;

/** Breaker, quota and bulkhead of src/guard around every request to an EHR. Loaded with the first request. */
export function ehrGuard(guards: Guards, target: Target): EhrGuard {
  let known: Guard | undefined;
  return {
    bounds: (deadlineMs) => deadlineMs * share >= fairMs && (known?.free ?? false),
    run(work, { deadlineMs, signal = never }) {
      const attempt = { work, signal, withinMs: deadlineMs, deadlineMs: Math.max(fairMs, Math.floor(deadlineMs * share)) };
      // In the same turn, or the place that was free might be somebody else's.
      if (known) return known.run(attempt);
      return guards.use(target).then((guard) => {
        known = guard;
        return guard.run(attempt);
      });
    },
  };
}
