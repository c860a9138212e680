import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { actor, flow, map, process, to } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, out, permanent } from './review-support.ts';

/** Counts how often each patient's timer fires. */
function watching(fired: Map<string, number>, afterMs: number, fails: (key: string) => boolean = () => false) {
  return actor<{ n: number }, Event, Event>({
    version: 1,
    initial: () => ({ n: 0 }),
    receive: (_state, e, ctx) => ({ state: { n: e.n }, timers: [{ name: 'due', at: ctx.now + afterMs }], skip: 'watching' }),
    timer: (state, _timer, ctx) => {
      if (fails(ctx.key)) throw permanent();
      fired.set(ctx.key, (fired.get(ctx.key) ?? 0) + 1);
      return { state, skip: 'fired' };
    },
  });
}

describe('the timers of a lane', () => {
  it('fire once when the window is read while their turn is being written', async () => {
    const fired = new Map<string, number>();
    const driver = await TestDriver.start<Event>(
      flow('once')
        .from(events)
        .pipe(process('watch', watching(fired, 950)), to(out)),
      {
        engine: { timerWindowMs: 1000 },
      },
    );
    const read = driver.state.timers.bind(driver.state);
    // Slow answers: what was read is old when it arrives.
    driver.state.timers = async (...args) => {
      const found = await read(...args);
      await sleep(driver.clock, 200);
      return found;
    };
    for (let i = 0; i < 40; i++) {
      await driver.send({ key: `p${i}`, value: { n: i, kind: 'x' } });
      await driver.advance(37);
    }
    await driver.advance(5000);
    assert.equal(fired.size, 40);
    assert.deepEqual(
      [...fired].filter(([, n]) => n > 1),
      [],
    );
    await driver.stop();
  });

  it('of other patients fire although more than a page of them waits for held patients', async () => {
    const fired = new Map<string, number>();
    const driver = await TestDriver.start<Event>(
      flow('page')
        .from(events)
        .pipe(
          map('fragile', (e: Event) => {
            if (e.kind === 'bad') throw permanent();
            return e;
          }),
          process('watch', watching(fired, 100_000)),
          to(out),
        ),
      { engine: { timerWindowMs: 1000 } },
    );
    const keys = Array.from({ length: 5200 }, (_, i) => `p${i}`);
    for (let i = 0; i < keys.length; i += 1000)
      await driver.send(...keys.slice(i, i + 1000).map((key) => ({ key, value: { n: 0, kind: 'x' } })));
    for (let i = 0; i < keys.length; i += 1000)
      await driver.send(...keys.slice(i, i + 1000).map((key) => ({ key, value: { n: 1, kind: 'bad' } })));
    await driver.send({ key: 'live', value: { n: 0, kind: 'x' } });
    await driver.advance(130_000);
    assert.equal(fired.get('live'), 1);
    await driver.stop();
  });
});
