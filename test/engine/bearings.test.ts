import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Flow } from '../../src/flow/flow.ts';
import { flow, map, to } from '../../src/index.ts';
import type { LogRecord } from '../../src/log/port.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, out, seen } from './review-support.ts';

const stateless = () =>
  flow('plain')
    .from(events)
    .pipe(
      map((e: Event) => e),
      to(out),
    );
const stateful = () => flow('effects').from(events).pipe(seen(), to(out));
const of = (n: number) => ({ key: 'p1', value: { n, kind: 'x' } });

async function open(made: Flow<unknown>) {
  const telemetry = prometheusTelemetry({ level: 'silent' });
  const driver = await TestDriver.start<Event>(made, { telemetry });
  const anomalies = async () =>
    Object.fromEntries(
      (await telemetry.read('aorta_flow_offset_anomalies_total'))
        .filter(({ value }) => value > 0)
        .map(({ labels, value }) => [labels['kind'], value]),
    );
  const numbers = async () => (await driver.emitted(out)).map(({ value }) => value.n);
  const forgetOffsets = () => driver.log.group(`aorta.${made.name}`).committed.clear();
  const source = () => driver.log.all('events').find((records) => records.length > 0) as LogRecord[];
  return { driver, anomalies, numbers, forgetOffsets, source };
}

for (const [kind, make] of [
  ['without state', stateless],
  ['with effects', stateful],
] as const) {
  describe(`the offsets of a flow ${kind}`, () => {
    it('when they are deleted in the log: it goes on where the store says, and tells', async () => {
      const { driver, anomalies, numbers, forgetOffsets } = await open(make());
      await driver.send(of(1), of(2), of(3));
      await driver.advance(1000);
      assert.deepEqual(await anomalies(), {});
      await driver.stop();
      forgetOffsets();
      driver.log.put({ topic: 'events', key: 'p1', value: await driver.encode({ n: 4, kind: 'x' }), timestamp: driver.clock.now() });
      await driver.restart();
      await driver.send(of(5));
      await driver.advance(1000);
      assert.deepEqual(await numbers(), [1, 2, 3, 4, 5], 'nothing lost, nothing twice');
      assert.deepEqual(await anomalies(), { 'committed-missing': 1 });
      assert.deepEqual(
        driver.running.partitions().map(({ refused }) => refused),
        [null, null, null, null],
      );
      await driver.stop();
    });

    it('after a crash: what was settled in the last minute may come again, never less', async () => {
      const { driver, anomalies, numbers, forgetOffsets } = await open(make());
      await driver.send(of(1), of(2));
      await driver.advance(61_000);
      await driver.send(of(3));
      await driver.advance(1000);
      await driver.crash();
      await driver.advance(1000);
      forgetOffsets();
      await driver.crash();
      await driver.send(of(4));
      await driver.advance(1000);
      assert.deepEqual([...new Set(await numbers())], [1, 2, 3, 4]);
      assert.equal((await numbers()).filter((n) => n <= 2).length, 2, 'what the store knew is not done again');
      assert.equal((await anomalies())['committed-missing'], 1);
      await driver.stop();
    });

    it('when the topic was made anew: fewer records or more, the partition is refused and tells', async () => {
      for (const count of [1, 9]) {
        const { driver, anomalies, numbers, forgetOffsets, source } = await open(make());
        await driver.send(of(1), of(2), of(3));
        await driver.advance(1000);
        await driver.stop();
        forgetOffsets();
        const records = source();
        records.length = 0;
        for (let n = 0; n < count; n++)
          driver.log.put({
            topic: 'events',
            key: 'p1',
            value: await driver.encode({ n: 100 + n, kind: 'new' }),
            timestamp: driver.clock.now() + 60_000,
          });
        await driver.restart();
        await driver.advance(1000);
        assert.deepEqual(await numbers(), [1, 2, 3], `${count}: nothing is skipped silently, nothing is read`);
        assert.equal((await anomalies())['made-anew'], 1);
        const [refused] = driver.running.partitions().filter(({ refused: code }) => code !== null);
        assert.equal(refused?.refused, 'AORTA_ENGINE_020');
        assert.ok(driver.running.overdue().some(({ code, reason }) => reason === 'refused' && code === 'AORTA_ENGINE_020'));
        await driver.stop();
      }
    });
  });
}

it('an offset that somebody moved ahead is told, and is no reason to skip what the store has not applied', async () => {
  const { driver, anomalies, numbers } = await open(stateful());
  await driver.send(of(1));
  await driver.advance(1000);
  await driver.stop();
  const committed = driver.log.group('aorta.effects').committed;
  for (let n = 2; n <= 5; n++)
    driver.log.put({ topic: 'events', key: 'p1', value: await driver.encode({ n, kind: 'x' }), timestamp: driver.clock.now() });
  for (const [key, offset] of committed) if (offset > 0) committed.set(key, 5);
  await driver.restart();
  await driver.advance(1000);
  assert.deepEqual(await numbers(), [1, 2, 3, 4, 5]);
  assert.deepEqual(await anomalies(), { 'committed-ahead': 1 });
  await driver.stop();
});
