import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ackRequest, buildAck, finding, isAck, parse } from '../../src/hl7/index.ts';

const inbound = (msh: string) => parse(Buffer.from(`${msh}\rPID|1||7\r`));
const lines = (bytes: Buffer) => bytes.toString('latin1').split('\r');
const at = Date.UTC(2024, 0, 31, 12);

describe('An acknowledgement', () => {
  it('answers the message: addresses swapped, event, processing id, version and charset mirrored', () => {
    const to = inbound('MSH|^~\\&|APP|FAC^1.2^ISO|LAB|CITY|20240131||ADT^A02^ADT_A02|ID-1|T^A|2.5.1^USA||||||8859/1');
    assert.deepEqual(lines(buildAck({ to, code: 'AA', controlId: 'NEW1', at })), [
      'MSH|^~\\&|LAB|CITY|APP|FAC^1.2^ISO|20240131120000.000+0000||ACK^A02^ACK|NEW1|T^A|2.5.1^USA||||||8859/1',
      'MSA|AA|ID-1',
      '',
    ]);
  });

  it('names every error with place, condition, severity and our code', () => {
    const to = inbound('MSH|^~\\&|A|B|C|D|||ADT^A01|ID-2|P|2.5');
    const errors = [
      finding('AORTA_HL7_007', { segment: 'PID', field: 3 }),
      finding('AORTA_HL7_008', { segment: 'OBX', sequence: 2, field: 14, repetition: 3, component: 1 }),
    ];
    const [, msa, one, two] = lines(buildAck({ to, code: 'AE', controlId: 'N', at, errors }));
    assert.equal(msa, 'MSA|AE|ID-2|Required field missing');
    assert.equal(
      one,
      'ERR||PID^1^3^1|101^Required field missing^HL70357|E|AORTA_HL7_007|||A required value is missing at PID-3. [AORTA_HL7_007]',
    );
    assert.match(two ?? '', /^ERR\|\|OBX\^2\^14\^3\^1\|102\^Data type error\^HL70357\|E\|AORTA_HL7_008\|\|\|/);
  });

  it('gives senders before 2.5 the place in ERR-1, too', () => {
    const to = inbound('MSH|^~\\&|A|B|C|D|||ADT^A01|ID-2|P|2.3.1');
    const [, , err] = lines(
      buildAck({ to, code: 'AE', controlId: 'N', at, errors: [finding('AORTA_HL7_007', { segment: 'PID', field: 3 })] }),
    );
    assert.match(err ?? '', /^ERR\|PID\^1\^3\^101\|PID\^1\^3\^1\|101\^/);
  });

  it("speaks in the sender's delimiters and charset", () => {
    const bytes = Buffer.from('MSH:*!%@#:A:Kr\xe4nke:C:D:::ADT*A01:I%T%D:P:2.7::::::8859/1\rPID:1\r', 'latin1');
    const ack = buildAck({
      to: parse(bytes),
      code: 'AR',
      controlId: 'N',
      at,
      errors: [{ condition: '201', severity: 'E', code: 'X', message: 'a:b*c@d' }],
    });
    const [msh, msa, err] = lines(ack);
    assert.equal(msh, 'MSH:*!%@#:C:D:A:Kr\xe4nke:20240131120000.000+0000::ACK*A01*ACK:N:P:2.7::::::8859/1');
    assert.equal(msa, 'MSA:AR:I%T%D:Unsupported event code');
    assert.equal(err, 'ERR:::201*Unsupported event code*HL70357:E:X:::a%F%b%S%c%T%d');
    assert.equal(parse(ack).text('ERR-8'), 'a:b*c@d');
  });

  it('has an empty MSA-2 when nothing could be made out', () => {
    assert.deepEqual(lines(buildAck({ to: undefined, code: 'AR', controlId: 'N', at })), [
      'MSH|^~\\&|||||20240131120000.000+0000||ACK|N|P|2.5',
      'MSA|AR|',
      '',
    ]);
  });

  it('takes the event from EVN-1 where MSH-9 lacks it', () => {
    const to = parse(Buffer.from('MSH|^~\\&|A|B|C|D|||ADT|1|P|2.2\rEVN|A08|\r'));
    assert.match(lines(buildAck({ to, code: 'AA', controlId: 'N', at }))[0] ?? '', /\|ACK\^A08\^ACK\|/);
  });

  it('never carries bytes that would break its own frame', () => {
    const to = inbound(`MSH|^~\\&|A|B|C|D|||ADT^A01|I\x1cD\x0b|P|2.5`);
    const ack = buildAck({ to, code: 'AE', controlId: 'N', at });
    assert.equal(ack.includes(0x1c) || ack.includes(0x0b), false);
    const huge = inbound(`MSH|^~\\&|${'A'.repeat(5000)}|B|C|D|||ADT^A01|1|P|2.5`);
    assert.ok(buildAck({ to: huge, code: 'AE', controlId: 'N', at }).length < 500);
  });

  it('mirrors names of multi-byte charsets as they came', () => {
    const name = Buffer.from([0xcd, 0xf5]);
    const bytes = Buffer.concat([Buffer.from('MSH|^~\\&|A|'), name, Buffer.from('|C|D|||ADT^A01|1|P|2.5||||||GB18030\r')]);
    const [msh] = lines(buildAck({ to: parse(bytes), code: 'AA', controlId: 'N', at }));
    assert.equal(msh?.split('|')[5], name.toString('latin1'));
  });

  it('is itself never answered', () => {
    assert.equal(isAck(inbound('MSH|^~\\&|A|B|C|D|||ACK^A01^ACK|1|P|2.5')), true);
    assert.equal(isAck(parse(Buffer.from('MSH|^~\\&|A|B|C|D|||RSP^K22|1|P|2.5\rMSA|AA|1\r'))), true);
    assert.equal(isAck(inbound('MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5')), false);
  });

  it('knows which mode the sender asks for', () => {
    assert.equal(ackRequest(inbound('MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5')).mode, 'original');
    assert.equal(ackRequest(inbound('MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5|||AL|NE')).mode, 'enhanced');
    assert.equal(ackRequest(inbound('MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||AL')).mode, 'enhanced');
  });
});
