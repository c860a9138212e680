import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FetchSession } from '../../../src/log/kafka/fetchSession.ts';

const positions = (count: number) => Array.from({ length: count }, (_, partition) => ({ tp: { topic: 't', partition }, next: 0 }));
const named = (part: ReturnType<FetchSession['next']>) => ({ ...part, partitions: part.partitions.map((p) => [p.partition, p.offset]) });

test('names everything first, and then what has moved, is new, or is not wanted any more', () => {
  const session = new FetchSession();
  const all = positions(4);
  const [a, b, c, d] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0], (typeof all)[0]];
  const whole = [
    [0, 0],
    [1, 0],
    [2, 0],
  ];
  assert.deepEqual(named(session.next([a, b, c])), { id: 0, epoch: 0, partitions: whole, forgotten: [] });
  assert.equal(session.got({ session: 9, sessionError: 0 }), true);
  assert.deepEqual(named(session.next([b, c, a])), { id: 9, epoch: 1, partitions: [], forgotten: [] });
  session.got({ session: 9, sessionError: 0 });
  b.next = 5;
  assert.deepEqual(named(session.next([a, b, d])), {
    ...{ id: 9, epoch: 2, forgotten: [{ topic: 't', partition: 2 }] },
    partitions: [
      [1, 5],
      [3, 0],
    ],
  });
  session.got({ session: 9, sessionError: 0 });
  assert.deepEqual(named(session.next([a, c, b, d])).partitions, [[2, 0]]);
});

test('names everything again where the broker lost the session, gave none, or did not answer', () => {
  const session = new FetchSession();
  const all = positions(3);
  const begins = (what: string, id: number) => {
    const part = session.next(all);
    assert.deepEqual([part.id, part.epoch, part.partitions.length], [id, 0, 3], what);
  };
  begins('the first question', 0);
  session.got({ session: 0, sessionError: 0 });
  begins('none was given', 0);
  session.got({ session: 9, sessionError: 0 });
  assert.equal(session.next(all).partitions.length, 0);
  assert.equal(session.got({ session: 0, sessionError: 70 }), false);
  begins('the session is lost', 9);
  session.got({ session: 10, sessionError: 0 });
  session.reset();
  begins('no answer', 10);
});
