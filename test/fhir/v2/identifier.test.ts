import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inside } from '../../../src/fhir/v2/field.ts';
import { systemOf } from '../../../src/fhir/v2/identifier.ts';
import { settle } from '../../../src/fhir/v2/settle.ts';
import { parse, systemOf as systemOfElement } from '../../../src/hl7/index.ts';
import { factsOf, segment } from './facts.ts';

describe('assigning authority → system', () => {
  it('follows the same rule as ingress’s identity', () => {
    const systems = { HOSP: 'https://hospital.example/mrn' };
    for (const hd of [
      'GENHOSP',
      'HOSP',
      'A&1.2.3&ISO',
      '&1.2.3&ISO',
      '&1.2.3',
      '&2.16.840&iso',
      '&urn:oid:1.2&ISO',
      '&https://x.example&URI',
      'A&6F9-8&UUID',
      'A&6F9-8&GUID',
      '&host.example&DNS',
      'A&host&DNS',
      '&',
      '""',
      '__proto__',
      ' SPACED ',
    ]) {
      const message = parse(Buffer.from(`MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5.1\rPID|||1^^^${hd}`));
      const mine = systemOf(inside(factsOf(segment('PID', { 3: `1^^^${hd}` }))['PID-3']?.[0], 4), systems);
      assert.equal(mine, systemOfElement(message.field('PID', 3).component(4), systems), hd);
    }
  });
});

describe('settle', () => {
  const settled = (segments: string[], sentAt?: string) =>
    settle(factsOf(...segments), { facility: ['GEN', '1.9', 'ISO'], ...(sentAt ? { sentAt } : {}) });

  it('gives numbers and places the sender’s facility where they name none', () => {
    const facts = settled([
      segment('PID', { 3: 'M1~M2^^^LAB~^^^~""' }),
      segment('PV1', { 3: '4W^401', 6: '^^^', 19: 'V1^^^^VN', 42: '""' }),
    ]);
    assert.deepEqual(
      facts['PID-3']?.map((cx) => cx[3]),
      [['GEN', '1.9', 'ISO'], ['LAB'], [''], undefined],
    );
    assert.deepEqual(facts['PV1-3'], [[['4W'], ['401'], [''], ['GEN', '1.9', 'ISO']]]);
    assert.deepEqual(facts['PV1-19']?.[0]?.[4], ['VN']);
    assert.deepEqual(facts['PV1-42'], [[['""']]], 'a deletion stays one');
  });

  it('gives times the offset of MSH-7 where they have none', () => {
    const segments = [
      segment('PID', { 7: '19800102', 29: '202601011200' }),
      segment('PV1', { 44: '202605011000+0200', 45: '202605011100' }),
    ];
    const offset = settled(segments, '20260501100000-0500');
    assert.deepEqual(
      ['PID-7', 'PID-29', 'PV1-44', 'PV1-45'].map((name) => offset[name]?.[0]?.[0]?.[0]),
      ['19800102', '202601011200-0500', '202605011000+0200', '202605011100-0500'],
    );
    assert.equal(settled(segments, '20260501100000')['PV1-45']?.[0]?.[0]?.[0], '202605011100');
  });
});
