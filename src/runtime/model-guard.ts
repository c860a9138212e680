import type { Guards } from '../guard/index.ts';
import { defineTarget } from '../guard/target.ts';
import type { ModelGuard } from '../model/index.ts';

/**
 * The provider of the model as a target: the same one for answers and drafts. Calls of one worker under way at once and
 * those that wait are above what answers and drafts need; the deadline is above theirs, which end a call first.
 */
export const modelTarget = defineTarget('model', { bulkhead: 64, queue: 128, deadlineMs: 120_000 });

/** Breaker and bulkhead of src/guard around every call of a model provider. Loaded with the first call. */
export function modelGuard(guards: Guards, target = modelTarget): ModelGuard {
  return {
    async run(work, { signal }) {
      const guard = await guards.use(target);
      return guard.run({ work, signal });
    },
  };
}
