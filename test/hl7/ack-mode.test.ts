import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ackRequest, acksDue, buildAck, finding, type Outcome, parse, refusedAtHeader } from '../../src/hl7/index.ts';

const message = (accept: string, application: string) =>
  parse(Buffer.from(`MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5|||${accept}|${application}\r`));
const stored: Outcome = { code: 'AA', accept: 'taken' };
const wrongContent: Outcome = { code: 'AE', accept: 'taken' };
const wrongHeader: Outcome = { code: 'AR', accept: 'refused' };
const notStored: Outcome = { code: 'AE', accept: 'refused' };

describe('Acknowledgement modes', () => {
  it('original when MSH-15 and MSH-16 are empty or "", enhanced when either is valued', () => {
    for (const [accept, application] of [
      ['', ''],
      ['""', '""'],
      [' ', ''],
    ] as const) {
      assert.deepEqual(ackRequest(message(accept, application)), { mode: 'original' });
    }
    assert.deepEqual(ackRequest(message('AL', '')), { mode: 'enhanced', accept: 'AL', application: 'NE', unknown: [] });
    assert.deepEqual(ackRequest(message('', 'er')), { mode: 'enhanced', accept: 'NE', application: 'ER', unknown: [] });
  });

  it('a value that is not in table 0155 counts as AL, and is named', () => {
    assert.deepEqual(ackRequest(message('YES', 'NE')), { mode: 'enhanced', accept: 'AL', application: 'NE', unknown: [15] });
    assert.deepEqual(ackRequest(message('NE', 'x'.repeat(500))), { mode: 'enhanced', accept: 'NE', application: 'AL', unknown: [16] });
  });

  it('every pair of conditions gets what it asks for, accept first, for every outcome', () => {
    // Rows: MSH-15, MSH-16, then what stored, wrong content, wrong header and not stored give.
    const table: readonly (readonly [string, string, string, string, string, string])[] = [
      ['', '', 'AA', 'AE', 'AR', 'AE'],
      ['AL', 'AL', 'CA AA', 'CA AE', 'CR', 'CE'],
      ['AL', 'NE', 'CA', 'CE', 'CR', 'CE'],
      ['AL', 'ER', 'CA', 'CA AE', 'CR', 'CE'],
      ['AL', 'SU', 'CA AA', 'CE', 'CR', 'CE'],
      ['NE', 'AL', 'AA', 'AE', 'AR', 'AE'],
      ['NE', 'NE', '', '', '', ''],
      ['NE', 'ER', '', 'AE', 'AR', 'AE'],
      ['NE', 'SU', 'AA', '', '', ''],
      ['ER', 'AL', 'AA', 'AE', 'CR', 'CE'],
      ['ER', 'NE', '', 'CE', 'CR', 'CE'],
      ['ER', 'ER', '', 'AE', 'CR', 'CE'],
      ['ER', 'SU', 'AA', 'CE', 'CR', 'CE'],
      ['SU', 'AL', 'CA AA', 'CA AE', 'AR', 'AE'],
      ['SU', 'NE', 'CA', '', '', ''],
      ['SU', 'ER', 'CA', 'CA AE', 'AR', 'AE'],
      ['SU', 'SU', 'CA AA', '', '', ''],
    ];
    for (const [accept, application, ...expected] of table) {
      const request = ackRequest(message(accept, application));
      const codes = [stored, wrongContent, wrongHeader, notStored].map((outcome) => acksDue(request, outcome).join(' '));
      assert.deepEqual(codes, expected, `${accept || 'empty'}/${application || 'empty'}`);
    }
  });

  it('what is wrong in MSH, or with the message as such, is wrong at the accept level', () => {
    assert.equal(refusedAtHeader([finding('AORTA_HL7_007', { segment: 'PID', field: 3 })]), false);
    assert.equal(
      refusedAtHeader([finding('AORTA_HL7_007', { segment: 'PID', field: 3 }), finding('AORTA_HL7_005', { segment: 'MSH', field: 11 })]),
      true,
    );
    assert.equal(refusedAtHeader([finding('AORTA_HL7_013', undefined, { limit: 1 })]), true);
  });

  it('an acknowledgement of enhanced mode asks for none itself', () => {
    const ack = parse(buildAck({ to: message('AL', 'AL'), code: 'CA', controlId: 'N', at: 0, enhanced: true }));
    assert.equal(`${ack.text('MSH-15')} ${ack.text('MSH-16')}`, 'NE NE');
    const original = parse(buildAck({ to: message('', ''), code: 'AA', controlId: 'N', at: 0 }));
    assert.equal(original.field('MSH', 15).size + original.field('MSH', 16).size, 0);
  });
});
