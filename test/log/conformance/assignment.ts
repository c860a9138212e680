import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Subject } from '../conformance.ts';
import { numbers, probe, text } from './probe.ts';

export function assignmentTests(subject: Subject): void {
  const fill = (topic: string, partition: number, count: number) =>
    subject.log.append(numbers(count).map((i) => ({ topic, partition, key: `p${partition}`, value: Buffer.from(`${i}`) })));

  describe('assignment', () => {
    test('starts at the offset that onAssigned returns, else at the committed one, else at the start', async () => {
      const topic = await subject.topic(3);
      for (const partition of numbers(3)) await fill(topic, partition, 20);
      const first = probe(subject.log, { group: topic, topics: [topic] });
      await first.consumer.start();
      await first.until('all', () => first.records().length >= 60);
      await first.consumer.commit([
        { topic, partition: 0, offset: 4 },
        { topic, partition: 1, offset: 7 },
      ]);
      await first.consumer.stop();
      const second = probe(subject.log, {
        group: topic,
        topics: [topic],
        onAssigned: async () => [{ topic, partition: 1, offset: 15 }],
      });
      await second.consumer.start();
      await second.until('all', () => second.records().length >= 16 + 5 + 20);
      assert.deepEqual(second.records(0).map(text), numbers(16, 4).map(String));
      assert.deepEqual(second.records(1).map(text), numbers(5, 15).map(String));
      assert.deepEqual(second.records(2).map(text), numbers(20).map(String));
      await second.consumer.stop();
    });

    test('delivers nothing before onAssigned has resolved', async () => {
      const topic = await subject.topic(1);
      await fill(topic, 0, 5);
      const p = probe(subject.log, {
        group: topic,
        topics: [topic],
        async onAssigned() {
          await new Promise((resolve) => setTimeout(resolve, 400));
          return [];
        },
      });
      await p.consumer.start();
      await p.until('records', () => p.records().length >= 5);
      assert.deepEqual(p.events.map(({ what }) => what).slice(0, 2), ['assigned', 'records']);
      await p.consumer.stop();
    });

    test('can be paused from inside onAssigned', async () => {
      const topic = await subject.topic(2);
      for (const partition of numbers(2)) await fill(topic, partition, 5);
      const p = probe(subject.log, {
        group: topic,
        topics: [topic],
        async onAssigned() {
          p.consumer.pause({ topic, partition: 0 });
          return [];
        },
      });
      await p.consumer.start();
      await p.until('the other one', () => p.records(1).length >= 5);
      assert.deepEqual(p.records(0), []);
      p.consumer.resume({ topic, partition: 0 });
      await p.until('this one', () => p.records(0).length >= 5);
      await p.consumer.stop();
    });

    test('continues after a restart from what was committed, also inside onRevoked', async () => {
      const topic = await subject.topic(1);
      await fill(topic, 0, 30);
      const first = probe(subject.log, {
        group: topic,
        topics: [topic],
        onRevoked: () => first.consumer.commit([{ topic, partition: 0, offset: 21, generation: first.generation() }]),
      });
      await first.consumer.start();
      await first.until('all', () => first.records().length >= 30);
      await first.consumer.commit([{ topic, partition: 0, offset: 10, metadata: 'a hint' }]);
      assert.deepEqual([...(await subject.log.committed(topic, topic))], [[0, 10]]);
      await first.consumer.stop();
      assert.deepEqual([...(await subject.log.committed(topic, topic))], [[0, 21]]);
      await subject.reopen();
      const second = probe(subject.log, { group: topic, topics: [topic] });
      await second.consumer.start();
      await second.until('the rest', () => second.records().length >= 9);
      assert.deepEqual(second.records().map(text), numbers(9, 21).map(String));
      await second.consumer.stop();
    });

    test('commits in the order of calling, however many are under way', async () => {
      const topic = await subject.topic(2);
      const p = probe(subject.log, { group: topic, topics: [topic] });
      await p.consumer.start();
      await p.until('assignment', () => p.held().length === 2);
      await Promise.all(numbers(50, 1).map((offset) => p.consumer.commit([{ topic, partition: offset % 2, offset }])));
      assert.deepEqual([...(await subject.log.committed(topic, topic))].sort(), [
        [0, 50],
        [1, 49],
      ]);
      await p.consumer.commit([]);
      await p.consumer.stop();
    });

    test('refuses a commit for what it does not hold, or held under an earlier generation', async () => {
      const topic = await subject.topic(1);
      const p = probe(subject.log, { group: topic, topics: [topic] });
      await assert.rejects(p.consumer.commit([{ topic, partition: 0, offset: 1 }]), { class: 'Fenced' });
      await p.consumer.start();
      await p.until('assignment', () => p.held().length === 1);
      await assert.rejects(p.consumer.commit([{ topic, partition: 1, offset: 1 }]), { class: 'Fenced' });
      const generation = p.generation();
      await assert.rejects(p.consumer.commit([{ topic, partition: 0, offset: 1, generation: generation - 1 }]), { class: 'Fenced' });
      assert.equal((await subject.log.committed(topic, topic)).size, 0);
      await p.consumer.commit([{ topic, partition: 0, offset: 1, generation }]);
      assert.equal((await subject.log.committed(topic, topic)).get(0), 1);
      await p.consumer.stop();
    });

    test('of an unknown group has nothing committed', async () => {
      const topic = await subject.topic(2);
      assert.equal((await subject.log.committed(`${topic}.nobody`, topic)).size, 0);
    });
  });
}
