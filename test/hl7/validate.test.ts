import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adtEvents, parse, readAdt, validateHeader } from '../../src/hl7/index.ts';

const rules = { events: adtEvents, zone: 'Europe/Berlin', identifierSystems: { HOSP: 'urn:oid:1.2.3' } };
const good = {
  msh: 'MSH|^~\\&|APP|FAC|LAB|CITY|20240131120000||ADT^A01^ADT_A01|ID1|P|2.5',
  evn: 'EVN|A01|20240131115900||||20240131110000',
  pid: 'PID|1||77^^^HOSP^MR||DOE^J||19800102|F',
  pv1: 'PV1|1|I|W1^R2^B3',
};
const message = (parts: Partial<typeof good>) =>
  parse(
    Buffer.from(
      `${Object.values({ ...good, ...parts })
        .filter((line) => line !== '')
        .join('\r')}\r`,
    ),
  );
const check = (parts: Partial<typeof good>) => {
  const read = message(parts);
  return [...validateHeader(read), ...readAdt(read, rules).findings].map(
    (f) =>
      `${f.ack} ${f.condition} ${f.code} ${f.location?.segment}-${f.location?.field ?? ''}${f.location?.component ? `.${f.location.component}` : ''}`,
  );
};
const msh = (n: number, value: string) => {
  const fields = good.msh.split('|');
  fields[n - 1] = value;
  return fields.join('|');
};
const facts = (parts: Partial<typeof good>) => readAdt(message(parts), rules).facts;

