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

export interface PressureOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly telemetry: Telemetry;
}

export interface Pressure {
  /** Takes a place for a request of this caller; undefined: it must be refused. The result gives the place back, once. */
  enter(caller: string): (() => void) | undefined;
  /** Requests that may be under way; infinite while the loop is in time. */
  readonly limit: number;
  stop(): void;
}

/**
 * How many requests may be under way, by how late the event loop is: halved with each sample above 300 ms (the second in
 * a row, the first above 1 s), doubled with each below 100 ms, unchanged between, so that it neither flutters nor stays when the load has gone. Where the limit is
 * reached it is shared: who has less than its share under way is let in, so one that sends too much is refused and the others
 * are not.
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

  return {
    enter(caller) {
      if (!cancel) arm();
      const late = clock.monotonic() - due;
      if (!judged && late >= (before ? high : standstill)) {
        judged = true;
        judge(late);
      }
      const own = under.get(caller) ?? 0;
      if (total >= limit && own >= Math.max(1, Math.floor(limit / Math.max(1, own === 0 ? under.size + 1 : under.size)))) return undefined;
      under.set(caller, own + 1);
      total++;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        total--;
        const rest = (under.get(caller) ?? 1) - 1;
        if (rest > 0) under.set(caller, rest);
        else under.delete(caller);
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
