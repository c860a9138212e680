import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Subject } from '../conformance.ts';
import { gate, numbers, type Probe, probe, text } from './probe.ts';

export function groupTests(subject: Subject): void {
  const fill = (topic: string, partitions: number, count: number, from = 0) =>
    subject.log.append(
      numbers(partitions).flatMap((partition) =>
        numbers(count, from).map((i) => ({ topic, partition, key: `p${partition}`, value: Buffer.from(`${i}`) })),
      ),
    );
  const shared = (a: Probe, b: Probe, partitions: number): boolean =>
    a.held().length > 0 && b.held().length > 0 && [...a.held(), ...b.held()].sort((x, y) => x - y).join() === numbers(partitions).join();

  describe('group', () => {
    test('shares the partitions of two members, and the one that stays takes over all', async () => {
      const topic = await subject.topic(6);
      await fill(topic, 6, 10);
      const commitAll = (p: () => Probe) => async () => {
        for (const partition of p().held()) {
          const last = p().records(partition).at(-1);
          if (last) await p().consumer.commit([{ topic, partition, offset: last.offset + 1 }]);
        }
      };
      const a: Probe = probe(subject.log, { group: topic, topics: [topic], onRevoked: commitAll(() => a) });
      const b: Probe = probe(subject.log, { group: topic, topics: [topic], onRevoked: commitAll(() => b) });
      await a.consumer.start();
      await a.until('all six', () => a.held().length === 6);
      await b.consumer.start();
      await b.until('a share', () => shared(a, b, 6));
      await a.until('every record once', () => a.records().length + b.records().length >= 60);
      await fill(topic, 6, 10, 10);
      await b.until('its part', () => b.held().every((partition) => text(b.records(partition).at(-1)) === '19'));
      await a.until('its part', () => a.held().every((partition) => text(a.records(partition).at(-1)) === '19'));
      await b.consumer.stop();
      await a.until('all six again', () => a.held().length === 6);
      await fill(topic, 6, 1, 20);
      await a.until('the last ones', () => numbers(6).every((partition) => text(a.records(partition).at(-1)) === '20'));
      await a.consumer.stop();
      const seen = [...a.events, ...b.events].flatMap((event) =>
        event.what === 'records' ? event.records.map(({ offset }) => `${event.partition.partition}/${offset}`) : [],
      );
      assert.equal(new Set(seen).size, 6 * 21, 'a record is missing');
      assert.equal(seen.length, 6 * 21, 'a record came twice although it was committed');
      const generations = a.events.flatMap((event) => (event.what === 'assigned' ? [event.generation] : []));
      assert.deepEqual(
        generations,
        [...new Set(generations)].sort((x, y) => x - y),
        'generations rise',
      );
      assert.deepEqual(
        [...a.events, ...b.events].filter(({ what }) => what === 'error' || what === 'lost'),
        [],
      );
    });

    test('awaits onRevoked, in which commits work, before the partitions move; nothing is delivered meanwhile', async () => {
      const topic = await subject.topic(4);
      await fill(topic, 4, 10);
      const drain = gate();
      const a: Probe = probe(subject.log, {
        group: topic,
        topics: [topic],
        async onRevoked(partitions) {
          await fill(topic, 4, 10, 10);
          await drain.opened;
          await a.consumer.commit(partitions.map((tp) => ({ ...tp, offset: 5, generation: a.generation() })));
        },
      });
      const b: Probe = probe(subject.log, { group: topic, topics: [topic] });
      await a.consumer.start();
      await a.until('everything', () => a.records().length >= 40);
      const starting = b.consumer.start();
      await a.until('revoke', () => a.events.some(({ what }) => what === 'revoking'));
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.deepEqual(b.held(), [], 'partitions moved while they drained');
      assert.equal(a.records().length, 40, 'records were delivered during the drain');
      drain.open();
      await starting;
      await b.until('a share', () => shared(a, b, 4));
      await b.until('its records', () => b.held().every((partition) => b.records(partition).length >= 15));
      for (const partition of b.held()) assert.deepEqual(b.records(partition).map(text), numbers(15, 5).map(String));
      const order = a.events.filter(({ what }) => what !== 'records').map(({ what }) => what);
      assert.deepEqual(order, ['assigned', 'revoking', 'revoked', 'assigned']);
      await Promise.all([a.consumer.stop(), b.consumer.stop()]);
    });

    test('fences the previous owner of a partition', async () => {
      const topic = await subject.topic(2);
      const a: Probe = probe(subject.log, { group: topic, topics: [topic] });
      const b: Probe = probe(subject.log, { group: topic, topics: [topic] });
      await a.consumer.start();
      await a.until('both', () => a.held().length === 2);
      const before = a.generation();
      await b.consumer.start();
      await b.until('a share', () => shared(a, b, 2));
      const [moved] = b.held() as [number];
      const [kept] = a.held() as [number];
      await assert.rejects(a.consumer.commit([{ topic, partition: moved, offset: 9 }]), { class: 'Fenced', code: 'AORTA_LOG_005' });
      await assert.rejects(a.consumer.commit([{ topic, partition: kept, offset: 9, generation: before }]), { class: 'Fenced' });
      assert.equal((await subject.log.committed(topic, topic)).size, 0);
      await a.consumer.commit([{ topic, partition: kept, offset: 9, generation: a.generation() }]);
      await b.consumer.commit([{ topic, partition: moved, offset: 8, generation: b.generation() }]);
      assert.deepEqual((await subject.log.committed(topic, topic)).get(moved), 8);
      await Promise.all([a.consumer.stop(), b.consumer.stop()]);
    });

    test('keeps partitions of equal count together: a patient has one owner over all topics of a flow', async () => {
      const topics = [await subject.topic(5), await subject.topic(5)];
      const group = topics[0] as string;
      const owner = (p: Probe, topic: string): number[] => {
        const last = p.events.findLast((event) => event.what === 'assigned');
        return last?.what === 'assigned' ? last.partitions.filter((tp) => tp.topic === topic).map(({ partition }) => partition) : [];
      };
      const members = numbers(2).map(() => probe(subject.log, { group, topics }));
      const [a, b] = members as [Probe, Probe];
      await a.consumer.start();
      await a.until('all', () => a.held().length === 10);
      await b.consumer.start();
      await b.until('a share', () => a.held().length > 0 && b.held().length > 0 && a.held().length + b.held().length === 10);
      for (const member of members) assert.deepEqual(owner(member, topics[0] as string), owner(member, topics[1] as string));
      await Promise.all(members.map(({ consumer }) => consumer.stop()));
    });

    test('does not mix with another group', async () => {
      const topic = await subject.topic(2);
      await fill(topic, 2, 5);
      const a = probe(subject.log, { group: `${topic}.a`, topics: [topic] });
      const b = probe(subject.log, { group: `${topic}.b`, topics: [topic] });
      await Promise.all([a.consumer.start(), b.consumer.start()]);
      await Promise.all([a.until('all', () => a.records().length >= 10), b.until('all', () => b.records().length >= 10)]);
      await a.consumer.commit([{ topic, partition: 0, offset: 3 }]);
      assert.equal((await subject.log.committed(`${topic}.b`, topic)).size, 0);
      await Promise.all([a.consumer.stop(), b.consumer.stop()]);
    });
  });
}
