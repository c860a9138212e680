import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { migrated, newPatient } from '../../../topologies/adt-admissions/state.ts';

describe('state of an earlier version', () => {
  it('gets what that version did not know, in patients who were merged into it, too', () => {
    const { personal: _new, ...third } = newPatient;
    const member = (state: object) => ({ state, since: { demographics: {}, contacts: null } });
    const stored = { ...third, merged: { B: member({ ...third, shift: 7, merged: { C: member(third) } }) } };
    const now = migrated(JSON.parse(JSON.stringify(stored)));
    assert.deepEqual(now.personal, {});
    assert.deepEqual(now.merged['B']?.state.personal, {});
    assert.equal(now.merged['B']?.state.shift, 7);
    assert.deepEqual(now.merged['B']?.state.merged['C']?.state.personal, {});
  });

  it('of the first version, which knew no contacts, allergies and diagnoses, is whole', () => {
    assert.deepEqual(migrated({ demographics: {}, visits: {} }), newPatient);
  });
});
