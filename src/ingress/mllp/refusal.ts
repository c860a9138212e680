import type { Clock, Random } from '../../clock/clock.ts';
import { ulid } from '../../clock/ulid.ts';
import type { ErrorCode } from '../../errors/index.ts';
import type { Quarantine } from '../../quarantine/port.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import { Allowance } from './allowance.ts';
import type { MllpLimits } from './limits.ts';
import type { MllpMetrics } from './metrics.ts';

/** Most that is kept of a refused body. */
export const keptBytes = 1024 * 1024;

export interface Refused {
  readonly code: ErrorCode;
  /** The error's sentence; no PHI. */
  readonly message: string;
  /** Stable name for metrics. */
  readonly reason: string;
  readonly peer: string;
  readonly body: Buffer;
  /** The real length, if `body` is only its head. */
  readonly size?: number;
  readonly receivedAt: number;
}

/**
 * Counts, logs and quarantines refused input; resolves when that is done, so that the sender's answer comes after, with
 * whether all of it is kept. Never rejects. Each address may fill only so much of the quarantine; the rest is counted, or a flood would fill the disk.
 */
export type Refuse = (refused: Refused) => Promise<boolean>;

export function refusals(parts: {
  quarantine: Quarantine;
  telemetry: Telemetry;
  metrics: MllpMetrics;
  limits: MllpLimits;
  clock: Clock;
  random: Random;
}): Refuse {
  const { quarantine, telemetry, metrics, limits, clock, random } = parts;
  const entries = new Allowance(clock, limits.quarantineEntries, limits.quarantineEntriesPerSecond);
  const bytes = new Allowance(clock, limits.quarantineBytes, limits.quarantineBytesPerSecond);
  return async ({ code, message, reason, peer, body, size = body.length, receivedAt }) => {
    metrics.refused(reason, code);
    telemetry.log('warn', 'mllp.refused', { code, reason, peer, size });
    if (!entries.take(peer, 1) || !bytes.take(peer, Math.min(body.length, keptBytes))) {
      metrics.quarantineDropped.inc();
      return false;
    }
    try {
      // A copy: the body may be a view of a socket's much larger chunk.
      const kept = Buffer.from(body.subarray(0, keptBytes));
      await quarantine.put({ id: ulid(clock, random), source: 'mllp', peer, code, reason: message, receivedAt, size, body: kept });
      return kept.length === size;
    } catch (cause) {
      metrics.quarantineFailures.inc();
      telemetry.log('error', 'mllp.quarantine.failed', { code, error: cause });
      return false;
    }
  };
}
