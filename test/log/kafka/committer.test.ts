import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Committer } from '../../../src/log/kafka/committer.ts';
import type { Commit } from '../../../src/log/port.ts';
import { gate } from '../conformance/probe.ts';

const commit = (partition: number, offset: number): Commit => ({ topic: 't', partition, offset });

test('one commit is on its way at a time, and those made meanwhile travel together, the last one counting', async () => {
  const first = gate();
  const sent: (readonly (readonly [number, number])[])[] = [];
  let inFlight = 0;
  const committer = new Committer(async (offsets) => {
    assert.equal(++inFlight, 1, 'two commits on their way');
    sent.push(offsets.map(({ partition, offset }) => [partition, offset] as const));
    if (sent.length === 1) await first.opened;
    await Promise.resolve();
    inFlight--;
  });
  const calls = [committer.commit([commit(0, 1)])];
  await Promise.resolve();
  await Promise.resolve();
  calls.push(committer.commit([commit(0, 2), commit(1, 5)]), committer.commit([commit(0, 3)]));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(sent.length, 1);
  first.open();
  await Promise.all(calls);
  assert.deepEqual(sent, [
    [[0, 1]],
    [
      [0, 3],
      [1, 5],
    ],
  ]);
  assert.deepEqual(
    [...committer.last],
    [
      ['t/0', 3],
      ['t/1', 5],
    ],
  );
});

test('a refused commit rejects for everyone in it and leaves nothing confirmed; the next one is sent', async () => {
  let refuse = true;
  const committer = new Committer(async () => {
    if (refuse) throw new Error('refused');
  });
  const both = [committer.commit([commit(0, 1)]), committer.commit([commit(1, 1)])];
  for (const call of both) await assert.rejects(call, /refused/);
  await committer.settled();
  assert.equal(committer.last.size, 0);
  refuse = false;
  await committer.commit([commit(0, 2)]);
  assert.deepEqual([...committer.last], [['t/0', 2]]);
});
