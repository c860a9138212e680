import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Subject } from '../conformance.ts';
import { numbers, probe, text } from './probe.ts';

export function deliveryTests(subject: Subject): void {
  const fill = (topic: string, partition: number, count: number, from = 0, size = 0) =>
    subject.log.append(
      numbers(count, from).map((i) => ({ topic, partition, key: `p${partition}`, value: Buffer.from(`${i}`.padEnd(size, ' ')) })),
    );

  describe('delivery', () => {
    test('is in offset order, each record once, from the start of the log, with the end told', async () => {
      const topic = await subject.topic(3);
      for (const partition of numbers(3)) await fill(topic, partition, 500);
      const p = probe(subject.log, { group: topic, topics: [topic] });
      await p.consumer.start();
      await p.until('1500 records', () => p.records().length >= 1500);
      await fill(topic, 1, 10, 500);
      await p.until('10 more', () => p.records().length >= 1510);
      for (const partition of numbers(3)) {
        const count = partition === 1 ? 510 : 500;
        assert.deepEqual(
          p.records(partition).map(({ offset }) => offset),
          numbers(count),
        );
        assert.deepEqual(p.records(partition).map(text), numbers(count).map(String));
      }
      for (const event of p.events) {
        if (event.what !== 'records') continue;
        assert.ok(event.records.length > 0);
        assert.ok(event.end > (event.records.at(-1)?.offset as number));
      }
      await p.consumer.stop();
      assert.equal(p.records().length, 1510);
      assert.deepEqual(
        p.events.filter(({ what }) => what === 'error' || what === 'lost'),
        [],
      );
    });

    test('covers many partitions and several topics', async () => {
      const topics = [await subject.topic(40), await subject.topic(3)];
      for (const topic of topics)
        await subject.log.append(numbers(800).map((i) => ({ topic, key: `p${i % 200}`, value: Buffer.from(`${i}`) })));
      const p = probe(subject.log, { group: topics[0] as string, topics });
      await p.consumer.start();
      await p.until('1600 records', () => p.records().length >= 1600);
      const seen = new Set(
        p.events.flatMap((event) =>
          event.what === 'records'
            ? event.records.map(({ offset }) => `${event.partition.topic}/${event.partition.partition}/${offset}`)
            : [],
        ),
      );
      assert.equal(seen.size, 1600);
      await p.consumer.stop();
    });

    test('hands over large records, tombstones and headers as they were', async () => {
      const topic = await subject.topic(1);
      const large = Buffer.alloc(900_000, 'y');
      await subject.log.append([
        { topic, key: 'a', value: large, headers: { eventId: 'one' } },
        { topic, key: 'a', value: null, timestamp: 1_700_000_000_000 },
        { topic, key: null, value: large },
      ]);
      const p = probe(subject.log, { group: topic, topics: [topic] });
      await p.consumer.start();
      await p.until('3 records', () => p.records().length >= 3);
      const [first, second, third] = p.records();
      assert.ok(first?.value?.equals(large) && third?.value?.equals(large));
      assert.equal(String(first?.headers['eventId']), 'one');
      assert.equal(second?.value, null);
      assert.equal(second?.timestamp, 1_700_000_000_000);
      assert.equal(third?.key, null);
      await p.consumer.stop();
    });

    test('of a paused partition ends after what one fetch held, and goes on without a gap; others flow', async () => {
      const topic = await subject.topic(2);
      await fill(topic, 0, 6000, 0, 500);
      await fill(topic, 1, 100);
      let pauses = 0;
      const p = probe(subject.log, {
        group: topic,
        topics: [topic],
        onRecords(tp) {
          if (tp.partition === 0 && pauses++ === 0) p.consumer.pause(tp);
        },
      });
      await p.consumer.start();
      await p.until('the others', () => p.records(0).length > 0 && p.records(1).length >= 100);
      await fill(topic, 1, 900, 100);
      await p.until('still the others', () => p.records(1).length >= 1000);
      const deliveries = p.events.filter((event) => event.what === 'records' && event.partition.partition === 0);
      assert.ok(deliveries.length <= 2, `${deliveries.length} deliveries after the pause`);
      assert.ok(p.records(0).length < 6000, 'the whole partition came through a pause');
      p.consumer.resume({ topic, partition: 0 });
      await p.until('the rest', () => p.records(0).length >= 6000);
      assert.deepEqual(
        p.records(0).map(({ offset }) => offset),
        numbers(6000),
      );
      await p.consumer.stop();
    });

    test('survives a pause and resume at every delivery', async () => {
      const topic = await subject.topic(2);
      for (const partition of numbers(2)) await fill(topic, partition, 3000, 0, 300);
      const p = probe(subject.log, {
        group: topic,
        topics: [topic],
        onRecords(tp) {
          p.consumer.pause(tp);
          setTimeout(() => p.consumer.resume(tp), 3);
        },
      });
      await p.consumer.start();
      await p.until('all', () => p.records().length >= 6000);
      for (const partition of numbers(2))
        assert.deepEqual(
          p.records(partition).map(({ offset }) => offset),
          numbers(3000),
        );
      await p.consumer.stop();
    });

    test('of what arrives for a partition paused from outside waits, and is not lost', async () => {
      const topic = await subject.topic(2);
      const p = probe(subject.log, { group: topic, topics: [topic] });
      await p.consumer.start();
      await p.until('assignment', () => p.held().length === 2);
      for (const round of numbers(8)) {
        // In the middle of waiting for records, at different moments of it.
        await new Promise((resolve) => setTimeout(resolve, 20 + round * 17));
        p.consumer.pause({ topic, partition: 0 });
        await fill(topic, 0, 5, round * 5);
        await fill(topic, 1, 1, round);
        await p.until('the other partition', () => p.records(1).length === round + 1);
        assert.equal(p.records(0).length, round * 5, 'delivered although paused');
        p.consumer.resume({ topic, partition: 0 });
        await p.until('the paused ones', () => p.records(0).length === (round + 1) * 5);
      }
      assert.deepEqual(
        p.records(0).map(({ offset }) => offset),
        numbers(40),
      );
      await p.consumer.stop();
    });

    test('ends with stop, which may be called again and before start', async () => {
      const topic = await subject.topic(1);
      await fill(topic, 0, 10);
      const never = probe(subject.log, { group: `${topic}.never`, topics: [topic] });
      await never.consumer.stop();
      assert.deepEqual(never.events, []);
      const p = probe(subject.log, { group: topic, topics: [topic] });
      await p.consumer.start();
      await p.until('records', () => p.records().length >= 10);
      await Promise.all([p.consumer.stop(), p.consumer.stop()]);
      await p.consumer.stop();
      assert.equal(p.events.filter(({ what }) => what === 'revoked').length, 1);
      const before = p.events.length;
      await fill(topic, 0, 10, 10);
      await assert.rejects(p.consumer.commit([{ topic, partition: 0, offset: 5 }]), { class: 'Fenced' });
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(p.events.length, before);
    });
  });
}
