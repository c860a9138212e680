import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deal, unitOf } from '../../../src/log/kafka/assigner.ts';

const units = (count: number) => Array.from({ length: count }, (_, p) => unitOf(count, p));
const member = (id: string, had: readonly string[] = []) => ({ id, had: new Set(had) });

test('every partition has one owner, and nobody has two more than another, whatever they had before', () => {
  fc.assert(
    fc.property(
      fc.nat(40),
      fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(7), { maxLength: 40 }),
      (count, ids, owners) => {
        const all = units(count);
        const members = ids.map((id, i) =>
          member(
            id,
            all.filter((_, u) => owners[u] === i || owners[u] === i + 1),
          ),
        );
        const dealt = deal(all, members);
        assert.deepEqual([...dealt.values()].flat().sort(), [...all].sort());
        const sizes = [...dealt.values()].map((held) => held.length);
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
        assert.deepEqual(deal(all, [...members].reverse()), dealt, 'the order of members does not matter');
      },
    ),
  );
});

test('a member keeps what it had when one joins, and when one leaves', () => {
  const all = units(12);
  const alone = deal(all, [member('a')]);
  const two = deal(all, [member('a', alone.get('a')), member('b')]);
  assert.equal(
    two.get('a')?.every((unit) => alone.get('a')?.includes(unit)),
    true,
  );
  assert.equal(two.get('b')?.length, 6);
  const three = deal(all, [member('a', two.get('a')), member('b', two.get('b')), member('c')]);
  for (const id of ['a', 'b'])
    assert.ok(
      three.get(id)?.every((unit) => two.get(id)?.includes(unit)),
      `${id} got a stranger`,
    );
  const left = deal(all, [member('a', three.get('a')), member('c', three.get('c'))]);
  for (const id of ['a', 'c'])
    assert.ok(
      three.get(id)?.every((unit) => left.get(id)?.includes(unit)),
      `${id} lost one of its own`,
    );
});
