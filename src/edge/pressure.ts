import type { Clock } from '../clock/clock.ts';
import type { Telemetry } from '../telemetry/port.ts';

/** Milliseconds. A CDS answer may be 300 ms late on its way (src/edge/cds/host.ts): a busier loop than that breaks its promise. */
const high = 300;
const low = 100;
/** One sample of this is enough; of less it takes two in a row: a single pause (a collection, a large body) is no load. */
const standstill = 1_000;
const sampleMs = 100;
/** Requests under way that are never refused: so few make a turn of a quarter of a second at the most; what is later is not theirs. */
const least = 64;
/** A limit above this is none. */
const most = 1_024;
/** All whom nobody has verified: one caller. Whatever they say of themselves, they may say it of somebody else. */
const unverified = '';

export interface PressureOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly telemetry: Telemetry;
}

/** Of a request that is under way. */
export interface Place {
  /** From now on it is this client's. False: the client's share is used up, so it must be refused. */
  verified(client: string): boolean;
  /** Gives it back, once. */
  leave(): void;
}

export interface Pressure {
  /**
   * Takes a place for a request; undefined: it must be refused. `recognise` is asked only while there is a limit: the
   * client, if that can be said beyond doubt.
   */
  enter(recognise?: () => string | undefined): Place | undefined;
  /** Requests that may be under way; infinite while the loop is in time. */
  readonly limit: number;
  stop(): void;
}

/**
 * How many requests may be under way, by how late the event loop is: halved with each sample above 300 ms (the second in
 * a row, the first above 1 s), doubled with each below 100 ms, unchanged between, so that it neither flutters nor stays
 * when the load has gone.
 *
 * Up to the limit everybody is let in. Beyond it a caller is, as long as it has less than its share: the limit divided by
 * the callers that have something under way. Callers are clients that were verified, and all others as one: who is verified
 * loses nothing by what is sent in its name, and more callers than the limit's places are refused, each of them.
 *
 * The sample is a timer's lateness, and a request that comes while the timer is overdue already is judged by that: one
 * long turn is noticed within itself. No timer runs while no request does.
 */
export function createPressure({ clock, telemetry }: PressureOptions): Pressure {
  const under = new Map<string, number>();
  let total = 0;
  let limit = Number.POSITIVE_INFINITY;
  let due = 0;
  let judged = false;
  let before = false;
  let cancel: (() => void) | undefined;
  const stops = [
    telemetry.sampled('aorta_http_under_way', 'HTTP requests that are not answered', {}, () => total),
    telemetry.sampled('aorta_http_limit', 'HTTP requests that may be under way while the event loop is late; -1: no limit', {}, () =>
      Number.isFinite(limit) ? limit : -1,
    ),
  ];

  const judge = (late: number) => {
    const again = before;
    before = late >= high;
    if (late >= standstill || (late >= high && (again || Number.isFinite(limit)))) {
      if (!Number.isFinite(limit)) telemetry.log('warn', 'edge.pressed', { ms: Math.round(late), count: total });
      limit = Math.max(least, Math.floor(Math.min(limit, total) / 2));
    } else if (late < low && Number.isFinite(limit)) {
      limit *= 2;
      if (limit >= most) {
        limit = Number.POSITIVE_INFINITY;
        telemetry.log('info', 'edge.eased', {});
      }
    }
  };
  const arm = () => {
    due = clock.monotonic() + sampleMs;
    judged = false;
    cancel = clock.after(sampleMs, () => {
      cancel = undefined;
      if (!judged) judge(clock.monotonic() - due);
      if (total > 0 || Number.isFinite(limit)) arm();
    });
  };

  const count = (caller: string, by: number) => {
    const now = (under.get(caller) ?? 0) + by;
    if (now > 0) under.set(caller, now);
    else under.delete(caller);
  };
  /** Not rounded up to one: that would be no end where callers are many. */
  const hasShare = (caller: string): boolean => {
    const own = under.get(caller) ?? 0;
    return own < Math.floor(limit / (under.size + (own === 0 ? 1 : 0)));
  };

  return {
    enter(recognise) {
      if (!cancel) arm();
      const late = clock.monotonic() - due;
      if (!judged && late >= (before ? high : standstill)) {
        judged = true;
        judge(late);
      }
      let caller = (Number.isFinite(limit) ? recognise?.() : undefined) ?? unverified;
      if (total >= limit && !hasShare(caller)) return undefined;
      count(caller, 1);
      total++;
      let left = false;
      return {
        verified(client) {
          if (left || caller === client) return true;
          count(caller, -1);
          caller = client;
          const good = total <= limit || hasShare(client);
          count(client, 1);
          return good;
        },
        leave() {
          if (left) return;
          left = true;
          count(caller, -1);
          total--;
        },
      };
    },
    get limit() {
      return limit;
    },
    stop() {
      cancel?.();
      for (const stop of stops) stop();
    },
  };
}
