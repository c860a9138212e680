import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identifiersOf, parse, systemOf } from '../../src/hl7/index.ts';

const pid3 = (field: string) => parse(Buffer.from(`MSH|^~\\&|APP|FAC\rPID|1||${field}`)).field('PID', 3);
const systems = { HOSP: 'http://hospital.example/mrn' };

describe('Identifiers (CX)', () => {
  it('have the system of their assigning authority', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['1^^^A&1.2.840.1&ISO', 'urn:oid:1.2.840.1'],
      ['1^^^&1.2.840.1&ISO', 'urn:oid:1.2.840.1'],
      ['1^^^A&urn:oid:1.2.840.1&ISO', 'urn:oid:1.2.840.1'],
      ['1^^^A&http://h.example/x&URI', 'http://h.example/x'],
      ['1^^^A&9F619AB2-0000-4000-8000-0123456789AB&UUID', 'urn:uuid:9f619ab2-0000-4000-8000-0123456789ab'],
      ['1^^^LAB', 'urn:id:LAB'],
      ['1^^^HOSP^MR', 'http://hospital.example/mrn'],
      ['1^^^HOSP&1.2.3&ISO', 'urn:oid:1.2.3'],
      ['1^^^LAB&h.example&DNS', 'urn:id:LAB'],
      ['1^^^constructor', 'urn:id:constructor'],
    ];
    for (const [field, system] of cases) assert.deepEqual(identifiersOf(pid3(field), systems), [{ system, value: '1' }], field);
  });

  it('keep their order, without repeats, and leave out what has no value', () => {
    assert.deepEqual(identifiersOf(pid3('1^^^A~^^^B~2^^^B~1^^^A~""^^^C~ 3 ^^^A'), {}), [
      { system: 'urn:id:A', value: '1' },
      { system: 'urn:id:B', value: '2' },
      { system: 'urn:id:A', value: '3' },
    ]);
    assert.deepEqual(identifiersOf(pid3('""')), []);
    assert.deepEqual(identifiersOf(pid3('')), []);
  });

  it('without an authority belong to the given default', () => {
    assert.deepEqual(identifiersOf(pid3('12345'), {}, 'urn:id:FAC'), [{ system: 'urn:id:FAC', value: '12345' }]);
  });

  it('a whole field can be the authority (MSH-4)', () => {
    const read = parse(Buffer.from('MSH|^~\\&|APP|FAC^1.2.3^ISO\r'));
    assert.equal(systemOf(read.field('MSH', 4)), 'urn:oid:1.2.3');
    assert.equal(systemOf(read.field('MSH', 3), systems), 'urn:id:APP');
    assert.equal(systemOf(read.field('MSH', 5)), undefined);
  });
});
