import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { linkPatients, putPlace, putResource, putTimeline, putVisit, unlinkPatients } from '../../src/canonical/effects.ts';
import { family, survivors } from '../../src/canonical/family.ts';
import { type Canonical, createCanonical } from '../../src/canonical/read.ts';
import type { TimelineRow } from '../../src/canonical/tables.ts';
import type { Encounter, Patient } from '../../src/fhir/r4.ts';
import { locationIdOf } from '../../src/fhir/v2/location.ts';
import { type CanonicalStore, stores } from './store.ts';

const now = Date.UTC(2026, 4, 1, 10);
const event = (patient: string, n: number): TimelineRow => ({
  ...{ patient, event_id: `${patient}-${n}`, occurred_at: now + n, sequence: n, type: 'Update', recorded_at: now, sender: 's' },
  ...{ message_id: `${patient}-${n}`, encounter: null, facility: null, ward: null, room: null, bed: null, cancels: null },
});
const person = (id: string): Patient & { id: string } => ({ resourceType: 'Patient', id, name: [{ family: `Name-${id}` }] });
const visitOf = (id: string): Encounter & { id: string } => ({
  resourceType: 'Encounter',
  id: `enc-${id}`,
  status: 'in-progress',
  class: { code: 'IMP' },
  subject: { reference: `Patient/${id}` },
});

for (const [name, open] of Object.entries(stores)) {
  describe(`reads of merged patients on ${name}`, () => {
    let store: CanonicalStore;
    let canonical: Canonical;
    before(async () => {
      store = await open();
      canonical = createCanonical(store.state);
      const where = { facility: 'GEN', ward: 'W', room: '1', bed: 'A' };
      for (const [n, id] of ['a', 'b', 'c', 'd'].entries())
        await store.apply(
          ...putResource(person(id), { version: 1, now, patient: id }),
          ...putResource(visitOf(id), { version: 1, now, patient: id }),
          putTimeline(event(id, n)),
          putTimeline(event(id, n + 10)),
          ...putPlace(where, now),
          putVisit({ encounter: `enc-${id}`, patient: id, status: 'in-progress', location: locationIdOf(where), since: now - n }),
        );
    });
    after(() => store.remove());

    const encounters = async (patient: string) => (await canonical.search('Encounter', { patient })).resources.map(({ id }) => id);
    const timeline = async (patient: string, limit = 100) => {
      const seen: string[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const page = await canonical.timeline(patient, { limit, ...(cursor ? { cursor } : {}) });
        seen.push(...(page?.events ?? []).map(({ eventId }) => eventId));
        cursor = page?.cursor;
      }
      return seen;
    };
    const inBed = async () =>
      (await canonical.wards())
        .flatMap(({ rooms }) => rooms.flatMap(({ beds }) => beds.flatMap(({ occupants }) => occupants)))
        .map(({ patientId, encounterId, name: called }) => `${patientId} ${encounterId} ${called}`);

    it('show each alone before the merge, all of them after it by any id, and each alone after it is undone', async () => {
      const alone = async () => {
        assert.deepEqual(await encounters('Patient/a'), ['enc-a']);
        assert.deepEqual(await timeline('b'), ['b-1', 'b-11']);
        assert.deepEqual(await inBed(), ['a enc-a Name-a', 'b enc-b Name-b', 'c enc-c Name-c', 'd enc-d Name-d']);
      };
      await alone();
      await store.apply(linkPatients('c', 'b'));
      await store.apply(linkPatients('b', 'a'));
      for (const id of ['a', 'b', 'c']) {
        assert.deepEqual([...(await family(store.state, id))].sort(), ['a', 'b', 'c']);
        assert.deepEqual(await encounters(id), ['enc-a', 'enc-b', 'enc-c']);
        assert.deepEqual(await timeline(id), ['a-0', 'b-1', 'c-2', 'a-10', 'b-11', 'c-12']);
        assert.deepEqual(await timeline(id, 2), await timeline(id), 'page by page');
      }
      assert.deepEqual(await encounters('d'), ['enc-d']);
      assert.deepEqual(
        [...(await survivors(store.state, ['c', 'a', 'd', 'b']))],
        [
          ['c', 'a'],
          ['a', 'a'],
          ['d', 'd'],
          ['b', 'a'],
        ],
      );
      assert.deepEqual(await inBed(), ['a enc-a Name-a', 'a enc-b Name-a', 'a enc-c Name-a', 'd enc-d Name-d']);
      assert.equal(((await canonical.readResource('Patient', 'b')) as Patient).id, 'b', 'the resource itself stays readable');
      await store.apply(unlinkPatients('b'), unlinkPatients('c'));
      await alone();
    });

    it('end when links should form a circle', async () => {
      await store.apply(linkPatients('x', 'y'), linkPatients('y', 'x'));
      assert.deepEqual([...(await family(store.state, 'x'))].sort(), ['x', 'y']);
      assert.equal((await survivors(store.state, ['x', 'y'])).size, 2);
    });
  });
}
