import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { identifierKeys, putPlace, putResource, putTimeline, putVisit, removeResource, removeVisit } from '../../src/canonical/effects.ts';
import { type Canonical, createCanonical } from '../../src/canonical/read.ts';
import type { TimelineRow } from '../../src/canonical/tables.ts';
import type { Encounter, Patient } from '../../src/fhir/r4.ts';
import { locationIdOf } from '../../src/fhir/v2/location.ts';
import { type CanonicalStore, stores } from './store.ts';

const now = Date.UTC(2026, 4, 1, 10);
const patient = (id: string, ...identifier: NonNullable<Patient['identifier']>): Patient & { id: string } => ({
  resourceType: 'Patient',
  id,
  identifier,
  name: [{ family: `Family-${id}`, given: ['Given'] }],
});
const event = (over: Partial<TimelineRow>): TimelineRow => ({
  patient: 'p1',
  event_id: 'e1',
  occurred_at: now,
  sequence: 1,
  type: 'Admission',
  recorded_at: now + 5,
  sender: 'ADT|GEN',
  message_id: 'm1',
  encounter: null,
  facility: null,
  ward: null,
  room: null,
  bed: null,
  cancels: null,
  ...over,
});

for (const [name, open] of Object.entries(stores)) {
  describe(`canonical store on ${name}`, () => {
    let store: CanonicalStore;
    let canonical: Canonical;
    before(async () => {
      store = await open();
      canonical = createCanonical(store.state, { systems: { MAPPED: 'https://hospital.example/mrn' } });
    });
    after(() => store.remove());

    it('reads the newest version, stamped', async () => {
      await store.apply(...putResource(patient('p1'), { version: 1, now, patient: 'p1' }));
      await store.apply(
        ...putResource({ ...patient('p1'), gender: 'other' } as Patient & { id: string }, { version: 2, now: now + 1000, patient: 'p1' }),
      );
      const read = (await canonical.readResource('Patient', 'p1')) as Patient;
      assert.deepEqual(read.meta, { versionId: '2', lastUpdated: '2026-05-01T10:00:01.000Z' });
      assert.equal(read.gender, 'other');
      assert.deepEqual(Object.keys(read).slice(0, 3), ['resourceType', 'id', 'meta']);
      assert.equal(await canonical.readResource('Encounter', 'p1'), undefined);
    });

    it('finds by system and value, bare namespace, mapped namespace, and value alone', async () => {
      await store.apply(
        ...putResource(patient('s1', { system: 'urn:oid:1.2.3', value: 'X1', assigner: { display: 'LAB' } }), {
          version: 1,
          now,
          patient: 's1',
        }),
        ...putResource(patient('s2', { system: 'urn:id:GEN', value: 'X1' }, { value: 'X2' }), { version: 1, now, patient: 's2' }),
        ...putResource(patient('s3', { system: 'https://hospital.example/mrn', value: 'X1' }), { version: 1, now, patient: 's3' }),
      );
      const found = async (identifier: string, extra: object = {}) =>
        (await canonical.search('Patient', { identifier, ...extra })).resources.map((each) => each.id);
      assert.deepEqual(await found('urn:oid:1.2.3|X1'), ['s1']);
      assert.deepEqual(await found('LAB|X1'), ['s1']);
      assert.deepEqual(await found('GEN|X1'), ['s2']);
      assert.deepEqual(await found('MAPPED|X1'), ['s3']);
      assert.deepEqual(await found('X1'), ['s1', 's2', 's3']);
      assert.deepEqual(await found('|X2'), ['s2']);
      assert.deepEqual(await found('|X1'), []);
      assert.deepEqual(await found("X1' OR 1=1 --"), []);
      assert.deepEqual(await found('X1', { patient: 'Patient/s3' }), ['s3']);
    });

    it('no longer finds under a number that was dropped, nor what was removed', async () => {
      const [before1, after1] = [
        patient('d1', { system: 'urn:id:GEN', value: 'OLD' }),
        patient('d1', { system: 'urn:id:GEN', value: 'NEW' }),
      ];
      await store.apply(...putResource(before1, { version: 1, now, patient: 'd1' }));
      await store.apply(...putResource(after1, { version: 2, now, patient: 'd1', dropped: identifierKeys(before1.identifier) }));
      assert.deepEqual((await canonical.search('Patient', { identifier: 'OLD' })).resources, []);
      assert.equal((await canonical.search('Patient', { identifier: 'NEW' })).resources.length, 1);
      await store.apply(...removeResource('Patient', 'd1', identifierKeys(after1.identifier)));
      assert.deepEqual((await canonical.search('Patient', { identifier: 'NEW' })).resources, []);
      assert.equal(await canonical.readResource('Patient', 'd1'), undefined);
    });

    it('pages a search by id', async () => {
      const ids = ['g1', 'g2', 'g3', 'g4', 'g5'];
      await store.apply(
        ...ids.flatMap((id) =>
          putResource({ resourceType: 'Encounter', id, status: 'finished', class: { code: 'IMP' } } as Encounter & { id: string }, {
            version: 1,
            now,
            patient: 'paged',
          }),
        ),
      );
      const seen: (string | undefined)[] = [];
      let cursor: string | undefined;
      do {
        const page = await canonical.search('Encounter', { patient: 'paged', limit: 2, ...(cursor ? { cursor } : {}) });
        seen.push(...page.resources.map((each) => each.id));
        cursor = page.cursor;
      } while (cursor);
      assert.deepEqual(seen, ids);
      await assert.rejects(() => canonical.search('Encounter', { cursor: 'x' }), { code: 'AORTA_FHIR_001' });
      const nul = Buffer.from('["a\\u0000"]').toString('base64url');
      await assert.rejects(() => canonical.search('Encounter', { cursor: nul }), { code: 'AORTA_FHIR_001' });
    });

    it('gives a timeline by event time, then sequence, in pages; an event twice is one row', async () => {
      await store.apply(...putResource(patient('t1'), { version: 1, now, patient: 't1' }));
      assert.deepEqual(await canonical.timeline('t1'), { events: [] });
      assert.equal(await canonical.timeline('nobody'), undefined);
      const rows = [
        event({
          patient: 't1',
          event_id: 'c',
          occurred_at: now + 2000,
          sequence: 3,
          ward: '4W',
          room: '401',
          bed: 'A',
          facility: 'GEN',
          encounter: 'enc',
          type: 'Transfer',
        }),
        event({ patient: 't1', event_id: 'b', occurred_at: now + 1000, sequence: 9 }),
        event({ patient: 't1', event_id: 'a', occurred_at: now + 1000, sequence: 2 }),
        event({ patient: 't1', event_id: 'z', occurred_at: now + 1000, sequence: 9, type: 'Cancellation', cancels: 'a' }),
        event({ patient: 't2', event_id: 'other' }),
      ];
      await store.apply(...rows.map(putTimeline));
      await store.apply(putTimeline(event({ patient: 't1', event_id: 'a', occurred_at: now + 9000, sequence: 99 })));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await canonical.timeline('t1', { limit: 1, ...(cursor ? { cursor } : {}) });
        seen.push(...(page?.events.map((each) => each.eventId) ?? []));
        cursor = page?.cursor;
      } while (cursor);
      assert.deepEqual(seen, ['a', 'b', 'z', 'c']);
      const all = await canonical.timeline('t1');
      assert.equal(all?.events[2]?.cancels, 'a');
      assert.deepEqual(all?.events[3], {
        eventId: 'c',
        type: 'Transfer',
        occurredAt: '2026-05-01T10:00:02.000Z',
        recordedAt: '2026-05-01T10:00:00.005Z',
        source: { system: 'ADT|GEN', messageId: 'm1' },
        encounterId: 'enc',
        location: { facility: 'GEN', ward: '4W', room: '401', bed: 'A' },
      });
      // PostgreSQL has no NUL in text, and a whole number is what stands there: SQLite would take both.
      const notOurs = ['[1,2]', '["a",1,"b"]', '[1,0,"\\u0000"]', '[1.5,0,"b"]', '[1e999,0,"b"]', '[0,1e300,"b"]', '{}', 'null'];
      for (const bad of ['x', ...notOurs.map((text) => Buffer.from(text).toString('base64url'))]) {
        await assert.rejects(() => canonical.timeline('t1', { cursor: bad }), { code: 'AORTA_FHIR_001', class: 'Permanent' });
      }
    });

    it('derives who is in which bed from the visits', async () => {
      const at = (ward: string, room?: string, bed?: string) => ({
        facility: 'GEN',
        ward,
        ...(room ? { room } : {}),
        ...(bed ? { bed } : {}),
      });
      const beds = [at('4W', '401', 'A'), at('4W', '401', 'B'), at('4W', '402', 'A'), at('ICU')];
      await store.apply(
        ...beds.flatMap((each) => putPlace(each, now)),
        ...['w1', 'w2', 'w3'].flatMap((id) => putResource(patient(id), { version: 1, now, patient: id })),
      );
      const sit = (id: string, where: (typeof beds)[number] | null, since: number, status = 'in-progress') =>
        putVisit({ encounter: `enc-${id}`, patient: id, status, location: where && locationIdOf(where), since });
      await store.apply(
        sit('w1', at('4W', '401', 'A'), now),
        sit('w2', at('4W', '401', 'A'), now + 1),
        sit('w3', at('ICU'), now),
        sit('w4', at('4W', '402', 'A'), now, 'finished'),
      );
      // Again: places are insert-if-absent.
      await store.apply(...putPlace(at('4W', '401', 'A'), now + 5000));
      const view = await canonical.wards();
      assert.deepEqual(
        view.map((ward) => [ward.facility, ward.name, ward.beds, ward.occupied]),
        [
          ['GEN', '4W', 3, 1],
          ['GEN', 'ICU', 0, 0],
        ],
      );
      assert.deepEqual(
        view[0]?.rooms.map((room) => [room.name, room.beds.map((bed) => [bed.name, bed.occupants.map((each) => each.patientId)])]),
        [
          [
            '401',
            [
              ['A', ['w2', 'w1']],
              ['B', []],
            ],
          ],
          ['402', [['A', []]]],
        ],
      );
      assert.deepEqual(view[1]?.occupants, [{ patientId: 'w3', encounterId: 'enc-w3', name: 'Given Family-w3', since: now }]);
      assert.equal(
        (await canonical.readResource('Location', locationIdOf(at('4W', '401', 'A'))))?.meta?.lastUpdated,
        '2026-05-01T10:00:00.000Z',
      );
      await store.apply(sit('w2', null, now), removeVisit('enc-w1'));
      assert.equal((await canonical.wards())[0]?.occupied, 0);
    });
  });
}
