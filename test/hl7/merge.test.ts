import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse, readMerge } from '../../src/hl7/index.ts';

const message = (pid: string, rest: readonly string[], event = 'A40') =>
  parse(
    Buffer.from(
      [
        `MSH|^~\\&|ADT|HOSP|AORTA|LAB|20240131120000||ADT^${event}^ADT_A39|1|P|2.5`,
        'EVN||20240131115900',
        `PID|1||${pid}||DOE^JANE`,
        ...rest,
      ].join('\r'),
    ),
  );
const read = (...args: Parameters<typeof message>) => readMerge(message(...args), { events: new Set(), zone: 'UTC' });
const found = (...args: Parameters<typeof message>) =>
  read(...args).findings.map(({ code, ack, condition, location }) => [
    code,
    ack,
    condition,
    `${location?.segment}-${location?.field ?? ''}`,
  ]);

describe('merge messages', () => {
  it('PID is the survivor, MRG-1 the merged', () => {
    for (const event of ['A40', 'A34']) {
      const { facts, findings } = read('a^^^HOSP~n^^^&1.2.3&ISO', ['MRG|b^^^HOSP~c'], event);
      assert.deepEqual(findings, []);
      assert.deepEqual(facts?.identifiers, [
        { system: 'urn:id:HOSP', value: 'a' },
        { system: 'urn:oid:1.2.3', value: 'n' },
      ]);
      assert.deepEqual(facts?.merged, [
        { system: 'urn:id:HOSP', value: 'b' },
        { system: 'urn:id:HOSP', value: 'c' },
      ]);
      assert.deepEqual([facts?.event, facts?.occurredAt], [event, Date.UTC(2024, 0, 31, 11, 59)]);
    }
  });

  it('an identifier on both sides is the merged patient’s', () => {
    assert.deepEqual(read('b^^^HOSP~a^^^HOSP', ['MRG|b^^^HOSP']).facts?.identifiers, [{ system: 'urn:id:HOSP', value: 'a' }]);
    assert.deepEqual(read('b^^^X', ['MRG|b^^^HOSP']).facts?.identifiers.length, 1, 'of another authority it is another one');
  });

  it('refuses a merge into itself, without a merged patient, and of two pairs', () => {
    assert.deepEqual(found('a^^^HOSP', ['MRG|a^^^HOSP']), [['AORTA_HL7_032', 'AE', '205', 'MRG-1']]);
    assert.deepEqual(found('a', ['MRG|a^^^HOSP~b^^^HOSP']), [['AORTA_HL7_032', 'AE', '205', 'MRG-1']]);
    assert.deepEqual(found('a', []), [['AORTA_HL7_007', 'AE', '101', 'MRG-']]);
    assert.deepEqual(found('a', ['MRG||b']), [['AORTA_HL7_007', 'AE', '101', 'MRG-1']]);
    assert.deepEqual(found('', ['MRG|b']), [['AORTA_HL7_007', 'AE', '101', 'PID-3']]);
    assert.deepEqual(found('a', [`MRG|${'b'.repeat(300)}`]), [['AORTA_HL7_011', 'AE', '102', 'MRG-1']]);
    assert.deepEqual(
      found('a', ['MRG|b', 'PID|2||c', 'MRG|d']).map(([code, , condition, place]) => [code, condition, place]),
      [
        ['AORTA_HL7_033', '100', 'PID-'],
        ['AORTA_HL7_033', '100', 'MRG-'],
      ],
    );
    assert.deepEqual(found('a', ['MRG|b'], 'A18'), [['AORTA_HL7_004', 'AR', '201', 'MSH-9']]);
  });
});
