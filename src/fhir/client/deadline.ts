import { error } from '../../errors/index.ts';
import type { Clock, Guard } from './guard.ts';

/**
 * A guard that keeps deadlines and nothing else. It does not wait for work that ignores its signal.
 * @throws AORTA_EHR_001 when the deadline has passed
 */
export function deadlineGuard(clock: Clock): Guard {
  return {
    run(work, { deadlineMs, signal }) {
      const own = new AbortController();
      return new Promise((resolve, reject) => {
        const end = (settle: () => void) => {
          cancel();
          signal?.removeEventListener('abort', left);
          settle();
        };
        const stop = (reason: unknown) => {
          end(() => reject(reason));
          own.abort(reason);
        };
        const left = () => stop(signal?.reason);
        const cancel = clock.after(deadlineMs, () => stop(error('AORTA_EHR_001', { what: 'a request', ms: deadlineMs })));
        if (signal?.aborted) return left();
        signal?.addEventListener('abort', left, { once: true });
        work(own.signal).then(
          (value) => end(() => resolve(value)),
          (thrown: unknown) => end(() => reject(thrown)),
        );
      });
    },
  };
}
