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
 * How a turn waits that a guard refused, or that was the probe of a breaker (or on its way when it opened) and failed.
 * It says nothing about the record, so it uses up none of its retries, and it comes again when the guard says so, not by
 * a ladder: however long the outage, everybody goes on when it ends. Patients of a target with `park` go to the held list
 * at once; others wait where they are, until they would take the credits of those who do not need that target.
 */
export function overloadOf(cause: unknown, lane: Lane, at: string): Overload | undefined {
  if (!(cause instanceof AortaError)) return undefined;
  const guard = lane.ports.outside?.guardAt(at);
  const down = cause.class === 'Transient' && guard !== undefined && guard.state.breaker !== 'closed';
  const reason = down ? 'breaker' : cause.class === 'Overload' ? refusalOf(cause.code) : undefined;
  if (!reason) return undefined;
  const asked = cause.retryAfterMs ?? 0;
  const delayMs = down ? Math.max(asked, guard.waitMs()) : asked || 1_000;
  const short = lane.records > lane.maxRecords / 2 || lane.bytes + lane.results.bytes > lane.host.maxLaneBytes() / 2;
  return { reason, delayMs, hold: (guard?.target.onOpen === 'park' && reason !== 'claim') || short };
}
