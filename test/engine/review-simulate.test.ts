import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { AortaError } from '../../src/errors/index.ts';
import { actor, flow, map, mapAsync, park, pipe, process, retry, tee, to } from '../../src/index.ts';
import { simulate } from '../../src/testing/index.ts';
import { type Event, events, out, permanent, transient } from './review-support.ts';

/** `REVIEW_SEEDS` runs more of them. */
const count = Number(globalThis.process.env['REVIEW_SEEDS'] ?? 25);
const from = Number(globalThis.process.env['REVIEW_FROM'] ?? 1);
const seeds = Array.from({ length: count }, (_, i) => from + i);

type Around = { clock: Parameters<typeof sleep>[0]; random: { int(n: number): number; chance(p: number): boolean } };
const event = (_key: string, n: number, random: { chance(p: number): boolean; int(n: number): number }): Event => ({
  n,
  kind: random.chance(0.12) ? 'transient' : random.chance(0.06) ? 'permanent' : random.chance(0.05) ? 'slow' : 'x',
});

/** Fails by kind at its first tries, after a random while. */
const fragile = ({ clock, random }: Around, withDelay: boolean) => {
  const tries = new Map<string, number>();
  const judge = (e: Event, id: string): Event => {
    const n = (tries.get(id) ?? 0) + 1;
    tries.set(id, n);
    if (e.kind === 'transient' && n <= 3) throw transient();
    if (e.kind === 'permanent' && n <= 2) throw permanent();
    return e;
  };
  return withDelay
    ? mapAsync(
        'fragile',
        async (e: Event, ctx) => {
          await sleep(clock, e.kind === 'slow' ? 400 + random.int(600) : random.int(40));
          return judge(e, ctx.eventId);
        },
        { deadlineMs: 800 },
      )
    : map('fragile', (e: Event, ctx) => judge(e, ctx.eventId));
};

const supervision = { onFailure: { Transient: { retry: retry.backoff(50, 400, 4), last: park } } };
const hot = { maxRecords: 6, maxWaitMs: 150, suspects: 4, maxHeld: 20 };

async function clean(made: Parameters<typeof simulate<Event>>[0], options: object): Promise<void> {
  for (const seed of seeds) {
    const { violations, script } = await simulate<Event>(made, { seed, event, events: 80, steps: 8, patients: 5, ...options });
    assert.deepEqual(violations, [], `seed ${seed}:\n${script.join('\n')}`);
  }
}

describe('simulated', () => {
  it('a stateless flow loses nothing and keeps first occurrences in order', () =>
    clean((around) => flow('s1', supervision).from(events).pipe(fragile(around, false), to(out)), {
      emissions: out,
      engine: { maxWaitMs: 100 },
    }));
  it('a stateless flow that calls out, with hot patients and few credits', () =>
    clean((around) => flow('s2', supervision).from(events).pipe(fragile(around, true), to(out)), {
      emissions: out,
      patients: 2,
      engine: hot,
    }));
  it('a flow with effects that calls out, with hot patients and few credits', () =>
    clean((around) => flow('s3', supervision).from(events).pipe(fragile(around, true), to(out)), { patients: 2, engine: hot }));
  it('a flow with state and timers, with hot patients and few credits', () =>
    clean(
      (around) =>
        flow('s4', supervision)
          .from(events)
          .pipe(
            fragile(around, false),
            process(
              'count',
              actor<{ count: number }, Event, Event>({
                version: 1,
                initial: () => ({ count: 0 }),
                receive: (state, e, ctx) => ({
                  state: { count: state.count + 1 },
                  emit: [e],
                  timers: [{ name: e.n % 2 ? 'a' : 'b', at: ctx.now + 300 }],
                }),
                timer: (state) => {
                  if (around.random.chance(0.2))
                    throw new AortaError('AORTA_TEST', around.random.chance(0.5) ? 'Transient' : 'Permanent', 'planned');
                  return { state, skip: 'timer' };
                },
              }),
            ),
            to(out),
          ),
      { patients: 2, engine: hot },
    ));
  it('a tee with a call in one branch', () =>
    clean(
      (around) =>
        flow('s5', supervision)
          .from(events)
          .pipe(tee({ a: pipe(fragile(around, true), to('to-a', out)), b: to('to-b', out) })),
      { patients: 3, engine: hot },
    ));
});
