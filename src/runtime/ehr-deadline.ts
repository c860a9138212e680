import type { Clock } from '../clock/clock.ts';
import { error } from '../errors/index.ts';
import type { Guard } from '../fhir/client/index.ts';
import { withDeadline } from '../guard/deadline.ts';

/**
 * A guard of an EHR that keeps deadlines and nothing else. It does not wait for work that ignores its signal.
 * @throws AORTA_EHR_001 when the deadline has passed
 */
export function deadlineGuard(clock: Clock): Guard {
  const never = new AbortController().signal;
  return {
    run(work, { deadlineMs, signal = never }) {
      return withDeadline(clock, deadlineMs, signal, () => error('AORTA_EHR_001', { what: 'a request', ms: deadlineMs }), work);
    },
  };
}
