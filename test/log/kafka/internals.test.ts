import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsumerGroup, checkInternals, internalsMissing } from '../../../src/log/kafka/internals.ts';

test('the installed kafkajs has every internal that the adapter builds on', () => {
  assert.deepEqual(internalsMissing(), []);
  checkInternals();
});

test('another version, or a missing method, stops the start with a coded error', () => {
  assert.throws(() => checkInternals('2.3.0'), { code: 'AORTA_LOG_012', class: 'Defect' });
  const prototype = (ConsumerGroup as unknown as { prototype: Record<string, unknown> }).prototype;
  const kept = prototype['joinAndSync'];
  try {
    delete prototype['joinAndSync'];
    assert.deepEqual(internalsMissing(), ['ConsumerGroup.joinAndSync']);
    assert.throws(() => checkInternals(), { code: 'AORTA_LOG_012', message: /ConsumerGroup\.joinAndSync/ });
  } finally {
    prototype['joinAndSync'] = kept;
  }
});
