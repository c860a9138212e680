import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { error } from '../../src/errors/index.ts';
import { flow, map, topic } from '../../src/index.ts';
import type { ConsumerOptions, LogConsumer } from '../../src/log/port.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, seen } from './review-support.ts';

const many = topic<Event>('many', events.schema, { partitions: 64 });
const all = Array.from({ length: 64 }, (_, partition) => ({ topic: 'many', partition }));

it('a coordinator that does not say where the group stands is waited for once an assignment, not once for every eight partitions', async () => {
  const driver = await TestDriver.start<Event>(
    flow('asks')
      .from(many)
      .pipe(
        map((e: Event) => e),
        seen(),
      ),
  );
  let group: ConsumerOptions | undefined;
  const idle: LogConsumer = { start: async () => {}, stop: async () => {}, pause() {}, resume() {}, commit: async () => {} };
  driver.log.consumer = ((options: ConsumerOptions) => {
    group = options;
    return idle;
  }) as never;
  await driver.restart();
  let asked = 0;
  driver.log.committed = async () => {
    asked++;
    await sleep(driver.clock, 10_000);
    throw error('AORTA_LOG_008', { operation: 'committed offsets', problem: 'no answer' });
  };
  const from = driver.clock.monotonic();
  let took = 0;
  void group?.onAssigned(all, 1).then(() => {
    took = driver.clock.monotonic() - from;
  });
  await driver.advance(200_000);
  assert.ok(took > 0 && took < 25_000, `${took} ms, asked ${asked} times`);
});
