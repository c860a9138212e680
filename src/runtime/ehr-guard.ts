import type { Guard as RequestGuard } from '../fhir/client/index.ts';
import type { Guards } from '../guard/index.ts';
import { defineTarget, type Target } from '../guard/target.ts';

/**
 * Requests of one worker to one EHR under way at once, and those that wait for a place. Six reads for each of 200 calls a
 * second at an EHR that takes 300 ms: fewer places than that, and a healthy EHR looks as if it failed.
 */
export const bulkhead = 384;
const queue = 1_024;
/** The guard's own deadline ends before the caller's: a time-out must count against the EHR, not as the caller's change of mind. */
const share = 0.95;

/** The EHR as a target: the same one for CDS, jobs and flows, so that what one of them learns spares the others. */
export const ehrTarget = (ehr: string, requestsPerSecond: number | undefined): Target =>
  defineTarget(`ehr-${ehr}`, {
    bulkhead,
    queue,
    ...(requestsPerSecond === undefined ? {} : { limiter: { requests: requestsPerSecond, burst: Math.ceil(requestsPerSecond / 10) } }),
  });

/** Breaker, quota and bulkhead of src/guard around every request to an EHR. Loaded with the first request. */
export function ehrGuard(guards: Guards, target: Target): RequestGuard {
  return {
    async run(work, { deadlineMs, signal = new AbortController().signal }) {
      const guard = await guards.use(target);
      return guard.run({ work, signal, deadlineMs: Math.max(1, Math.floor(deadlineMs * share)) });
    },
  };
}
