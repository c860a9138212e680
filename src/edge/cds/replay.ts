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

/** And until when it is kept. */
type Name = readonly [string, number];

export interface SharedReplay extends Replay {
  /** Tells nothing any more. */
  close(): void;
}

/** Milliseconds that a name is kept longer than its token is good here: to a worker whose clock is behind it is good for longer. */
const clockSkewMs = 60_000;
/** Names told at once, milliseconds to the next ones, and to the next try while Redis does not answer. */
const told = { atOnce: 100, everyMs: 20, retryMs: 1_000 };

/**
 * Which one-time names were seen, by any worker: in Redis, and in the memory of each. While Redis is away a worker goes
 * by its own memory, which is bounded and refuses when it is full: then a name counts once for each worker, no more
 * (aorta_replay_local_total). When Redis is back, maybe with nothing in it, the worker tells it all that it took and that
 * is still good, in steps beside its calls.
 *
 * Errors: AORTA_CDS_006 while Redis is away and the memory full.
 */
export function sharedReplay({ keyed, clock, random, telemetry, most = 200_000 }: SharedReplayOptions): SharedReplay {
  const own = memoryReplay({ clock, most });
  if (keyed.kind === 'memory') return { claim: (name, goodUntil) => own.claim(name, goodUntil + clockSkewMs), close() {} };
  const local = telemetry.counter('aorta_replay_local_total', 'One-time names taken by the memory of this worker alone: Redis was away');
  // A claim is of one request: the same worker that brings a name again is somebody else. To tell one twice does no harm.
  const take = async (name: string, until: number) =>
    (await keyed.claim(`once:${digest(name)}`, ulid(clock, random), Math.max(1, until - clock.now()))).state === 'claimed';

  /** Redis may have lost what it was told. */
  let unsure = false;
  let cancel: (() => void) | undefined;
  let closed = false;
  const later = (ms: number, names: Iterator<Name>, step: readonly Name[]) => {
    if (!closed) cancel = clock.after(ms, () => void tell(names, step));
  };
  const tell = async (names: Iterator<Name>, step: readonly Name[]): Promise<void> => {
    const now = clock.now();
    const good = step.filter(([, until]) => until > now);
    while (good.length < told.atOnce) {
      const { done, value } = names.next();
      if (done) break;
      if (value[1] > now) good.push(value);
    }
    const answers = await Promise.allSettled(good.map(([name, until]) => take(name, until)));
    const left = good.filter((_, at) => answers[at]?.status === 'rejected');
    if (left.length > 0) {
      unsure = true;
      return later(told.retryMs, names, left);
    }
    if (good.length > 0) return later(told.everyMs, names, []);
    cancel = undefined;
    if (unsure) begin();
  };
  const begin = () => {
    unsure = false;
    later(told.retryMs, own.names(), []);
  };

  return {
    async claim(name, goodUntil) {
      const until = goodUntil + clockSkewMs;
      let full: unknown;
      try {
        if (!(await own.claim(name, until))) return false;
      } catch (thrown) {
        full = thrown;
      }
      try {
        return await take(name, until);
      } catch (thrown) {
        if (full !== undefined) throw full;
        local.inc();
        unsure = true;
        if (cancel) return true;
        telemetry.log('warn', 'replay.local', { error: thrown });
        begin();
        return true;
      }
    },
    close() {
      closed = true;
      cancel?.();
    },
  };
}

/** Issuer and jti are not PHI, but they are the caller's to choose. */
const digest = (name: string): string => createHash('sha256').update(name).digest('base64url');
