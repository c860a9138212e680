import type { Clock } from '../clock/clock.ts';
import { classOf, error } from '../errors/index.ts';
import { Handoff } from './handoff.ts';
import type { Model, ModelEvent } from './port.ts';

/** Breaker, bulkhead and deadline of a provider: src/guard behind this port. */
export interface ModelGuard {
  /** Refuses with AORTA_GUARD_001 or _002 when it must not run now; failures of class Transient and Overload count. */
  run<T>(work: (signal: AbortSignal) => Promise<T>, options: { readonly signal: AbortSignal }): Promise<T>;
}

/** Milliseconds after which a provider that said nothing at all is what the caller's time ran out on. */
const silentMs = 2_000;

/**
 * A model behind a guard, from the request to the last word: a provider that is down or asks to slow down is left alone,
 * and who asks hears so at once. That a caller leaves says nothing about the provider; that the caller's time runs out
 * before a first word does.
 *
 * Errors: AORTA_GUARD_001 to _003, and those of the model.
 */
export function guarded(model: Model, guard: ModelGuard, clock: Clock): Model {
  return {
    provider: model.provider,
    name: model.name,
    version: model.version,
    async *stream(request, { signal }): AsyncIterable<ModelEvent> {
      signal.throwIfAborted();
      const own = new AbortController();
      const events = new Handoff<ModelEvent>();
      let askedAt: number | undefined;
      let heard = false;
      const work = async (inner: AbortSignal) => {
        askedAt = clock.monotonic();
        for await (const event of model.stream(request, { signal: inner })) {
          heard = true;
          await events.put(event, inner);
        }
      };
      const leave = () => {
        const waited = askedAt === undefined ? 0 : clock.monotonic() - askedAt;
        const late = !heard && waited >= silentMs && classOf(signal.reason) === 'Transient';
        const reason = { provider: model.provider, ms: Math.round(waited) };
        own.abort(late ? error('AORTA_MODEL_007', reason) : error('AORTA_MODEL_009', { provider: model.provider }));
      };
      signal.addEventListener('abort', leave, { once: true });
      const attempt = guard.run(work, { signal: own.signal }).then(
        () => events.end(),
        (thrown: unknown) => events.fail(thrown),
      );
      try {
        yield* events;
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        throw thrown;
      } finally {
        signal.removeEventListener('abort', leave);
        own.abort(error('AORTA_MODEL_009', { provider: model.provider }));
        await attempt;
      }
    },
  };
}
