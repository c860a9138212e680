import type { Clock } from '../../clock/clock.ts';
import { sleep } from '../../clock/system.ts';
import type { Context } from '../../flow/context.ts';
import { afterSource, type Flow } from '../../flow/flow.ts';
import { map } from '../../flow/operators/map.ts';
import { mapAsync } from '../../flow/operators/map-async.ts';
import { write } from '../../flow/operators/write.ts';
import { effect, table } from '../../state/table.ts';

interface Probe {
  event_id: string;
  key: string;
  n: number;
}

/** One row an effect, in the order of application: list-append checking (Elle). */
export const probe = table<Probe>('simulation_probe', {
  columns: { event_id: { type: 'text' }, key: { type: 'text' }, n: { type: 'integer' } },
  key: ['event_id', 'key', 'n'],
});

export interface Probing {
  /** Called when the handlers of a record begin; may throw. */
  readonly began: (ctx: Context) => void;
  /** Leave no row: the flow is judged by what it emits. */
  readonly silent: boolean;
  /** Turns take up to this many milliseconds, by an asynchronous step in front. */
  readonly turnMs: number;
  /** That step does not look at its signal. */
  readonly heedless: boolean;
  /** Called when that step begins. True: the record ends its process; without heed it does so behind its deadline. */
  readonly begins: (ctx: Context) => boolean;
  /** And when it has come to its end, whether its turn was ended before or not. */
  readonly ended: (ctx: Context) => void;
  readonly clock: Clock;
  readonly delay: (below: number) => number;
  /** Two turns of one patient at once. */
  readonly overlapped: (ctx: Context) => void;
}

/** The same flow with the simulator's eyes behind its source. */
export function withProbe(flow: Flow<unknown>, probing: Probing): Flow<unknown> {
  let probed = flow;
  if (probing.turnMs > 0) probed = afterSource(probed, gate(probing));
  if (probing.silent) {
    return afterSource(
      probed,
      map('simulation-probe', (value: unknown, ctx) => {
        probing.began(ctx);
        return value;
      }),
    );
  }
  return afterSource(
    probed,
    write('simulation-probe', {
      tables: [probe],
      effects: (_value: unknown, ctx) => {
        probing.began(ctx);
        return effect.insert(probe, { event_id: ctx.eventId, key: ctx.key, n: ctx.source.offset });
      },
    }),
  );
}

function gate({ turnMs, heedless, clock, delay, overlapped, begins, ended }: Probing) {
  const inside = new Set<string>();
  return mapAsync(
    'simulation-gate',
    async (value: unknown, ctx: Context) => {
      const lethal = begins(ctx);
      if (heedless) {
        await sleep(clock, lethal ? turnMs * 2 : delay(turnMs));
        ended(ctx);
        return value;
      }
      if (inside.has(ctx.key)) overlapped(ctx);
      inside.add(ctx.key);
      try {
        await sleep(clock, delay(turnMs), ctx.signal);
      } finally {
        ended(ctx);
        inside.delete(ctx.key);
      }
      return value;
    },
    heedless ? { deadlineMs: turnMs * 1.5 } : {},
  );
}
