import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { error } from '../../src/errors/index.ts';
import { actor, filter, flow, map, process, to } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { applied, type Event, events, out, seen } from './review-support.ts';

const one = (key: string, n: number, kind = 'x') => ({ key, value: { n, kind } });

/** The store applied the group, its reply was lost, and the repetition found too many calls waiting (AORTA_STATE_007). */
for (const count of [1, 4])
  describe(`a commit whose reply was lost and whose repetition is refused, ${count} records`, () => {
    it('is not applied twice', async () => {
      const driver: TestDriver<Event> = await TestDriver.start<Event>(
        flow('lostover')
          .from(events)
          .pipe(
            process(
              'count',
              actor<{ seen: number[] }, Event, Event>({
                version: 1,
                initial: () => ({ seen: [] }),
                receive: (s, e) => ({ state: { seen: [...s.seen, e.n] }, emit: [e] }),
              }),
            ),
            to(out),
          ),
      );
      const transact = driver.state.transact.bind(driver.state);
      let lost = false;
      driver.state.transact = async (groups) => {
        const outcomes = await transact(groups);
        if (lost || !groups.some((g) => g.states.length > 0)) return outcomes;
        lost = true;
        throw error('AORTA_STATE_007', { limit: 200 }, { retryAfterMs: 1000 });
      };
      await driver.send(...Array.from({ length: count }, (_, n) => one('p1', n)));
      await driver.advance(10_000);
      await driver.send(one('p1', 100));
      await driver.advance(60_000);
      const state = (driver.stateOf('count', 'p1') as { seen: number[] } | undefined)?.seen;
      const emitted = (await driver.emitted(out)).map((e) => e.value.n);
      const expected = [...Array.from({ length: count }, (_, n) => n), 100];
      assert.deepEqual({ state, emitted }, { state: expected, emitted: expected });
    });
  });

it('rows of a group of several are not written twice', async () => {
  const driver: TestDriver<Event> = await TestDriver.start<Event>(flow('rowsover').from(events).pipe(seen()));
  const transact = driver.state.transact.bind(driver.state);
  let lost = false;
  driver.state.transact = async (groups) => {
    const outcomes = await transact(groups);
    if (lost || groups.reduce((sum, g) => sum + g.effects.length, 0) < 4) return outcomes;
    lost = true;
    throw error('AORTA_STATE_007', { limit: 200 }, { retryAfterMs: 1000 });
  };
  await driver.send(...Array.from({ length: 4 }, (_, n) => one('p1', n)));
  await driver.advance(60_000);
  assert.ok(lost);
  assert.deepEqual(applied(driver.state), [0, 1, 2, 3]);
});

/** The pool refuses a call when 200 wait (AORTA_STATE_007, Overload): for a moment, a few times. */
function refuseNext(driver: TestDriver<Event>, times: number) {
  const transact = driver.state.transact.bind(driver.state);
  let left = times;
  driver.state.transact = async (groups) => {
    if (left-- > 0) throw error('AORTA_STATE_007', { limit: 200 }, { retryAfterMs: 1000 });
    return transact(groups);
  };
}

describe('a store that is asked too much for a moment', () => {
  it('does not stop a partition whose applied set is written (flush of skips)', async () => {
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('skips')
        .from(events)
        .pipe(
          filter('wanted', (e: Event) => e.kind === 'x'),
          seen(),
        ),
    );
    refuseNext(driver, 1);
    await driver.send(one('p1', 0, 'other'));
    await driver.advance(2000);
    await driver.send(one('p1', 1));
    await driver.advance(5000);
    assert.deepEqual(applied(driver.state), [1]);
  });
  it('does not stop a partition that parks a patient', async () => {
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('parks')
        .from(events)
        .pipe(
          map((e: Event) => {
            if (e.kind === 'bad') throw new Error('defect');
            return e;
          }),
          seen(),
        ),
    );
    refuseNext(driver, 1);
    await driver.send(one('p1', 0, 'bad'));
    await driver.advance(5000);
    await driver.send(one('p2', 1), one('p1b', 2), one('p1c', 3), one('p1d', 4), one('p1e', 5), one('p1f', 6));
    await driver.advance(5000);
    assert.deepEqual(applied(driver.state).toSorted(), [1, 2, 3, 4, 5, 6]);
  });
});
