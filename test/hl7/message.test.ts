import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AortaError } from '../../src/errors/index.ts';
import { parse, salvage } from '../../src/hl7/index.ts';
import { growth } from '../support/growth.ts';

const lines = [
  'MSH|^~\\&|ADT1|HOSP|LAB|CITY|20240131120000||ADT^A01^ADT_A01|MSG1|P|2.5.1',
  'EVN|A01|20240131115900',
  'PID|1||111^^^HOSP^MR~222^^^AUTH&1.2.3.4&ISO^PI||DOE^JANE||19800102|F|""||',
  'OBX|1|TX|||first',
  'OBX|2|TX|||second',
];
const text = (end: string) => Buffer.from(lines.map((line) => line + end).join(''));
const message = parse(text('\r'));

describe('A message', () => {
  it('gives text at any path', () => {
    assert.equal(message.text('MSH-9.2'), 'A01');
    assert.equal(message.text('PID-3'), '111^^^HOSP^MR~222^^^AUTH&1.2.3.4&ISO^PI');
    assert.equal(message.text('PID-3.1'), '111');
    assert.equal(message.text('PID-3[2].4.2'), '1.2.3.4');
    assert.equal(message.text('PID-3[2].1.1'), '222');
    assert.equal(message.text('OBX[2]-5'), 'second');
    assert.equal(message.text('PID-5.1.1'), 'DOE', 'a component without subcomponents is its own first one');
    assert.equal(message.text('PID-5.1.2'), undefined);
  });

  it('counts MSH from its separator', () => {
    assert.equal(message.text('MSH-1'), '|');
    assert.equal(message.text('MSH-2'), '^~\\&');
    assert.equal(message.text('MSH-3'), 'ADT1');
    assert.equal(message.text('MSH-12'), '2.5.1');
    assert.equal(message.get('MSH-13').state, 'absent');
  });

  it('tells delete, empty, absent and a value apart', () => {
    assert.equal(message.get('PID-8').state, 'value');
    assert.equal(message.get('PID-9').state, 'null');
    assert.equal(message.text('PID-9'), undefined);
    assert.equal(message.get('PID-10').state, 'empty');
    assert.equal(message.get('PID-2').state, 'empty');
    assert.equal(message.get('PID-12').state, 'absent');
    assert.equal(message.get('ZZZ-1').state, 'absent');
    assert.equal(message.get('PID-3[3].1').state, 'absent');
    assert.equal(message.get('PID-5.3').state, 'absent');
  });

  it('gives a field as plain arrays', () => {
    assert.deepEqual(message.field('PID', 3).tree(), [
      [['111'], [''], [''], ['HOSP'], ['MR']],
      [['222'], [''], [''], ['AUTH', '1.2.3.4', 'ISO'], ['PI']],
    ]);
    assert.deepEqual(message.field('PID', 9).tree(), [[['""']]]);
    assert.deepEqual(message.field('PID', 2).tree(), []);
  });

  for (const [name, end] of [
    ['CR', '\r'],
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['blank lines', '\r\n\r\n'],
  ] as const) {
    it(`reads segments ended by ${name}`, () => {
      const read = parse(text(end));
      assert.deepEqual(
        [...read.segments()].map((segment) => segment.name),
        ['MSH', 'EVN', 'PID', 'OBX', 'OBX'],
      );
      assert.equal(read.text('MSH-12'), '2.5.1');
      assert.equal(read.text('OBX[2]-5'), 'second');
    });
  }

  it('keeps a lone line feed inside text when no segment follows it', () => {
    const read = parse(Buffer.from('MSH|^~\\&|A\rOBX|1|TX|||line one\nline two\nOBX|2|TX|||x'));
    assert.equal(read.text('OBX-5'), 'line one\nline two');
    assert.equal(read.text('OBX[2]-5'), 'x');
  });

  it('uses the delimiters of the message, up to the truncation character', () => {
    const read = parse(Buffer.from('MSH:*!%@#:APP:FAC\rPID:1::1*x@y!2:"":a%S%b%T%c%R%d%F%e%E%f%P%g'));
    assert.equal(read.text('MSH-2'), '*!%@#');
    assert.equal(read.text('MSH-4'), 'FAC');
    assert.equal(read.text('PID-3[2].1'), '2');
    assert.equal(read.text('PID-3.2.2'), 'y');
    assert.equal(read.get('PID-4').state, 'null');
    assert.equal(read.text('PID-5'), 'a*b@c!d:e%f#g');
  });

  it('takes short MSH-2: what it does not name separates nothing', () => {
    const read = parse(Buffer.from('MSH|^~|A\rPID|1||a&b\\F\\c^d'));
    assert.equal(read.text('PID-3.1'), 'a&b\\F\\c');
    assert.equal(read.text('PID-3.2'), 'd');
  });

  it('skips a byte order mark and line ends in front', () => {
    assert.equal(parse(Buffer.from('\ufeffMSH|^~\\&|APP')).text('MSH-3'), 'APP');
    assert.equal(parse(Buffer.from('\r\nMSH|^~\\&|APP')).text('MSH-3'), 'APP');
  });

  it('refuses what has no MSH or no usable delimiters, with a code', () => {
    const codeOf = (bytes: string) => {
      try {
        parse(Buffer.from(bytes));
      } catch (thrown) {
        return (thrown as AortaError).code;
      }
      return 'read';
    };
    for (const junk of ['', 'M', 'PID|1', 'GET / HTTP/1.1', ' MSH|^~\\&|']) assert.equal(codeOf(junk), 'AORTA_HL7_001', junk);
    for (const bad of ['MSH', 'MSHA^~\\&A', 'MSH||', 'MSH|||', 'MSH|^^\\&|', 'MSH|^~\\&#+|', 'MSH|^~A&|', 'MSH^~\\&\r', 'MSH|"~\\&|']) {
      assert.equal(codeOf(bad), bad === 'MSH^~\\&\r' ? 'read' : 'AORTA_HL7_002', bad);
    }
    assert.equal(codeOf('MSH|^~\\&|A'), 'read');
  });

  it('salvages the control id of what cannot be read', () => {
    assert.equal(salvage(Buffer.from('MSH||A|B|C|D|||ADT^A01|ID7|P|2.5'))?.text('MSH-10'), 'ID7');
    assert.equal(salvage(Buffer.from('MSH|^^^^|A|B|C|D|||ADT^A01|ID7|P|2.5'))?.text('MSH-10'), 'ID7');
    assert.equal(salvage(Buffer.from('garbage\rMSH|^~\\&|A|B|C|D|||ADT^A01|ID8|P|2.5'))?.text('MSH-10'), 'ID8');
    assert.equal(salvage(Buffer.from('no header at all')), undefined);
  });

  it('stops looking at segments past its limit', () => {
    const many = parse(Buffer.from(`MSH|^~\\&|A\r${'NTE|1\r'.repeat(50)}PID|1`), { maxSegments: 20 });
    assert.throws(() => many.segment('PID'), { code: 'AORTA_HL7_013' });
    assert.equal(many.text('MSH-3'), 'A', 'what was found stays readable');
  });

  it('finds a segment anywhere in a large message, and knows when there is none', () => {
    const filler = 'OBX|1|TX|||see PV1|1 and ZZZ|1\r'.repeat(20_000);
    const large = parse(Buffer.from(`MSH|^~\\&|A\r${filler}PV1|1|I\r${filler}\nAL1|9`));
    assert.equal(large.text('PV1-2'), 'I');
    assert.equal(large.text('AL1-1'), '9');
    assert.equal(large.segment('ZZZ'), undefined);
    assert.equal(large.segment('PV1', 2), undefined);
    const none = parse(Buffer.from(`MSH|^~\\&|A\r${'NTE|1\r'.repeat(100_000)}`));
    assert.equal(none.segment('PID'), undefined, 'no index of all segments is needed to know that');
  });

  it('never throws on what fields hold', () => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(
        bytes,
        fc.constantFrom('8859/1', 'UNICODE UTF-8', 'GB 18030-2000', 'ASCII', 'BIG-5', '~ISO IR87', 'nonsense', '8859/6', ''),
        (body, charset) => {
          const head = Buffer.from(`MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||${charset}\r`);
          const read = parse(Buffer.concat([head, body]));
          for (const segment of read.segments()) for (let n = 1; n <= segment.length + 1; n++) segment.field(n).tree();
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads the first segments of a huge message without looking at the rest', () => {
    const head = Buffer.from('MSH|^~\\&|A\rPID|1||77\r');
    const ratio = growth(1_000_000, (size) => {
      const bytes = Buffer.allocUnsafeSlow(size);
      head.copy(bytes);
      for (let round = 0; round < 200; round++) parse(bytes).text('PID-3.1');
    });
    assert.ok(ratio < 8, `a message 16 times as large took ${ratio.toFixed(1)} times as long`);
  });
});
