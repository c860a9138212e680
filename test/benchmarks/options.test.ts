import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode, encode, eventBytes, eventOf, schemaIdOf, transform } from '../../benchmarks/event.ts';
import { benchOptions } from '../../benchmarks/options.ts';
import { AortaError } from '../../src/errors/index.ts';

describe('benchmark options', () => {
  it('reads flags, and has defaults', () => {
    assert.deepEqual(benchOptions(['calls', '--peers', 'per-key,aorta', '--rounds', '5', '--rate', '0', '--json']), {
      workload: 'calls',
      peers: ['per-key'],
      messages: 0,
      duration: 15,
      rounds: 5,
      rate: 0,
      json: true,
    });
  });

  it('asks for nothing but its usage without a workload', () => {
    assert.equal(benchOptions([]), undefined);
    assert.equal(benchOptions(['calls', '--help']), undefined);
  });

  it('refuses what it does not understand', () => {
    for (const args of [
      ['calls', '--rounds', '0'],
      ['calls', '--rate', 'fast'],
      ['calls', '--colour'],
    ])
      assert.throws(
        () => benchOptions(args),
        (thrown) => thrown instanceof AortaError && thrown.code === 'AORTA_CFG_001',
      );
  });
});

describe('benchmark events', () => {
  it('take 1 KB in Avro, whoever and whenever', () => {
    for (const [patient, seq] of [
      [0, 0],
      [4_999, 99_999],
    ] as const)
      assert.equal(encode(eventOf(patient, seq, 1_763_800_000_000.25), 1).length, eventBytes + 5);
  });

  it('survive encode, decode and the work of a peer', () => {
    const event = eventOf(7, 42, 1_763_800_000_000.25);
    const bytes = encode(event, 258);
    assert.equal(schemaIdOf(bytes), 258);
    assert.deepEqual({ ...decode(encode(transform(decode(bytes)), 258)) }, { ...event, sender: 'BENCH|OUT' });
  });
});
