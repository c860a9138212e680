import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { heldPatients } from '../../src/edge/held.ts';
import { type CanonicalStore, stores } from '../canonical/store.ts';
import { heldRow, laneRef, Owner } from '../state/conformance/groups.ts';

const add = (...args: Parameters<typeof heldRow>) => ({ op: 'add' as const, row: heldRow(...args) });
const parked = { due: null, reason: 'park' as const, errorClass: 'Decode', errorCode: 'AORTA_HL7_001' };

for (const [name, create] of Object.entries(stores)) {
  describe(`held patients on ${name}`, () => {
    let store: CanonicalStore;
    before(async () => {
      store = await create();
      const [one, other] = [await Owner.claim(store.state, laneRef('letters', 3)), await Owner.claim(store.state, laneRef('orders', 7))];
      // Sequence numbers rise with the epoch, beyond what 32 bits hold.
      const seq = 5 * 2 ** 32;
      await one.commit({ held: [add('retrying', 1), add('behind', 3, parked), add('behind', 4), add('behind', 5, parked)] });
      await other.commit({
        held: [add('older', seq, { ...parked, timestamp: 1_600_000_000_000, operator: null }), add('retrying', seq + 1)],
      });
    });
    after(() => store.remove());
    const keys = async (...args: [filter: Parameters<typeof heldPatients>[1], limit?: number]) =>
      (await heldPatients(store.state, args[0], args[1] ?? 100)).patients.map(({ flow, key }) => `${flow}/${key}`);

    it('are those of all workers: parked ones first, then the longest waiting', async () => {
      assert.deepEqual(await keys({}), ['orders/older', 'letters/behind', 'letters/retrying', 'orders/retrying']);
    });

    it('are shown by their first envelope, with the lane it is in', async () => {
      const { count, patients, lanes } = await heldPatients(store.state, { key: 'behind' }, 10);
      assert.equal(count, 1);
      assert.deepEqual(lanes, [laneRef('letters', 3)]);
      assert.deepEqual(patients, [
        {
          flow: 'letters',
          key: 'behind',
          count: 3,
          parked: true,
          reason: 'park',
          operator: 'call-ehr',
          class: 'Decode',
          code: 'AORTA_HL7_001',
          attempt: 1,
          redrives: 0,
          due: null,
          since: 1_700_000_000_003,
          source: 'hl7.adt/3/300',
          eventId: 'event-3',
          head: 3,
        },
      ]);
      const [retrying] = (await heldPatients(store.state, { key: 'retrying', flow: 'letters' }, 10)).patients;
      assert.deepEqual([retrying?.parked, retrying?.due], [false, 1_700_000_100_001]);
    });

    it('are chosen by flow, patient and class of the first envelope; the count is of all that match', async () => {
      assert.deepEqual(await keys({ flow: 'orders' }), ['orders/older', 'orders/retrying']);
      assert.deepEqual(await keys({ errorClass: 'Decode' }), ['orders/older', 'letters/behind']);
      assert.deepEqual(await keys({ errorClass: 'Transient', flow: 'letters' }), ['letters/retrying']);
      assert.deepEqual(await keys({ key: 'nobody' }), []);
      const first = await heldPatients(store.state, {}, 1);
      assert.deepEqual([first.count, first.patients.length], [4, 1]);
      assert.equal((await heldPatients(store.state, { key: "' OR 1=1 --" }, 1)).count, 0);
    });
  });
}
