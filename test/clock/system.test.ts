import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemRandom } from '../../src/clock/system.ts';

describe('random bytes of the system', () => {
  it('are given out once: no two callers share any, across the end of the stock too', () => {
    const taken = Array.from({ length: 2_000 }, (_, n) => systemRandom.bytes(1 + (n % 40)));
    const before = taken.map((bytes) => Buffer.from(bytes).toString('hex'));
    for (const bytes of taken) bytes.fill(0);
    const after = Array.from({ length: 2_000 }, () => Buffer.from(systemRandom.bytes(24)).toString('hex'));
    assert.equal(new Set(after).size, after.length, 'ids of 24 bytes are all different');
    assert.ok(!after.includes('00'.repeat(24)), 'what a caller does to its bytes is not seen by the next one');
    assert.equal(new Set(before.filter((hex) => hex.length >= 32)).size, before.filter((hex) => hex.length >= 32).length);
  });

  it('come in any length', () => {
    for (const length of [0, 1, 10, 4_095, 4_096, 4_097, 100_000]) assert.equal(systemRandom.bytes(length).length, length);
    assert.notDeepEqual(systemRandom.bytes(10_000).subarray(5_000, 5_032), new Uint8Array(32));
  });
});
