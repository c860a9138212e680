import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flow, map } from '../../src/index.ts';
import { headOf, withHead } from '../../src/state/redrive-head.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { applied, type Event, events, permanent, seen } from './review-support.ts';

async function twoParked(): Promise<TestDriver<Event>> {
  let mended = false;
  const driver = await TestDriver.start<Event>(
    flow('heads')
      .from(events)
      .pipe(
        map('fragile', (e: Event): Event => {
          if (e.kind === 'fails' || (e.kind === 'fails-once' && !mended)) throw permanent();
          return e;
        }),
        seen(),
      ),
  );
  await driver.send(
    { key: 'p1', value: { n: 0, kind: 'fails-once' } },
    { key: 'p1', value: { n: 1, kind: 'fails' } },
    { key: 'p1', value: { n: 2, kind: 'x' } },
  );
  await driver.advance(1000);
  mended = true;
  return driver;
}

async function request(driver: TestDriver<Event>, id: string, action: 'redrive' | 'discard', head: number | undefined): Promise<void> {
  await driver.state.requestRedrive({
    ...{ id: withHead(id, head), flow: 'heads', key: 'p1', errorClass: null, action, actor: 'test', at: driver.clock.now() },
  });
  await driver.advance(3000);
}

describe('a request about the head of a held patient', () => {
  it('does not hit the next one when that head was released meanwhile', async () => {
    const driver = await twoParked();
    const [saw] = await driver.held();
    await request(driver, 'a', 'redrive', saw?.head.seq);
    const [now] = await driver.held();
    assert.equal(now?.head.reason, 'park');
    assert.notEqual(now?.head.seq, saw?.head.seq);
    await request(driver, 'b', 'discard', saw?.head.seq);
    assert.deepEqual(
      (await driver.held()).map(({ head, count }) => [head.seq, count]),
      [[now?.head.seq, now?.count]],
      'what the operator did not see is still there',
    );
    assert.deepEqual(await driver.state.redriveRequests('heads'), [], 'the request is done');
    await request(driver, 'c', 'discard', now?.head.seq);
    assert.deepEqual(applied(driver.state), [0, 2]);
    assert.deepEqual(await driver.held(), []);
    await driver.stop();
  });

  it('without a head takes the one that there is', async () => {
    const driver = await twoParked();
    await request(driver, 'a', 'discard', undefined);
    const [now] = await driver.held();
    await request(driver, 'b', 'redrive', undefined);
    assert.ok(now);
    await request(driver, 'c', 'discard', undefined);
    assert.deepEqual(applied(driver.state), [2]);
    await driver.stop();
  });

  it('is read from the end of the id only', () => {
    assert.equal(headOf('01J.5'), undefined);
    assert.equal(headOf('x~head=7-y'), undefined);
    assert.equal(headOf(withHead('x', 4294967296)), 4294967296);
  });
});
