import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Subject } from '../conformance.ts';

const day = 86_400_000;
const refused =
  (code: string, errorClass = 'Permanent') =>
  (thrown: unknown) => {
    assert.equal((thrown as { code?: string }).code, code, String(thrown));
    assert.equal((thrown as { class?: string }).class, errorClass);
    return true;
  };

export function topicTests(subject: Subject): void {
  describe('topics', () => {
    test('are created with the partitions asked for, and asking again changes nothing', async () => {
      const name = subject.topicName();
      const spec = { name, partitions: 5, retentionMs: 7 * day };
      await Promise.all([subject.log.ensureTopics([spec]), subject.log.ensureTopics([spec])]);
      await subject.log.ensureTopics([spec]);
      assert.equal(await subject.log.partitions(name), 5);
      const ends = await subject.log.ends(name);
      assert.deepEqual(
        ends.map(({ partition, start, end }) => [partition, start, end]),
        [0, 1, 2, 3, 4].map((partition) => [partition, 0, 0]),
      );
    });

    test('are all created when several flows start at once, each with topics of its own', async () => {
      const flows = Array.from({ length: 6 }, () => Array.from({ length: 5 }, () => subject.topicName()));
      await Promise.all(
        flows.map((names) => subject.log.ensureTopics(names.map((name) => ({ name, partitions: 2, retentionMs: 7 * day })))),
      );
      for (const name of flows.flat()) assert.equal(await subject.log.partitions(name), 2);
    });

    test('keep their partition count: another one is refused', async () => {
      const name = await subject.topic(2);
      await assert.rejects(subject.log.ensureTopics([{ name, partitions: 3, retentionMs: 8 * day }]), refused('AORTA_LOG_004'));
      assert.equal(await subject.log.partitions(name), 2);
    });

    test('are kept 7 days at least, dead letters 30: a shorter retention is refused and creates nothing', async () => {
      const name = subject.topicName();
      await assert.rejects(subject.log.ensureTopics([{ name, partitions: 1, retentionMs: 7 * day - 1 }]), refused('AORTA_LOG_003'));
      await assert.rejects(subject.log.partitions(name), refused('AORTA_LOG_002'));
      const dead = subject.topicName('.dlq');
      await assert.rejects(subject.log.ensureTopics([{ name: dead, partitions: 1, retentionMs: 29 * day }]), refused('AORTA_LOG_003'));
      await subject.log.ensureTopics([{ name: dead, partitions: 1, retentionMs: 30 * day }]);
    });

    test('say what they keep; unknown ones are left out', async () => {
      const [kept, names, dead] = [await subject.topic(1), subject.topicName(), subject.topicName('.dlq')];
      await subject.log.ensureTopics([{ name: names, partitions: 1, retentionMs: 7 * day, compacted: true }]);
      await subject.log.ensureTopics([{ name: dead, partitions: 1, retentionMs: 31 * day }]);
      const keeping = await subject.log.keeping([kept, names, dead, subject.topicName()]);
      const unlimited = Number.POSITIVE_INFINITY;
      assert.deepEqual(
        [...keeping],
        [
          [kept, { retentionMs: 8 * day, retentionBytes: unlimited }],
          [names, { retentionMs: unlimited, retentionBytes: unlimited }],
          [dead, { retentionMs: 31 * day, retentionBytes: unlimited }],
        ],
      );
    });

    test('say whether they are compacted, and a changed mind is refused', async () => {
      const name = subject.topicName();
      const spec = { name, partitions: 1, retentionMs: 7 * day };
      await subject.log.ensureTopics([{ ...spec, compacted: true }]);
      await subject.log.ensureTopics([{ ...spec, compacted: true }]);
      await assert.rejects(subject.log.ensureTopics([spec]), refused('AORTA_LOG_009'));
      const kept = await subject.topic(1);
      await assert.rejects(
        subject.log.ensureTopics([{ ...spec, name: kept, retentionMs: 8 * day, compacted: true }]),
        refused('AORTA_LOG_009'),
      );
    });

    test('have names that both profiles can use', async () => {
      for (const name of ['', '.', '..', 'a b', 'ä', 'x'.repeat(250)]) {
        await assert.rejects(subject.log.ensureTopics([{ name, partitions: 1, retentionMs: 7 * day }]), refused('AORTA_LOG_015'));
      }
      await assert.rejects(
        subject.log.ensureTopics([{ name: subject.topicName(), partitions: 0, retentionMs: 7 * day }]),
        refused('AORTA_LOG_015'),
      );
    });

    test('that do not exist are refused everywhere', async () => {
      const name = subject.topicName();
      await assert.rejects(subject.log.partitions(name), refused('AORTA_LOG_002'));
      await assert.rejects(subject.log.ends(name), refused('AORTA_LOG_002'));
      await assert.rejects(subject.log.read({ topic: name, partition: 0 }, 0, 1), refused('AORTA_LOG_002'));
      await assert.rejects(subject.log.append([{ topic: name, key: 'k', value: null }]), refused('AORTA_LOG_002'));
    });

    test('can be pinged', async () => {
      await subject.log.ping();
    });
  });
}
