import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { actor, flow, map, mapAsync, process, to, topic } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events } from './review-support.ts';

const input = topic<Event>('input', events.schema, { partitions: 1 });
const sums = actor<{ n: number }, Event, Event>({
  version: 1,
  initial: () => ({ n: 0 }),
  receive: (state, e) => ({ state: { n: state.n + e.n }, emit: [{ ...e, n: state.n + e.n }] }),
});
const summing = flow('sums').from(input).pipe(process('sum', sums));
const patients = 3_000;
const each = (n: number) => Array.from({ length: patients }, (_, i) => ({ key: `p${i}`, value: { n, kind: 'x' } }));

describe('a flow with state and without asynchronous steps', () => {
  it('reads the state of a patient once, of thousands that come in turn', async () => {
    const driver = await TestDriver.start<Event>(summing);
    const states = driver.state.states.bind(driver.state);
    let asked = 0;
    driver.state.states = (name, store, keys) => {
      asked += keys.length;
      return states(name, store, keys);
    };
    for (const n of [1, 2, 3]) {
      await driver.send(...each(n));
      await driver.advance(5_000);
    }
    assert.equal(driver.running.totals().done, 3 * patients);
    assert.equal(asked, patients);
    const stored = await states('sums', 'sum', ['p0', `p${patients - 1}`]);
    assert.deepEqual(
      stored.map((row) => row?.value.toString()),
      ['{"n":6}', '{"n":6}'],
    );
    await driver.stop();
  });

  for (const [what, made, least, most] of [
    ['leaves in the log what it has not begun', summing, 256, 256 + 100],
    [
      'and takes more where turns wait for something outside',
      summing.pipe(mapAsync('out', (e: Event) => Promise.resolve(e))),
      2_000,
      patients,
    ],
  ] as const)
    it(what, async () => {
      const driver = await TestDriver.start<Event>(made, { engine: { maxSynchronous: 1, group: { maxTurns: 10, maxBytes: 2 ** 20 } } });
      const transact = driver.state.transact.bind(driver.state);
      driver.state.transact = async (groups) => {
        await sleep(driver.clock, 1_000);
        return transact(groups);
      };
      await driver.send(...each(1));
      await driver.advance(3_000);
      const open = driver.running.partitions()[0]?.open ?? 0;
      assert.ok(open >= least && open <= most, `${open} open`);
      await driver.advance(400_000);
      assert.equal(driver.running.totals().done, patients);
      await driver.stop();
    });
});

const passing = flow('passing')
  .from(input)
  .pipe(
    map('same', (e: Event) => e),
    to(topic<Event>('out', events.schema, { partitions: 1 })),
  );
const calling = flow('calling')
  .from(input)
  .pipe(
    mapAsync('call', (e: Event) => Promise.resolve(e)),
    to(topic<Event>('out', events.schema, { partitions: 1 })),
  );

describe('a flow without state and without asynchronous steps', () => {
  // A record counts a kilobyte more than its bytes.
  for (const [what, made, least, most] of [
    ['has its own credit for what is on its way to the log', passing, 1_000, 1_400],
    ['which one with asynchronous steps does not have', calling, patients, patients],
  ] as const)
    it(what, async () => {
      const driver = await TestDriver.start<Event>(made, { source: input, engine: { maxSynchronousBytes: 1.2 * 2 ** 20, maxReady: 64 } });
      const append = driver.log.append.bind(driver.log);
      const held: (() => void)[] = [];
      driver.log.append = async (records) => {
        await new Promise<void>((resolve) => held.push(resolve));
        return append(records);
      };
      await driver.send(...each(1));
      await driver.advance(5_000);
      const open = driver.running.partitions()[0]?.open ?? 0;
      assert.ok(open >= least && open <= most, `${open} open`);
      driver.log.append = append;
      for (const go of held.splice(0)) go();
      await driver.advance(60_000);
      assert.equal(driver.running.totals().done, patients);
      await driver.stop();
    });
});
