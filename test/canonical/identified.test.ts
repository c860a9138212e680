import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { putResource } from '../../src/canonical/effects.ts';
import { type Canonical, createCanonical } from '../../src/canonical/read.ts';
import { type CanonicalStore, stores } from './store.ts';

for (const [name, open] of Object.entries(stores)) {
  describe(`resources by any of several identifiers, on ${name}`, () => {
    let store: CanonicalStore;
    let canonical: Canonical;
    before(async () => {
      store = await open();
      canonical = createCanonical(store.state, { systems: { MAPPED: 'https://hospital.example/mrn' } });
      const put = (resourceType: string, id: string, system: string, value: string) =>
        putResource({ resourceType, id, identifier: [{ system, value }] } as never, { version: 1, now: 1_000, patient: id });
      await store.apply(
        ...put('Patient', 'i1', 'urn:oid:1', 'X'),
        ...put('Patient', 'i2', 'urn:oid:2', 'X'),
        ...put('Patient', 'i3', 'https://hospital.example/mrn', 'Z'),
        ...put('Practitioner', 'i4', 'urn:oid:1', 'X'),
      );
    });
    after(() => store.remove());

    it('are of the type asked for, once each, whichever way the identifier is written', async () => {
      const of = (...identifiers: string[]) => canonical.identified('Patient', identifiers);
      assert.deepEqual(await of('urn:oid:1|X'), ['i1']);
      assert.deepEqual(await of('urn:oid:1|X', 'urn:oid:1|X', 'urn:oid:9|X'), ['i1']);
      assert.deepEqual(await of('urn:oid:1|X', 'MAPPED|Z'), ['i1', 'i3']);
      assert.deepEqual(await of('X'), ['i1', 'i2']);
      assert.deepEqual(await of('urn:oid:1|Z', '|X'), []);
      assert.deepEqual(await of(), []);
    });
  });
}
