import { AortaError } from '../../../src/errors/index.ts';
import { park, retry } from '../../../src/index.ts';
import type { Event } from '../flows.ts';

/** Fails as often as the event says, then lets it pass. */
export function failing(): (e: Event, id: string) => Event {
  const tries = new Map<string, number>();
  return (e, id) => {
    const n = (tries.get(id) ?? 0) + 1;
    tries.set(id, n);
    if (n <= e.fails) throw new AortaError('AORTA_TEST', e.kind === 'permanent' ? 'Permanent' : 'Transient', 'planned');
    return e;
  };
}

export const supervised = { onFailure: { Transient: { retry: retry.backoff(50, 400, 3), last: park } } };
