/**
 * K13. kafkajs's RequestQueue re-arms a timer of at most 1 ms for ever on every broker connection, also when nothing
 * waits, and Node 24 warns about its negative delays (TimeoutNegativeWarning). The timer is needed only while requests
 * wait behind a throttle or the in-flight limit; everything else is woken by the response that makes room.
 */
import { RequestQueue } from './internals.ts';

/** How soon a full queue is looked at again when nothing else wakes it; kafkajs's own figure. */
const recheckMs = 10;

const original = RequestQueue.prototype.scheduleCheckPendingRequests;

function whenSomethingWaits(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  const throttled = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttled > 0 ? throttled : recheckMs,
  );
}

/** Once a process. The result undoes it (for the test that shows the defect). */
export function quietIdleQueues(): () => void {
  RequestQueue.prototype.scheduleCheckPendingRequests = whenSomethingWaits;
  return () => {
    RequestQueue.prototype.scheduleCheckPendingRequests = original;
  };
}
