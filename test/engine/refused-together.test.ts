import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flow, merge, topic } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { applied, type Event, events, seen } from './review-support.ts';

const others = topic<Event>('others', events.schema, { partitions: 4 });
const record = (n: number) => ({ key: 'p1', value: { n, kind: 'x' } });

describe('a topic whose partition is refused as it is claimed', () => {
  // Lanes are made in the order of the sources.
  for (const [order, refusedTopic] of [
    ['first', 'events'],
    ['last', 'others'],
  ] as const) {
    it(`stops the same partition of the other topic, when its lane is made ${order}, and no other partition`, async () => {
      const driver = await TestDriver.start<Event>(flow('refused').from(merge(events, others)).pipe(seen()), { source: events });
      await driver.send(record(1));
      await driver.sendTo(others, record(2));
      await driver.advance(1000);
      const claim = driver.state.claim.bind(driver.state);
      const broken = (driver.state.journal.find((group) => group.effects.length > 0) as { lane: { partition: number } }).lane.partition;
      driver.state.claim = async (ref, partitions) => {
        const claimed = await claim(ref, partitions);
        return ref.topic === refusedTopic && ref.partition === broken ? { ...claimed, partitions: 7 } : claimed;
      };
      await driver.crash();
      await driver.advance(1000);
      await driver.sendTo(others, record(3), ...Array.from({ length: 12 }, (_, n) => ({ key: `q${n}`, value: { n: 10 + n, kind: 'x' } })));
      await driver.advance(1000);
      for (const { topic: name, partition, refused } of driver.running.partitions())
        assert.equal(refused, partition === broken ? 'AORTA_ENGINE_006' : null, `${name}/${partition}`);
      const all = applied(driver.state);
      assert.ok(!all.includes(3), 'its patients stand still over both topics');
      assert.ok(all.length > 3, 'the others go on');
      await driver.stop();
    });
  }
});
