import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Admission, Identifier, Identity, OwedAppend } from '../../src/identity/port.ts';
import { mergeConformance } from './conformance/merge.ts';

/** One store, fresh and empty; the suite opens it several times, as several ingress instances would. */
export interface IdentityStore {
  /** Another Identity on the same store, tables made. */
  open(): Promise<Identity>;
  remove(): Promise<void>;
}

export const fresh = (prefix: string): string => `${prefix}-${randomUUID()}`;
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
export const identifier = (value = fresh('mrn'), system = 'urn:oid:1.2.3'): Identifier => ({ system, value });

export const admission = (seq: number, parts: Partial<Admission> = {}): Admission => {
  const patientId = parts.patientId ?? fresh('patient');
  const eventId = parts.eventId ?? fresh('event');
  return {
    seq,
    eventId,
    patientId,
    identifiers: [identifier()],
    fingerprint: { sender: 'LAB|A', controlId: fresh('msg'), digest: digestOf(eventId) },
    append: {
      topic: 'hl7.adt',
      key: patientId,
      value: Buffer.from([0, 255, seq]),
      headers: { eventId, raw: Buffer.from([1, 2]) },
      timestamp: 1_700_000_000_000 + seq,
    },
    ...parts,
  };
};

/** A key may come back as its bytes, and no headers as none. */
const plain = ({ append, ...owed }: OwedAppend) => ({
  ...owed,
  append: { ...append, key: append.key === null ? null : Buffer.from(append.key).toString('utf8'), headers: append.headers ?? {} },
});
const owedBy = (instance: string, { seq, eventId, append }: Admission) => plain({ instance, seq, eventId, append });