describe('ADT rules', () => {
  it('a good message breaks none and gives the facts', () => {
    assert.deepEqual(check({}), []);
    assert.deepEqual(facts({}), {
      event: 'A01',
      controlId: 'ID1',
      sender: 'APP|FAC',
      identifiers: [{ system: 'urn:oid:1.2.3', value: '77' }],
      occurredAt: Date.UTC(2024, 0, 31, 10),
    });
  });

  it('each broken rule has its answer, condition and place', () => {
    const cases: readonly (readonly [string, Partial<typeof good>, string[]])[] = [
      ['unknown event', { msh: msh(9, 'ADT^A99') }, ['AR 201 AORTA_HL7_004 MSH-9.2']],
      ['no event at all', { msh: msh(9, 'ADT'), evn: '' }, ['AE 101 AORTA_HL7_007 MSH-9.2']],
      ['no message type', { msh: msh(9, '^A01') }, ['AE 101 AORTA_HL7_007 MSH-9']],
      ['no control id', { msh: msh(10, '') }, ['AE 101 AORTA_HL7_007 MSH-10']],
      ['deleted control id', { msh: msh(10, '""') }, ['AE 101 AORTA_HL7_007 MSH-10']],
      ['huge control id', { msh: msh(10, 'x'.repeat(200)) }, ['AE 102 AORTA_HL7_011 MSH-10']],
      ['control id with NUL', { msh: msh(10, 'a\x00') }, ['AE 102 AORTA_HL7_011 MSH-10']],
      ['huge sender', { msh: msh(3, 'x'.repeat(300)) }, ['AE 102 AORTA_HL7_011 MSH-3']],
      ['sender with NUL', { msh: msh(3, 'APP\\X00\\') }, ['AE 102 AORTA_HL7_011 MSH-3']],
      ['facility with a control character', { msh: msh(4, 'FAC^\\X1F\\') }, ['AE 102 AORTA_HL7_011 MSH-4']],
      ['processing id', { msh: msh(11, 'X') }, ['AR 202 AORTA_HL7_005 MSH-11']],
      ['no processing id', { msh: msh(11, '') }, ['AE 101 AORTA_HL7_007 MSH-11']],
      ['version', { msh: msh(12, '3.0') }, ['AR 203 AORTA_HL7_006 MSH-12']],
      ['no version', { msh: msh(12, '') }, ['AE 101 AORTA_HL7_007 MSH-12']],
      ['unknown charset', { msh: `${good.msh}||||||EBCDIC` }, ['AE 103 AORTA_HL7_009 MSH-18']],
      ['no PID', { pid: '' }, ['AE 101 AORTA_HL7_007 PID-']],
      ['no identifier', { pid: 'PID|1||^^^HOSP^MR' }, ['AE 101 AORTA_HL7_007 PID-3']],
      ['deleted identifier', { pid: 'PID|1||""' }, ['AE 101 AORTA_HL7_007 PID-3']],
      ['huge identifier', { pid: `PID|1||${'7'.repeat(251)}` }, ['AE 102 AORTA_HL7_011 PID-3']],
      ['identifier with NUL', { pid: 'PID|1||7\\X00\\^^^HOSP' }, ['AE 102 AORTA_HL7_011 PID-3']],
      ['thousands of identifiers', { pid: `PID|1||${'7~'.repeat(9000)}8` }, ['AE 102 AORTA_HL7_011 PID-3']],
      ['impossible EVN-2', { evn: 'EVN|A01|20240230' }, ['AE 102 AORTA_HL7_008 EVN-2']],
      ['impossible EVN-6', { evn: 'EVN|A01|20240131||||2024013125' }, ['AE 102 AORTA_HL7_008 EVN-6']],
      ['impossible MSH-7', { msh: msh(7, 'now') }, ['AE 102 AORTA_HL7_008 MSH-7']],
      ['impossible birth date', { pid: 'PID|1||77||D||19801301' }, ['AE 102 AORTA_HL7_008 PID-7']],
      ['impossible admission', { pv1: `PV1|1|I${'|'.repeat(42)}20240132` }, ['AE 102 AORTA_HL7_008 PV1-44']],
      ['impossible discharge', { pv1: `PV1|1|I${'|'.repeat(43)}20240132` }, ['AE 102 AORTA_HL7_008 PV1-45']],
      ['no time anywhere', { msh: msh(7, ''), evn: 'EVN|A01|""' }, ['AE 101 AORTA_HL7_007 EVN-2']],
      ['two messages in one', { pv1: good.msh }, ['AE 100 AORTA_HL7_012 MSH-']],
      [
        'several at once',
        { msh: msh(10, ''), pid: 'PID|1||||D||x' },
        ['AE 101 AORTA_HL7_007 MSH-10', 'AE 102 AORTA_HL7_008 PID-7', 'AE 101 AORTA_HL7_007 PID-3'],
      ],
    ];
    for (const [name, parts, expected] of cases) assert.deepEqual(check(parts), expected, name);
  });

  it('takes every event, processing id and version of its list', () => {
    for (const event of ['A01', 'A02', 'A03', 'A08', 'A11', 'A12', 'A13'])
      assert.deepEqual(check({ msh: msh(9, `ADT^${event}`) }), [], event);
    for (const id of ['P', 'T', 'D', 'P^A']) assert.deepEqual(check({ msh: msh(11, id) }), [], id);
    for (const version of ['2.1', '2.3.1', '2.5.1^USA', '2.8.2', '2.9']) assert.deepEqual(check({ msh: msh(12, version) }), [], version);
  });

  it('the event time is EVN-6, else EVN-2, else MSH-7; the offset of MSH-7 holds for all', () => {
    assert.equal(facts({ evn: 'EVN|A01|20240131115900' })?.occurredAt, Date.UTC(2024, 0, 31, 10, 59));
    assert.equal(facts({ evn: 'EVN|A01|""||||""' })?.occurredAt, Date.UTC(2024, 0, 31, 11));
    assert.equal(facts({ evn: '' })?.occurredAt, Date.UTC(2024, 0, 31, 11));
    assert.equal(facts({ msh: msh(7, '20240131120000-0500') })?.occurredAt, Date.UTC(2024, 0, 31, 16));
    assert.equal(facts({ evn: 'EVN|A01|20240131115900||||20240131110000+0900' })?.occurredAt, Date.UTC(2024, 0, 31, 2));
  });

  it('the event may stand in EVN-1 only, as before 2.3', () => {
    assert.equal(facts({ msh: msh(9, 'ADT') })?.event, 'A01');
  });

  it("an identifier without an authority is the sending facility's", () => {
    assert.deepEqual(facts({ pid: 'PID|1||12345' })?.identifiers, [{ system: 'urn:id:FAC', value: '12345' }]);
    assert.deepEqual(facts({ msh: msh(4, 'HOSP'), pid: 'PID|1||12345' })?.identifiers, [{ system: 'urn:oid:1.2.3', value: '12345' }]);
    assert.deepEqual(facts({ msh: msh(4, ''), pid: 'PID|1||12345' })?.identifiers, [{ system: 'urn:id:APP', value: '12345' }]);
  });

  it('`""` in a date deletes it and is no impossible date', () => {
    assert.deepEqual(check({ pid: 'PID|1||77||D||""' }), []);
  });
});
