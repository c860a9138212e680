import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { partitionOf } from '../../../src/log/murmur2.ts';
import type { Append, HeaderValue } from '../../../src/log/port.ts';
import type { Subject } from '../conformance.ts';
import { numbers, text } from './probe.ts';

/** A key may come as a text that stands for its bytes. */
const bytesOf = (key: HeaderValue | null | undefined) => (typeof key === 'string' ? Buffer.from(key) : key);

export function appendTests(subject: Subject): void {
  describe('append', () => {
    test('answers with the partition and offset of each record, in the order given', async () => {
      const topic = await subject.topic(4);
      const records = numbers(100).map((i): Append => ({ topic, key: `patient-${i % 17}`, value: Buffer.from(String(i)) }));
      const appended = await subject.log.append(records);
      assert.equal(appended.length, 100);
      for (const partition of numbers(4)) {
        const mine = records.map((record, i) => ({ record, at: appended[i] })).filter(({ at }) => at?.partition === partition);
        assert.deepEqual(
          mine.map(({ at }) => at?.offset),
          numbers(mine.length),
        );
        assert.deepEqual(
          (await subject.log.read({ topic, partition }, 0, 1000)).map(text),
          mine.map(({ record }) => record.value?.toString()),
        );
      }
    });

    test('puts a key where every Kafka client would, and a chosen partition where it was chosen', async () => {
      const topic = await subject.topic(7);
      const keys = ['', 'a', '01JC8Z7Q0V6Y5K3W2T1R0P9N8M', 'Zoë', '患者', Buffer.from([0, 255, 1, 254, 7])];
      const appended = await subject.log.append(keys.map((key) => ({ topic, key, value: null })));
      assert.deepEqual(
        appended.map(({ partition }) => partition),
        keys.map((key) => partitionOf(key, 7)),
      );
      const chosen = await subject.log.append(numbers(7).map((partition) => ({ topic, partition, key: 'a', value: null })));
      assert.deepEqual(
        chosen.map(({ partition }) => partition),
        numbers(7),
      );
      await assert.rejects(subject.log.append([{ topic, partition: 7, key: 'a', value: null }]), { class: 'Permanent' });
    });

    test('takes records without a key', async () => {
      const topic = await subject.topic(3);
      const appended = await subject.log.append(numbers(9).map((i) => ({ topic, key: null, value: Buffer.from([i]) })));
      assert.ok(appended.every(({ partition, offset }) => partition >= 0 && partition < 3 && offset >= 0));
      const [first] = await subject.log.read({ topic, partition: appended[0]?.partition ?? 0 }, 0, 1);
      assert.equal(first?.key, null);
    });

    test('keeps the order of calling, without waiting in between', async () => {
      const topic = await subject.topic(2);
      const calls = numbers(300).map((i) =>
        subject.log.append([
          { topic, partition: 0, key: 'a', value: Buffer.from(`${i}`) },
          { topic, partition: i % 2, key: 'a', value: Buffer.from(`${i}+`) },
        ]),
      );
      const answers = await Promise.all(calls);
      const offsets = answers.map(([first]) => first?.offset as number);
      assert.deepEqual(
        offsets,
        [...offsets].sort((a, b) => a - b),
      );
      const zero = (await subject.log.read({ topic, partition: 0 }, 0, 10_000)).map(text);
      assert.deepEqual(
        zero,
        numbers(300).flatMap((i) => (i % 2 === 0 ? [`${i}`, `${i}+`] : [`${i}`])),
      );
      for (const [i, [first]] of answers.entries()) assert.equal(zero[first?.offset as number], `${i}`);
    });

    test('writes each call once, one after the other', async () => {
      const topic = await subject.topic(1);
      for (const i of numbers(30)) {
        const [at] = await subject.log.append([{ topic, key: 'a', value: Buffer.from(`${i}`) }]);
        assert.equal(at?.offset, i);
      }
      assert.deepEqual((await subject.log.read({ topic, partition: 0 }, 0, 100)).map(text), numbers(30).map(String));
    });

    test('keeps everything: key, value, tombstone, empty value, headers, timestamp', async () => {
      const topic = await subject.topic(1);
      const bytes = Buffer.from([...numbers(256)]);
      await subject.log.append([
        {
          topic,
          key: 'k',
          value: bytes,
          timestamp: 1_700_000_000_123,
          headers: { eventId: 'é-1', 'aorta-seq': Buffer.from('f/0/9'), absent: undefined, constructor: 'x' },
        },
        { topic, key: Buffer.from([0, 1, 2]), value: null, timestamp: 1_600_000_000_001 },
        { topic, key: '', value: Buffer.alloc(0) },
        { topic, key: Buffer.from([0, 0x80, 0xff]), value: null },
      ]);
      const before = Date.now();
      const [full, tombstone, empty, binary] = await subject.log.read({ topic, partition: 0 }, 0, 10);
      assert.equal(full?.offset, 0);
      assert.equal(full?.key?.toString(), 'k');
      assert.deepEqual(full?.value, bytes);
      assert.equal(full?.timestamp, 1_700_000_000_123);
      assert.deepEqual(Object.keys(full?.headers ?? {}).sort(), ['aorta-seq', 'constructor', 'eventId']);
      assert.equal(String(full?.headers['eventId']), 'é-1');
      assert.equal(String(full?.headers['aorta-seq']), 'f/0/9');
      assert.equal(String(full?.headers['constructor']), 'x');
      assert.deepEqual(bytesOf(tombstone?.key), Buffer.from([0, 1, 2]));
      assert.deepEqual(bytesOf(binary?.key), Buffer.from([0, 0x80, 0xff]));
      assert.equal(tombstone?.value, null);
      assert.equal(tombstone?.timestamp, 1_600_000_000_001);
      assert.deepEqual(empty?.value, Buffer.alloc(0));
      assert.deepEqual(bytesOf(empty?.key), Buffer.alloc(0));
      assert.ok(Math.abs((empty?.timestamp ?? 0) - before) < 600_000, 'the time of the append when none is given');
    });

    test('takes nothing, and many thousand at once', async () => {
      assert.deepEqual(await subject.log.append([]), []);
      const topic = await subject.topic(3);
      const value = Buffer.alloc(1024, 7);
      const appended = await subject.log.append(numbers(6000).map((i) => ({ topic, key: `p${i}`, value })));
      assert.equal(appended.length, 6000);
      const ends = await subject.log.ends(topic);
      assert.equal(
        ends.reduce((sum, { end }) => sum + end, 0),
        6000,
      );
    });

    test('takes a record of 0.9 MB, alone and between small ones', async () => {
      const topic = await subject.topic(1);
      const large = Buffer.alloc(900_000, 'x');
      large.write('end', large.length - 3);
      await subject.log.append([
        { topic, key: 'a', value: Buffer.from('before') },
        { topic, key: 'a', value: large },
        { topic, key: 'a', value: Buffer.from('between') },
        { topic, key: 'a', value: large },
      ]);
      const records = await subject.log.read({ topic, partition: 0 }, 0, 10);
      assert.deepEqual(
        records.map(({ value }) => value?.length),
        [6, 900_000, 7, 900_000],
      );
      assert.ok(records[3]?.value?.equals(large));
    });

    test('is durable when it answers', async () => {
      const topic = await subject.topic(1);
      const [at] = await subject.log.append([{ topic, key: 'a', value: Buffer.from('kept') }]);
      await subject.reopen();
      assert.deepEqual((await subject.log.read({ topic, partition: 0 }, 0, 10)).map(text), ['kept']);
      const [next] = await subject.log.append([{ topic, key: 'a', value: Buffer.from('next') }]);
      assert.equal(next?.offset, (at?.offset as number) + 1);
    });

    test('to a compacted topic needs a key', async () => {
      const name = subject.topicName();
      await subject.log.ensureTopics([{ name, partitions: 1, retentionMs: 8 * 86_400_000, compacted: true }]);
      await assert.rejects(subject.log.append([{ topic: name, key: null, value: Buffer.from('x') }]), { class: 'Permanent' });
      await subject.log.append([{ topic: name, key: 'k', value: Buffer.from('x') }]);
    });
  });

  describe('read', () => {
    test('starts where told, stops at the limit and at the end', async () => {
      const topic = await subject.topic(1);
      await subject.log.append(numbers(20).map((i) => ({ topic, key: 'a', value: Buffer.from(`${i}`) })));
      assert.deepEqual((await subject.log.read({ topic, partition: 0 }, 5, 3)).map(text), ['5', '6', '7']);
      assert.deepEqual((await subject.log.read({ topic, partition: 0 }, 18, 10)).map(text), ['18', '19']);
      assert.deepEqual(await subject.log.read({ topic, partition: 0 }, 20, 10), []);
      assert.deepEqual(await subject.log.read({ topic, partition: 0 }, 99, 10), []);
      await assert.rejects(subject.log.read({ topic, partition: 1 }, 0, 1), { code: 'AORTA_LOG_015' });
    });
  });
}
