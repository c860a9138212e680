import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { actor, branch, flow, map, mapAsync, process, topic } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { applied, type Event, events, seen } from './review-support.ts';

const one = (key: string, n: number, kind = 'x') => ({ key, value: { n, kind } });

describe('a patient whose turns wait for each other to be written', () => {
  it('leaves the credits of its partition to the others, and keeps its order', async () => {
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('hot')
        .from(topic<Event>('hot', events.schema, { partitions: 1 }))
        .pipe(
          // Nobody calls out here, but a flow that may waits for the turn before.
          branch('kind', {
            plain: [(e: Event) => e.kind === 'x', map((e: Event) => e)],
            otherwise: mapAsync('work', (e: Event) => Promise.resolve(e)),
          }),
          process(
            'count',
            actor<{ n: number }, Event, Event>({
              version: 1,
              initial: () => ({ n: 0 }),
              receive: (state, e) => ({ state: { n: state.n + 1 }, emit: [e] }),
            }),
          ),
          seen(),
        ),
      { engine: { maxRecords: 40 } },
    );
    const transact = driver.state.transact.bind(driver.state);
    driver.state.transact = async (groups) => {
      await sleep(driver.clock, 50);
      return transact(groups);
    };
    await driver.send(...Array.from({ length: 400 }, (_, n) => one('hot', n)));
    await driver.send(...Array.from({ length: 50 }, (_, i) => one(`q${i}`, 1_000 + i)));
    await driver.advance(3_000);
    const rows = applied(driver.state);
    assert.equal(rows.filter((n) => n >= 1_000).length, 50, 'the others are through');
    assert.ok(rows.length < 150, 'the hot one is not');
    await driver.advance(60_000);
    assert.deepEqual(
      applied(driver.state).filter((n) => n < 1_000),
      Array.from({ length: 400 }, (_, n) => n),
    );
    await driver.stop();
  });
});
