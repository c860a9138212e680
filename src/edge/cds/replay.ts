import { createHash } from 'node:crypto';
import type { Clock, Random } from '../../clock/clock.ts';
import { ulid } from '../../clock/ulid.ts';
import type { Keyed } from '../../keyed/port.ts';
import { memoryReplay, type Replay } from '../../smart/index.ts';
import type { Telemetry } from '../../telemetry/port.ts';

export interface SharedReplayOptions {
  readonly keyed: Keyed;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Names that one worker remembers by itself. @default 200_000 */
  readonly most?: number;
}

/** Names taken while Redis was away that are told to it at once when it is back. */
const toldAtOnce = 100;

/**
 * Which one-time names were seen, by any worker: in Redis, and in the memory of each. While Redis is away a worker goes
 * by its own memory, which is bounded and refuses when it is full: then a name counts once for each worker, no more
 * (aorta_replay_local_total). What it took meanwhile it tells Redis as soon as it is back.
 *
 * Errors: AORTA_CDS_006 while Redis is away and the memory full.
 */
export function sharedReplay({ keyed, clock, random, telemetry, most = 200_000 }: SharedReplayOptions): Replay {
  const own = memoryReplay({ clock, most });
  if (keyed.kind === 'memory') return own;
  const local = telemetry.counter('aorta_replay_local_total', 'One-time names taken by the memory of this worker alone: Redis was away');
  // A claim is of one request: the same worker that brings a name again is somebody else.
  const take = async (name: string, until: number) =>
    (await keyed.claim(`once:${digest(name)}`, ulid(clock, random), Math.max(1, until - clock.now()))).state === 'claimed';
  /** Bounded by what `own` takes. */
  const owed = new Map<string, number>();
  const tell = () =>
    Promise.all(
      [...owed].slice(0, toldAtOnce).map(async ([name, until]) => {
        owed.delete(name);
        if (until > clock.now()) await take(name, until).catch(() => owed.set(name, until));
      }),
    );
  return {
    async claim(name, until) {
      let full: unknown;
      try {
        if (!(await own.claim(name, until))) return false;
      } catch (thrown) {
        full = thrown;
      }
      try {
        const first = await take(name, until);
        if (owed.size > 0) await tell();
        return first;
      } catch (thrown) {
        if (full !== undefined) throw full;
        if (owed.size === 0) telemetry.log('warn', 'replay.local', { error: thrown });
        owed.set(name, until);
        local.inc();
        return true;
      }
    },
  };
}

/** Issuer and jti are not PHI, but they are the caller's to choose. */
const digest = (name: string): string => createHash('sha256').update(name).digest('base64url');
