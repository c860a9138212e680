import { AortaError } from '../errors/index.ts';
import type { HeldReason } from '../state/port.ts';
import type { Lane } from './lane.ts';

const reasons: Readonly<Record<string, HeldReason>> = {
  AORTA_GUARD_001: 'breaker',
  AORTA_GUARD_002: 'limiter',
  AORTA_GUARD_011: 'claim',
};

/** Why something that the code names was not tried. */
export const refusalOf = (code: string | null | undefined): HeldReason | undefined => (code ? reasons[code] : undefined);

/** The guard did not let the call through: nothing was done outside. */
export const isRefusal = (cause: unknown): boolean =>
  cause instanceof AortaError && (cause.code === 'AORTA_GUARD_001' || cause.code === 'AORTA_GUARD_002');

export interface Overload {
  readonly reason: HeldReason;
  readonly delayMs: number;
  /** To the held list now, however short the wait. */
  readonly hold: boolean;
}

/**
 * How a turn waits that a guard refused. It was no try: it uses up none of the retries, and comes again when the guard
 * says so, not by a ladder. Patients of a target with `park` go to the held list at once; others wait where they are,
 * until they would take the credits of those who do not need that target.
 */
export function overloadOf(cause: unknown, lane: Lane, at: string): Overload | undefined {
  if (!(cause instanceof AortaError) || cause.class !== 'Overload') return undefined;
  const reason = refusalOf(cause.code);
  if (!reason) return undefined;
  const parks = lane.ports.outside?.guardAt(at)?.target.onOpen === 'park';
  const short = lane.records > lane.options.maxRecords / 2 || lane.bytes > lane.host.maxLaneBytes() / 2;
  return { reason, delayMs: cause.retryAfterMs ?? 1_000, hold: (parks && reason !== 'claim') || short };
}
