import assert from 'node:assert/strict';
import { it } from 'node:test';
import { AortaError } from '../../src/errors/index.ts';
import { flow, map } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { applied, type Event, events, seen } from './review-support.ts';

const one = (key: string, n: number, kind = 'x') => ({ key, value: { n, kind } });

it('a discard that came when the head had just gone does not hit what is parked a week later', async () => {
  let transient = true;
  const driver: TestDriver<Event> = await TestDriver.start<Event>(
    flow('stale')
      .from(events)
      .pipe(
        map((e: Event) => {
          if (e.kind === 'retry' && transient)
            throw new AortaError('AORTA_TEST', 'Transient', 'x', undefined as never, { retryAfterMs: 60_000 } as never);
          if (e.kind === 'bad') throw new AortaError('AORTA_TEST', 'Permanent', 'x');
          return e;
        }),
        seen(),
      ),
  );
  await driver.send(one('p1', 0, 'retry'));
  await driver.advance(1000);
  transient = false;
  await driver.advance(120_000);
  assert.deepEqual(applied(driver.state), [0]);
  // The operator saw the patient on the list; the request reaches the store when its head has settled.
  await driver.redrive('p1', 'discard');
  await driver.advance(60_000);
  const left = await driver.state.redriveRequests('stale');
  await driver.advance((7 * 86_400_000) / 100);
  await driver.send(one('p1', 1, 'bad'));
  await driver.advance(5000);
  const held = await driver.held();
  assert.equal(held.length, 1, 'the new one is parked and waits for an operator');
  assert.equal(left.length, 0, 'the request was done: there was nothing to discard');
});
