import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Root } from '../../src/engine/root.ts';
import { Trail } from '../../src/engine/trail.ts';

const root = (n: number) => ({ eventId: `e${n}`, key: `p${n % 3}`, offset: n }) as Root;

it('the trail keeps texts of any length and alphabet, and forgets them with their place', () => {
  const trail = new Trail(10_000);
  const texts = ['é', 'x'.repeat(300), '患者', '', 'plain'];
  for (const eventId of texts)
    for (const key of texts) trail.add({ eventId, key, offset: -1 } as Root, 3, { kind: 'skipped', reason: 'r' }, Date.now());
  for (const eventId of texts)
    assert.deepEqual(
      trail.of(eventId).map((trace) => [trace.eventId, trace.key, trace.offset]),
      texts.map((key) => [eventId, key, -1]),
    );
  for (let n = 0; n < 10_000; n++) trail.add(root(n), 1, { kind: 'done' }, n);
  for (const eventId of texts) assert.deepEqual(trail.of(eventId), []);
  assert.equal(trail.of('e0').length, 1);
  assert.equal(trail.of('e9999').length, 1);
});

it('the trail keeps the newest ten thousand settlements, oldest first, and what it gave out does not change', () => {
  const trail = new Trail(10_000);
  trail.add(root(1), 0, { kind: 'failed', code: 'C' }, 10);
  trail.add(root(1), 0, { kind: 'done' }, 20);
  const given = trail.of('e1');
  assert.deepEqual(
    given.map(({ settlement, at }) => [settlement.kind, at]),
    [
      ['failed', 10],
      ['done', 20],
    ],
  );
  for (let n = 2; n < 10_001; n++) trail.add(root(n), 1, { kind: 'done' }, n);
  assert.deepEqual(
    trail.of('e1').map(({ at }) => at),
    [20],
    'one place was taken',
  );
  trail.add(root(10_001), 1, { kind: 'done' }, 0);
  assert.deepEqual(trail.of('e1'), []);
  assert.equal(given.length, 2);
  assert.deepEqual(trail.of('e5000'), [
    { eventId: 'e5000', key: 'p2', partition: 1, offset: 5000, settlement: { kind: 'done' }, at: 5000 },
  ]);
});
