import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTopic, driftOf, minimumRetentionMs } from '../../src/log/retention.ts';

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

test('a topic drifts when it keeps less than it should, in time or by a limit in bytes; forever is enough', () => {
  const unlimited = Number.POSITIVE_INFINITY;
  assert.equal(driftOf('t', 7 * day, { retentionMs: 7 * day, retentionBytes: unlimited }), undefined);
  assert.equal(driftOf('t', 7 * day, { retentionMs: unlimited, retentionBytes: unlimited }), undefined);
  assert.deepEqual(driftOf('t', 7 * day, { retentionMs: 1, retentionBytes: unlimited }), { topic: 't', retentionMs: 1, wantedMs: 7 * day });
  assert.deepEqual(driftOf('t', 7 * day, { retentionMs: 9 * day, retentionBytes: 1000 }), {
    topic: 't',
    retentionMs: 9 * day,
    wantedMs: 7 * day,
    retentionBytes: 1000,
  });
});

test('parked and dead letters are kept 30 days', () => {
  for (const name of ['f.dlq', 'f.parked']) assert.equal(minimumRetentionMs(name), 30 * day);
  assert.equal(minimumRetentionMs('parked'), 7 * day);
});
