import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Admission, AdmitOutcome, Identifier, Identity } from '../../../src/identity/port.ts';
import { admission, fresh, identifier } from '../conformance.ts';

const kinds = (outcomes: readonly AdmitOutcome[]) => outcomes.map((outcome) => outcome.kind);

/** An admission that merges: its own record, and two ahead of it. */
const merging = (
  seq: number,
  survivor: Admission,
  merged: readonly Identifier[],
  from: readonly string[],
  parts: Partial<Admission> = {},
) => {
  const id = fresh('merge');
  const ahead = [seq - 2, seq - 1].map((each) => ({
    seq: each,
    eventId: `${id}:${each}`,
    append: { topic: 'hl7.adt', key: survivor.patientId, value: Buffer.from('{}') },
  }));
  const merge = { identifiers: merged, links: from.map((patient, n) => ({ id: `${id}-${n}`, from: patient })) };
  return admission(seq, { patientId: survivor.patientId, identifiers: survivor.identifiers, ahead, merge, ...parts });
};

/** Merges and unmerges; part of the one suite. `two` is another instance on the same store. */
export function mergeConformance(opened: () => { readonly one: Identity; readonly two: Identity }): void {
  describe('merges', () => {
    const patients = async (count: number) => {
      const made = Array.from({ length: count }, (_, n) => admission(n + 1, { identifiers: [identifier(), identifier()] }));
      const instance = fresh('known');
      await opened().one.admit(instance, made, 0, 1);
      await opened().one.admit(instance, [], count, 1);
      return made as [Admission, Admission, Admission, Admission];
    };
    const ownerOf = async (...identifiers: readonly Identifier[]) =>
      (await opened().two.resolve(identifiers.map((each) => [each]))).map(({ patientId }) => patientId);

    it('points all identifiers of the merged to the survivor, and owes all records, in order', async () => {
      const { one, two } = opened();
      const [a, b] = await patients(2);
      const instance = fresh('i');
      const merge = merging(3, a, b.identifiers.slice(0, 1), [b.patientId]);
      assert.deepEqual(await one.admit(instance, [merge], 0, 7000), [{ kind: 'admitted', controlIdReused: false }]);
      assert.deepEqual(
        await ownerOf(...b.identifiers, ...a.identifiers),
        [a, a, a, a].map(({ patientId }) => patientId),
      );
      assert.deepEqual(
        (await two.owed(instance)).map(({ seq, eventId, append }) => [seq, eventId, Buffer.from(append.key as Buffer).toString()]),
        [...(merge.ahead ?? []), merge].map(({ seq, eventId }) => [seq, eventId, a.patientId]),
      );
      assert.equal(await two.lastSeq(instance), 3);
      const sorted = (list: readonly Identifier[]) => [...list].sort((x, y) => (x.value < y.value ? -1 : 1));
      for (const side of [a, b]) {
        const links = await two.links(side.patientId);
        assert.deepEqual(
          links.map((link) => ({ ...link, identifiers: sorted(link.identifiers) })),
          [
            {
              id: merge.merge?.links[0]?.id,
              from: b.patientId,
              to: a.patientId,
              at: 7000,
              identifiers: sorted(b.identifiers),
            },
          ],
        );
      }
      await one.admit(instance, [], 3, 8000);
      assert.deepEqual(await one.owed(instance), []);
    });

    it('the same merge again is a duplicate; admitted again after a lost reply it has no second effect', async () => {
      const { one } = opened();
      const [a, b] = await patients(2);
      const instance = fresh('i');
      const merge = merging(3, a, b.identifiers, [b.patientId]);
      const first = await one.admit(instance, [merge], 0, 7000);
      assert.deepEqual(kinds(first), ['admitted']);
      const [again] = await one.admit(instance, [merge], 0, 7001);
      assert.ok(again?.kind === 'admitted' || (again?.kind === 'duplicate' && again.eventId === merge.eventId));
      const resent = merging(9, a, b.identifiers, [], { fingerprint: merge.fingerprint });
      const [duplicate] = await one.admit(instance, [resent], 0, 7002);
      assert.equal(duplicate?.kind === 'duplicate' && duplicate.eventId, merge.eventId);
      assert.equal((await one.owed(instance)).length, 3);
      assert.equal((await one.links(b.patientId)).length, 1);
    });

    it('what was built for the merged patient and comes after is moved, with all that follows of the survivor', async () => {
      const { one, two } = opened();
      const [a, b, c] = await patients(3);
      await one.admit(fresh('i'), [merging(3, a, b.identifiers.slice(0, 1), [b.patientId])], 0, 1);
      const late = admission(1, { patientId: b.patientId, identifiers: b.identifiers.slice(1) });
      const behind = admission(2, { patientId: a.patientId, identifiers: a.identifiers });
      const other = admission(3, { patientId: c.patientId, identifiers: c.identifiers });
      assert.deepEqual(await two.admit(fresh('j'), [late, behind, other], 0, 2), [
        { kind: 'moved', patientId: a.patientId },
        { kind: 'moved', patientId: a.patientId },
        { kind: 'admitted', controlIdReused: false },
      ]);
    });

    it('takes a batch in order: before a merge, the merge, after it', async () => {
      const { one } = opened();
      const [a, b] = await patients(2);
      const instance = fresh('i');
      const fourth = identifier();
      const before = admission(1, { patientId: b.patientId, identifiers: [...b.identifiers, fourth] });
      const merge = merging(4, a, b.identifiers.slice(1), [b.patientId]);
      const after = admission(5, { patientId: a.patientId, identifiers: [fourth] });
      const wrong = admission(6, { patientId: b.patientId, identifiers: b.identifiers });
      assert.deepEqual(kinds(await one.admit(instance, [before, merge, after, wrong], 0, 1)), [
        'admitted',
        'admitted',
        'admitted',
        'moved',
      ]);
      assert.deepEqual(await ownerOf(fourth, ...b.identifiers), [a.patientId, a.patientId, a.patientId]);
      assert.equal((await one.links(a.patientId))[0]?.identifiers.length, 3);
    });

    it('a merge of somebody else than it was built for is moved, and changes nothing', async () => {
      const { one, two } = opened();
      const [a, b, c] = await patients(3);
      const instance = fresh('i');
      const stray = identifier();
      for (const [merged, from] of [
        [b.identifiers, []],
        [b.identifiers, [c.patientId]],
        [[stray], [b.patientId]],
        [[...b.identifiers, ...c.identifiers], [b.patientId]],
      ] as const)
        assert.deepEqual(await one.admit(instance, [merging(3, a, merged, from)], 0, 1), [{ kind: 'moved', patientId: a.patientId }]);
      const lost = admission(3, { patientId: fresh('patient'), identifiers: a.identifiers });
      assert.deepEqual(await two.admit(instance, [merging(3, lost, b.identifiers, [b.patientId])], 0, 1), [
        { kind: 'moved', patientId: a.patientId },
      ]);
      assert.deepEqual(await ownerOf(...b.identifiers, stray), [b.patientId, b.patientId, null]);
      assert.deepEqual(await one.links(b.patientId), []);
      assert.deepEqual(await one.owed(instance), []);
    });

    it('merges several patients whom the identifiers name; unknown identifiers become the survivor', async () => {
      const { one } = opened();
      const [a, b, c] = await patients(3);
      const stray = identifier();
      const instance = fresh('i');
      const merge = merging(3, a, [...b.identifiers.slice(1), stray, ...c.identifiers.slice(0, 1)], [b.patientId, c.patientId]);
      assert.deepEqual(kinds(await one.admit(instance, [merge], 0, 1)), ['admitted']);
      assert.deepEqual(new Set(await ownerOf(...b.identifiers, ...c.identifiers, stray)), new Set([a.patientId]));
      assert.equal((await one.links(a.patientId)).length, 2);
      const nobody = merging(6, a, [identifier()], []);
      assert.deepEqual(kinds(await one.admit(instance, [nobody], 0, 1)), ['admitted']);
      assert.deepEqual(await ownerOf(...(nobody.merge?.identifiers ?? [])), [a.patientId]);
    });

    it('an unmerge gives back what the merge moved, and only that', async () => {
      const { one, two } = opened();
      const [a, b] = await patients(2);
      const instance = fresh('i');
      const [stray, later] = [identifier(), identifier()];
      const merge = merging(3, a, [...b.identifiers, stray], [b.patientId]);
      await one.admit(instance, [merge], 0, 1);
      await one.admit(instance, [admission(4, { patientId: a.patientId, identifiers: [...b.identifiers, later] })], 4, 1);
      const unmerge = (seq: number) =>
        admission(seq, { patientId: b.patientId, identifiers: [], unmerge: merge.merge?.links[0]?.id as string });
      assert.deepEqual(await one.admit(instance, [unmerge(5)], 4, 2), [{ kind: 'admitted', controlIdReused: false }]);
      assert.deepEqual(await ownerOf(...b.identifiers, stray, later, ...a.identifiers), [
        b.patientId,
        b.patientId,
        a.patientId,
        a.patientId,
        a.patientId,
        a.patientId,
      ]);
      assert.deepEqual(await two.links(a.patientId), []);
      assert.deepEqual(await two.admit(instance, [unmerge(6)], 4, 3), [{ kind: 'refused', reason: 'not-merged' }]);
      const again = merging(9, a, b.identifiers, [b.patientId]);
      assert.deepEqual(kinds(await two.admit(instance, [again], 4, 4)), ['admitted'], 'and they may be merged once more');
    });

    it('what another instance has for a patient waits until the records of a merge or unmerge are in the log', async () => {
      const { one, two } = opened();
      const [a, b, c] = await patients(3);
      const [instance, other] = [fresh('i'), fresh('j')];
      const merge = merging(3, a, b.identifiers, [b.patientId]);
      await one.admit(instance, [merge], 0, 5000);
      const for_ = (patient: Admission, seq: number, identifiers = patient.identifiers) =>
        admission(seq, { patientId: patient.patientId, identifiers });
      const behind = (of: Admission, owedSince: number) => ({ kind: 'behind', eventId: of.eventId, owedSince });
      const follows = { kind: 'moved', patientId: a.patientId };
      assert.deepEqual(await two.admit(other, [for_(a, 1, b.identifiers), for_(c, 2), for_(a, 3)], 0, 6000), [
        behind(merge, 5000),
        { kind: 'admitted', controlIdReused: false },
        follows,
      ]);
      const onwards = merging(6, c, a.identifiers, [a.patientId]);
      const undo = (seq: number) =>
        admission(seq, { patientId: b.patientId, identifiers: [], unmerge: merge.merge?.links[0]?.id as string });
      for (const waits of [onwards, undo(6)]) assert.deepEqual(await two.admit(other, [waits], 2, 6000), [behind(merge, 5000)]);
      assert.deepEqual(kinds(await one.admit(instance, [for_(a, 4)], 0, 6000)), ['admitted'], 'its own are in order anyway');
      await one.admit(instance, [], 4, 6000);
      assert.deepEqual(kinds(await two.admit(other, [for_(a, 3)], 2, 7000)), ['admitted']);
      await two.admit(other, [], 3, 7000);
      const undone = undo(5);
      assert.deepEqual(kinds(await one.admit(instance, [undone], 4, 8000)), ['admitted']);
      assert.deepEqual(await two.admit(other, [for_(b, 4)], 3, 9000), [behind(undone, 8000)]);
      await one.settle([{ instance, seq: 5 }]);
      assert.deepEqual(kinds(await two.admit(other, [for_(b, 4)], 3, 9000)), ['admitted']);
    });

    it('refuses to undo a merge whose survivor was merged on, or is owed a record by another instance', async () => {
      const { one, two } = opened();
      const [a, b, c] = await patients(3);
      const [instance, other] = [fresh('i'), fresh('j')];
      const [inner, outer] = [merging(3, a, b.identifiers, [b.patientId]), merging(6, c, a.identifiers, [a.patientId])];
      await one.admit(instance, [inner], 0, 1);
      await one.admit(instance, [outer], 3, 1);
      assert.deepEqual(new Set(await ownerOf(...b.identifiers)), new Set([c.patientId]));
      const undo = (seq: number, merge: Admission) =>
        admission(seq, { patientId: fresh('given'), identifiers: [], unmerge: merge.merge?.links[0]?.id as string });
      assert.deepEqual(await one.admit(instance, [undo(7, inner)], 6, 2), [{ kind: 'refused', reason: 'merged-on' }]);
      await two.admit(other, [admission(1, { patientId: c.patientId, identifiers: b.identifiers })], 0, 3);
      assert.deepEqual(await one.admit(instance, [undo(7, outer)], 6, 4), [{ kind: 'refused', reason: 'owed' }]);
      await two.settle([{ instance: other, seq: 1 }]);
      assert.deepEqual(kinds(await one.admit(instance, [undo(7, outer), undo(8, inner)], 6, 5)), ['admitted', 'admitted']);
      assert.deepEqual(await ownerOf(...a.identifiers, ...b.identifiers), [a.patientId, a.patientId, b.patientId, b.patientId]);
    });

    it('beside admissions of another instance: none is left under the merged patient', async () => {
      const { one, two } = opened();
      for (let round = 0; round < 15; round++) {
        const [a, b] = await patients(2);
        const [instance, other] = [fresh('i'), fresh('j')];
        const added = Array.from({ length: 8 }, () => identifier());
        const known = [...b.identifiers];
        const [merged, ...outcomes] = await Promise.all([
          one.admit(instance, [merging(3, a, [b.identifiers[0] as Identifier], [b.patientId])], 0, 1),
          ...added.map((each, n) =>
            two.admit(
              other,
              [admission(n + 1, { patientId: b.patientId, identifiers: [known[n % known.length] as Identifier, each] })],
              0,
              1,
            ),
          ),
        ]);
        assert.deepEqual(kinds(merged as readonly AdmitOutcome[]), ['admitted']);
        const owners = await ownerOf(...b.identifiers, ...added);
        for (const [n, owner] of owners.slice(2).entries()) {
          const kind = outcomes[n]?.[0]?.kind;
          assert.equal(owner, kind === 'admitted' ? a.patientId : null, `round ${round}: ${kind}`);
        }
        assert.deepEqual(owners.slice(0, 2), [a.patientId, a.patientId]);
      }
    });

    it('two merges in opposite directions at once are one merge and no circle', async () => {
      const { one, two } = opened();
      for (let round = 0; round < 10; round++) {
        const [a, b] = await patients(2);
        const outcomes = await Promise.all([
          one.admit(fresh('i'), [merging(3, a, b.identifiers, [b.patientId])], 0, 1),
          two.admit(fresh('j'), [merging(3, b, a.identifiers, [a.patientId])], 0, 1),
        ]);
        assert.deepEqual(kinds(outcomes.flat()).sort(), ['admitted', 'moved']);
        assert.equal(new Set(await ownerOf(...a.identifiers, ...b.identifiers)).size, 1);
      }
    });
  });
}
