import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handover } from '../../src/engine/handover.ts';
import { Lane } from '../../src/engine/lane.ts';
import type { Root } from '../../src/engine/root.ts';
import { Slabs } from '../../src/log/slabs.ts';

test('inputs of an independent lane share memory: each is not given 8 KiB', () => {
  const answer = Buffer.from(new ArrayBuffer(1 << 20));
  answer.write('patient-ä');
  let seq = 0;
  const into = { held: { nextSeq: () => seq++ } };
  const from = Object.assign(Object.create(Lane.prototype) as Lane, { slabs: new Slabs(), lanes: new Map([['alerts', into]]) });
  const root = { key: 'patient-ä', eventId: 'e', headers: {}, recordKey: answer.subarray(0, 10) } as unknown as Root;
  const rows = Array.from({ length: 100 }, () => handover(from, root, 'tee', 'alerts', answer.subarray(100, 200), 0).row);
  const memory = new Set(rows.flatMap(({ recordKey, value }) => [recordKey?.buffer, value?.buffer]));
  assert.ok(memory.size <= 2, `${memory.size} slabs for 11 KB`);
  assert.equal(rows[0]?.recordKey?.toString(), 'patient-ä');
});
