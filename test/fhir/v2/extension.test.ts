import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ExtensionSaid, extensionFacts, type Patient, settle, withExtensions } from '../../../src/fhir/index.ts';

const said = (type: ExtensionSaid['type'], text: string | null, of: ExtensionSaid['of'] = 'Patient', url = 'urn:x:a'): ExtensionSaid => ({
  of,
  url,
  type,
  text,
});
const patient: Patient = { resourceType: 'Patient' };
const defaults = { facility: ['H'] };
const on = (list: readonly ExtensionSaid[], more = {}, zone = 'UTC') =>
  withExtensions(patient, extensionFacts(list, 'Patient', { ...defaults, ...more }, zone)).extension;

describe('What a Z-segment says', () => {
  it('is an extension of its type, by URL, beside those that are there', () => {
    const facts = extensionFacts([said('string', 'b'), said('code', 'x  y', 'Patient', 'urn:x:0')], 'Patient', defaults, 'UTC');
    const before: Patient = { ...patient, extension: [{ url: 'urn:y', valueString: 'z' }] };
    assert.deepEqual(withExtensions(before, facts).extension, [
      { url: 'urn:y', valueString: 'z' },
      { url: 'urn:x:0', valueCode: 'x y' },
      { url: 'urn:x:a', valueString: 'b' },
    ]);
    assert.equal(withExtensions(patient, {}), patient);
    assert.deepEqual(extensionFacts([said('string', 'b', 'Encounter')], 'Patient', defaults, 'UTC'), {});
  });

  it('has times with the offset of MSH-7, else the sender’s zone, else the configured one; dates have none', () => {
    const time = (text: string, more = {}) => on([said('dateTime', text)], more, 'America/Denver')?.[0]?.valueDateTime;
    assert.equal(time('20260701', { zone: 'Europe/Vienna' }), '2026-07-01');
    assert.equal(time('202607011200', { zone: 'Europe/Vienna', sentAt: '20260101+0530' }), '2026-07-01T12:00:00+05:30');
    assert.equal(time('202607011200', { zone: 'Europe/Vienna' }), '2026-07-01T12:00:00+02:00');
    assert.equal(time('202607011200'), '2026-07-01T12:00:00-06:00');
    assert.equal(time('202607011200+0000', { zone: 'Europe/Vienna' }), '2026-07-01T12:00:00+00:00');
    assert.equal(time('someday'), undefined);
  });

  it('is deleted by `""`: a fact without a value', () => {
    assert.deepEqual(extensionFacts([said('dateTime', null)], 'Patient', defaults, 'UTC'), { 'extension:urn:x:a': [[['""']]] });
    assert.equal(on([said('dateTime', null)]), undefined);
  });
});

describe('Times of a message in its sender’s zone', () => {
  const at = (text: string, more = {}) => settle({ 'PV1-44': [[[text]]] }, { ...defaults, ...more })['PV1-44']?.[0]?.[0]?.[0];

  it('get the offset that the zone has at that time; what has an offset, or no time, stays', () => {
    assert.equal(at('202601011200', { zone: 'Europe/Vienna' }), '202601011200+0100');
    assert.equal(at('202607011200', { zone: 'Europe/Vienna' }), '202607011200+0200');
    assert.equal(at('202607011200-0500', { zone: 'Europe/Vienna' }), '202607011200-0500');
    assert.equal(at('20260701', { zone: 'Europe/Vienna' }), '20260701');
    assert.equal(at('20260701120060', { zone: '+05:30' }), '20260701120060+0530');
    assert.equal(at('202607011200'), '202607011200');
  });

  it('get that of MSH-7 where it has one', () => {
    assert.equal(at('202607011200', { zone: 'Europe/Vienna', sentAt: '202601011200+0100' }), '202607011200+0100');
  });
});