/** Port **Identity**: the one suite that every adapter passes. Call it at the top of a test file. */
export function identityConformance(name: string, create: () => Promise<IdentityStore>): void {
  describe(`Identity on ${name}`, () => {
    let store: IdentityStore;
    let one: Identity;
    let two: Identity;
    before(async () => {
      store = await create();
      one = await store.open();
      two = await store.open();
    });
    after(async () => {
      await one.close();
      await two.close();
      await store.remove();
    });
    const admit = async (identity: Identity, instance: string, ...batch: Admission[]) => identity.admit(instance, batch, 0, 5000);

    it('resolves each list to the patient of its first known identifier, and names all', async () => {
      const [a, b] = [admission(1, { identifiers: [identifier(), identifier()] }), admission(2)];
      await admit(one, fresh('i'), a, b);
      const [a1, a2, b1] = [...a.identifiers, ...b.identifiers] as [Identifier, Identifier, Identifier];
      assert.deepEqual(
        await two.resolve([[identifier(), a2, b1], [b1, a1, a2], [identifier()], [], [a1, a2], [{ ...a1, system: 'urn:oid:9' }]]),
        [
          { patientId: a.patientId, all: [a.patientId, b.patientId] },
          { patientId: b.patientId, all: [b.patientId, a.patientId] },
          { patientId: null, all: [] },
          { patientId: null, all: [] },
          { patientId: a.patientId, all: [a.patientId] },
          { patientId: null, all: [] },
        ],
      );
      assert.deepEqual(await one.resolve([]), []);
    });

    it('an admission stores its identifiers, its fingerprint and the append that is owed', async () => {
      const instance = fresh('i');
      const first = admission(7);
      assert.deepEqual(await admit(one, instance, first), [{ kind: 'admitted', controlIdReused: false }]);
      assert.deepEqual((await two.owed(instance)).map(plain), [owedBy(instance, first)]);
      assert.equal(await two.lastSeq(instance), 7);
    });

    it('appends come back whole, whatever they lack', async () => {
      const instance = fresh('i');
      const bare = admission(1, { append: { topic: 't', key: null, value: null } });
      const full = admission(2, {
        append: { topic: 't', partition: 3, key: Buffer.from('k'), value: Buffer.alloc(0), headers: {}, timestamp: 0 },
      });
      await admit(one, instance, bare, full);
      const owed = await one.owed(instance);
      assert.deepEqual(owed.map(plain), [owedBy(instance, bare), owedBy(instance, full)]);
      assert.equal('partition' in (owed[0] as OwedAppend).append, false);
      assert.equal('timestamp' in (owed[0] as OwedAppend).append, false);
    });

    it('new identifiers of a known patient are added, those of another patient stay where they are', async () => {
      const instance = fresh('i');
      const [a, b] = [admission(1), admission(2)];
      await admit(one, instance, a, b);
      const extra = identifier();
      const both = admission(3, { patientId: a.patientId, identifiers: [...a.identifiers, ...b.identifiers, extra] });
      assert.deepEqual(await admit(one, instance, both), [{ kind: 'admitted', controlIdReused: false }]);
      assert.deepEqual(await one.resolve([b.identifiers, [extra]]), [
        { patientId: b.patientId, all: [b.patientId] },
        { patientId: a.patientId, all: [a.patientId] },
      ]);
    });

    it('an admission under another patient than the identifiers have now is moved, and nothing of it is stored', async () => {
      const instance = fresh('i');
      const known = admission(1);
      await admit(one, instance, known);
      const extra = identifier();
      const wrong = admission(2, { identifiers: [extra, ...known.identifiers] });
      assert.deepEqual(await admit(two, instance, wrong), [{ kind: 'moved', patientId: known.patientId }]);
      assert.deepEqual(await one.resolve([[extra]]), [{ patientId: null, all: [] }]);
      assert.equal((await one.owed(instance)).length, 1);
      assert.equal(await one.lastSeq(instance), 1);
      const again = { ...wrong, patientId: known.patientId, seq: 3 };
      assert.deepEqual(await admit(two, instance, again), [{ kind: 'admitted', controlIdReused: false }]);
    });

    it('the same message again is a duplicate with the first one and whether it is in the log', async () => {
      const instance = fresh('i');
      const first = admission(1);
      await one.admit(instance, [first], 0, 4321);
      const again = admission(1, { identifiers: [identifier()], fingerprint: first.fingerprint });
      const expected = { kind: 'duplicate', eventId: first.eventId, patientId: first.patientId, settled: false, owedSince: 4321 };
      const other = fresh('j');
      assert.deepEqual(await two.admit(other, [again], 0, 9999), [expected]);
      assert.deepEqual(await one.resolve([again.identifiers]), [{ patientId: null, all: [] }]);
      assert.equal(await two.lastSeq(other), 0);
      await one.settle([{ instance, seq: 1 }]);
      assert.deepEqual(await two.admit(other, [again], 0, 9999), [{ ...expected, settled: true }]);
    });

    it('a duplicate stays one when its identifiers have moved', async () => {
      const instance = fresh('i');
      const [first, known] = [admission(1), admission(2)];
      await admit(one, instance, first, known);
      const again = admission(3, { identifiers: known.identifiers, fingerprint: first.fingerprint });
      assert.equal((await admit(one, instance, again))[0]?.kind, 'duplicate');
    });

    it('the same control id with other content is admitted and said to be reused, for one sender only', async () => {
      const instance = fresh('i');
      const first = admission(1);
      const reused = admission(2, { fingerprint: { ...first.fingerprint, digest: digestOf('other') } });
      const elsewhere = admission(3, { fingerprint: { ...first.fingerprint, sender: 'LAB|B' } });
      await admit(one, instance, first);
      assert.deepEqual(await admit(two, instance, reused, elsewhere), [
        { kind: 'admitted', controlIdReused: true },
        { kind: 'admitted', controlIdReused: false },
      ]);
    });

    it('a batch is taken in order: what is first in it counts for the next', async () => {
      const instance = fresh('i');
      const first = admission(1);
      const sameMessage = admission(2, { fingerprint: first.fingerprint });
      const otherPatient = admission(3, { identifiers: first.identifiers });
      const samePatient = admission(4, { patientId: first.patientId, identifiers: [...first.identifiers, identifier()] });
      const reused = admission(5, { fingerprint: { ...first.fingerprint, digest: digestOf('other') } });
      const more = admission(6, { patientId: reused.patientId, identifiers: [...reused.identifiers, identifier()] });
      assert.deepEqual(await one.admit(instance, [first, sameMessage, otherPatient, samePatient, reused, more], 0, 77), [
        { kind: 'admitted', controlIdReused: false },
        { kind: 'duplicate', eventId: first.eventId, patientId: first.patientId, settled: false, owedSince: 77 },
        { kind: 'moved', patientId: first.patientId },
        // Behind one that is moved nothing of its patient goes ahead.
        { kind: 'moved', patientId: first.patientId },
        { kind: 'admitted', controlIdReused: true },
        { kind: 'admitted', controlIdReused: false },
      ]);
      assert.deepEqual(
        (await two.owed(instance)).map((owed) => owed.seq),
        [1, 5, 6],
      );
      assert.equal(await two.lastSeq(instance), 6);
    });

    it('appends up to settledThrough are no longer owed, by this instance only', async () => {
      const [instance, other] = [fresh('i'), fresh('j')];
      const batch = [1, 2, 3].map((seq) => admission(seq));
      await admit(one, instance, ...batch);
      await admit(one, other, admission(1));
      assert.deepEqual(await one.admit(instance, [], 2, 6000), []);
      assert.deepEqual(
        (await one.owed(instance)).map((owed) => owed.seq),
        [3],
      );
      assert.equal((await one.owed(other)).length, 1);
      const again = admission(4, { fingerprint: (batch[0] as Admission).fingerprint });
      const [outcome] = await one.admit(instance, [again], 2, 6000);
      assert.equal(outcome?.kind === 'duplicate' && outcome.settled, true);
      await one.admit(instance, [admission(5)], 3, 6000);
      assert.deepEqual(
        (await one.owed(instance)).map((owed) => owed.seq),
        [5],
      );
      assert.equal(await one.lastSeq(instance), 5);
    });

    it('lists what any instance has owed since before a time, and settles it for them', async () => {
      const [gone, alive] = [fresh('gone'), fresh('alive')];
      const abandoned = [admission(2), admission(1)];
      await one.admit(gone, abandoned, 0, 1000);
      await one.admit(alive, [admission(1)], 0, 3000);
      const old = (await two.owed(alive, 2000)).filter((owed) => owed.instance === gone || owed.instance === alive);
      assert.deepEqual(
        old.map((owed) => [owed.instance, owed.seq]),
        [
          [gone, 1],
          [gone, 2],
        ],
      );
      await two.settle([
        { instance: gone, seq: 1 },
        { instance: gone, seq: 2 },
        { instance: gone, seq: 9 },
      ]);
      await two.settle([]);
      assert.deepEqual(await one.owed(gone), []);
      assert.equal((await one.owed(alive)).length, 1);
    });

    it('an instance that never admitted anything is at 0', async () => {
      assert.equal(await one.lastSeq(fresh('never')), 0);
      assert.deepEqual(await one.owed(fresh('never')), []);
    });

    it('prune forgets old fingerprints, but none whose append is still owed', async () => {
      const instance = fresh('i');
      const old = 10;
      const [settled, owed, young] = [admission(1), admission(2), admission(3)];
      await one.admit(instance, [settled, owed], 0, old);
      await one.admit(instance, [young], 0, old + 10);
      await one.settle([
        { instance, seq: 1 },
        { instance, seq: 3 },
      ]);
      assert.equal(await two.prune(old + 5), 1);
      const again = [settled, owed, young].map((first, i) => admission(10 + i, { fingerprint: first.fingerprint }));
      assert.deepEqual(
        (await admit(one, instance, ...again)).map((outcome) => outcome.kind),
        ['admitted', 'duplicate', 'duplicate'],
      );
    });

    it('two instances that meet the same new patient end with one', async () => {
      for (let round = 1; round <= 20; round++) {
        const identifiers = [identifier(), identifier()];
        const [a, b] = [admission(round, { identifiers }), admission(round, { identifiers: [...identifiers].reverse() })];
        const outcomes = [...(await Promise.all([admit(one, 'race-a', a), admit(two, 'race-b', b)]))].flat();
        assert.deepEqual(outcomes.map((outcome) => outcome.kind).sort(), ['admitted', 'moved']);
        const winner = outcomes[0]?.kind === 'admitted' ? a : b;
        const moved = outcomes.find((outcome) => outcome.kind === 'moved');
        assert.equal(moved?.kind === 'moved' && moved.patientId, winner.patientId);
        assert.deepEqual(await one.resolve([identifiers]), [{ patientId: winner.patientId, all: [winner.patientId] }]);
      }
    });

    it('one message that reaches two instances at once is one admission and one duplicate', async () => {
      for (let round = 1; round <= 20; round++) {
        const a = admission(round);
        const b = admission(round, { patientId: a.patientId, identifiers: a.identifiers, fingerprint: a.fingerprint });
        const outcomes = [...(await Promise.all([admit(one, 'twice-a', a), admit(two, 'twice-b', b)]))].flat();
        assert.deepEqual(outcomes.map((outcome) => outcome.kind).sort(), ['admitted', 'duplicate']);
        const winner = outcomes[0]?.kind === 'admitted' ? a : b;
        const duplicate = outcomes.find((outcome) => outcome.kind === 'duplicate');
        assert.equal(duplicate?.kind === 'duplicate' && duplicate.eventId, winner.eventId);
      }
    });

    it('batches with the same patients in opposite orders both end', async () => {
      const patients = Array.from({ length: 30 }, () => ({ patientId: fresh('patient'), identifiers: [identifier(), identifier()] }));
      for (let round = 0; round < 5; round++) {
        const extra = identifier();
        const batch = (order: typeof patients) =>
          order.map((patient, i) =>
            admission(round * 100 + i + 1, {
              ...patient,
              identifiers: [...patient.identifiers, { ...extra, value: `${extra.value}-${patient.patientId}` }],
            }),
          );
        const outcomes = await Promise.all([
          admit(one, 'order-a', ...batch(patients)),
          admit(two, 'order-b', ...batch([...patients].reverse())),
        ]);
        assert.ok(outcomes.flat().every((outcome) => outcome.kind === 'admitted'));
      }
    });

    mergeConformance(() => ({ one, two }));

    it('takes a large batch', async () => {
      const instance = fresh('i');
      const batch = Array.from({ length: 500 }, (_, i) => admission(i + 1));
      const outcomes = await admit(one, instance, ...batch);
      assert.ok(outcomes.every((outcome) => outcome.kind === 'admitted'));
      assert.equal((await one.owed(instance)).length, 500);
    });
  });
}
