import type { State } from '../state/port.ts';

/** An envelope that was redriven this often within the window and is back again is not redriven without `force`. */
const mostRedrives = 3;
const windowMs = 24 * 3_600_000;

export interface Guarded<T> {
  readonly free: readonly T[];
  /** Left out: redriving them again and again only makes load and noise. */
  readonly guarded: readonly T[];
}

/** The loop guard of redrives: what failed again and again needs a person to look at it first. */
export async function loopGuard<T extends { readonly eventId: string }>(
  state: Pick<State, 'operations'>,
  flow: string,
  envelopes: readonly T[],
  now: number,
  force: boolean,
): Promise<Guarded<T>> {
  if (force || envelopes.length === 0) return { free: envelopes, guarded: [] };
  const events = [...new Set(envelopes.map(({ eventId }) => eventId))];
  const counts = await state.operations.redrivesSince(flow, events, now - windowMs);
  const isGuarded = ({ eventId }: T) => (counts.get(eventId) ?? 0) >= mostRedrives;
  return { free: envelopes.filter((each) => !isGuarded(each)), guarded: envelopes.filter(isGuarded) };
}
