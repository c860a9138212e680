import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTopic, minimumRetentionMs } from '../../src/log/retention.ts';

const day = 86_400_000;

test('topics are kept 7 days at least, dead letters 30', () => {
  assert.equal(minimumRetentionMs('hl7.adt'), 7 * day);
  assert.equal(minimumRetentionMs('adt-admissions.dlq'), 30 * day);
  assert.equal(minimumRetentionMs('dlq.adt'), 7 * day);
  checkTopic({ name: 'hl7.adt', partitions: 12, retentionMs: 7 * day });
  for (const retentionMs of [7 * day - 1, 0, -1, Number.NaN, 7.5 * day + 0.5]) {
    assert.throws(() => checkTopic({ name: 'hl7.adt', partitions: 12, retentionMs }), { code: 'AORTA_LOG_003', class: 'Permanent' });
  }
  assert.throws(() => checkTopic({ name: 'x.dlq', partitions: 1, retentionMs: 30 * day - 1 }), { code: 'AORTA_LOG_003' });
});

test('names and partition counts that Kafka would refuse are refused', () => {
  for (const name of ['', '.', '..', 'a/b', 'a b', 'é', 'x'.repeat(250)]) {
    assert.throws(() => checkTopic({ name, partitions: 1, retentionMs: 7 * day }), { code: 'AORTA_LOG_015' });
  }
  for (const partitions of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => checkTopic({ name: 'a', partitions, retentionMs: 7 * day }), { code: 'AORTA_LOG_015' });
  }
});
