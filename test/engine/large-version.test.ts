import assert from 'node:assert/strict';
import { it } from 'node:test';
import { actor, flow, process } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events } from './review-support.ts';

it('a state whose version is a time goes on from turn to turn', async () => {
  const sums = actor<{ n: number }, Event, Event>({
    version: 202_611_291_200,
    initial: () => ({ n: 0 }),
    receive: (state, e) => ({ state: { n: state.n + e.n } }),
  });
  const driver = await TestDriver.start<Event>(flow('sums').from(events).pipe(process('sum', sums)));
  for (let n = 1; n <= 3; n++) {
    await driver.send({ key: 'p', value: { n, kind: 'x' } });
    await driver.advance(1_000);
  }
  const [row] = await driver.state.states('sums', 'sum', ['p']);
  assert.equal(row?.value.toString(), '{"n":6}');
  await driver.stop();
});
