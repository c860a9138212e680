import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { charsetOf, edit, encode, Message, parse } from '../../src/hl7/index.ts';

const marks = fc.shuffledSubarray([...'|^~\\&#!$%*+:;=?@[]{}<>,'], { minLength: 6, maxLength: 6 });
const ends = fc.constantFrom('\r', '\n', '\r\n', '\r\r');
const sets = fc.constantFrom('', '8859/1', '8859/2', 'UNICODE UTF-8', 'ASCII', 'WINDOWS-1252');

describe('Encoding', () => {
  it('gives back every byte that was read, with any delimiters, charset and content', () => {
    fc.assert(
      fc.property(
        marks,
        ends,
        sets,
        fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 8 }),
        fc.array(fc.string({ unit: fc.constantFrom(...'|^~\\&#ab"\u000b\u001c'), maxLength: 40 }), { maxLength: 6 }),
        (mark, end, charset, wild, plain) => {
          const head = `MSH${mark.join('')}${mark[0]}${`A${mark[0]}`.repeat(15)}${charset}${end}`;
          const lines = [
            ...wild.map((line, n) =>
              Buffer.concat([Buffer.from(n % 2 ? 'ZZ1' : 'PID'), Buffer.from(mark[0] ?? ''), Buffer.from(line), Buffer.from(end)]),
            ),
            ...plain.map((line) => Buffer.from(`OBX${mark[0]}${line}${end}`)),
          ];
          const bytes = Buffer.concat([Buffer.from(head), ...lines]);
          assert.deepEqual(encode(parse(bytes)), bytes);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('gives back multi-byte charsets, too', () => {
    const body = charsetOf('GB18030')?.encode('PID|1||7||王|北京^\u{20000}\r') ?? Buffer.alloc(0);
    const bytes = Buffer.concat([Buffer.from('MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||GB18030\r'), body]);
    assert.deepEqual(encode(parse(bytes)), bytes);
  });

  it('keeps the spelling of what is not changed where a text has several', () => {
    const head = 'MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||~ISO IR87\r';
    // The name with a sequence too many, and without going back to ASCII before the line ends.
    const name = Buffer.from([0x1b, 0x24, 0x42, 0x1b, 0x24, 0x42, 0x3b, 0x33, 0x1b, 0x28, 0x4a, 0x41, 0x1b, 0x24, 0x42, 0x3b, 0x33]);
    const bytes = Buffer.concat([Buffer.from(`${head}PID|1||7||`), name, Buffer.from('\rPV1|1|I\r\nNTE|a\nb\r')]);
    assert.equal(parse(bytes).text('PID-5'), '山A山');
    assert.equal(parse(bytes).charsetBroken, false, 'a line ends in ASCII, whether its sender went back or not');
    assert.deepEqual(encode(parse(bytes)), bytes);
    const edited = edit(parse(bytes), { 'PV1-2': '山' });
    const before = bytes.indexOf('PV1');
    assert.deepEqual(edited.subarray(0, before), bytes.subarray(0, before));
    assert.equal(edited.toString('latin1', before), 'PV1|1|\x1b$B;3\x1b(B\r\nNTE|a\nb\r');
  });

  it('writes the text that the message is read from, not the one received, where they differ', () => {
    const head = 'MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||~ISO IR87\r';
    const read = parse(Buffer.from(`${head}PID|1||7||\x1b$B;3\x1b(B\r`, 'latin1'));
    const reading = { ...read.reading, bytes: Buffer.from(`${head}PID|1||8||山\r`) };
    const other = new Message(read.original, 0, reading, false, false, 100);
    assert.equal(encode(other).toString('latin1'), `${head}PID|1||8||\x1b$B;3\x1b(B\r`);
    assert.equal(edit(other, { 'PID-1': '2' }).toString('latin1'), `${head}PID|2||8||\x1b$B;3\x1b(B\r`);
  });

  it('changes what it is told and nothing else', () => {
    const bytes = Buffer.from('MSH|^~\\&|A|B\nPID|1||7^^^H~8||DOE^J\\Zx\\|\n\nOBX|1|TX|||a\\5 b\rno segment\r', 'latin1');
    const message = parse(bytes);
    assert.equal(
      edit(message, { 'PID-3[2].4.2': '1.2&3', 'PID-7': null, 'PID-9': 'ü|', 'MSH-3': 'NEW', 'OBX-5': '', 'ZZZ-1': 'x' }).toString(
        'latin1',
      ),
      'MSH|^~\\&|NEW|B\nPID|1||7^^^H~8^^^&1.2\\T\\3||DOE^J\\Zx\\||""||ü\\F\\\n\nOBX|1|TX|||\rno segment\r',
    );
    assert.equal(edit(message, {}).compare(bytes), 0);
    assert.throws(() => edit(message, { 'pid-3': 'x' } as never), { code: 'AORTA_HL7_021' });
    assert.throws(() => edit(message, { 'PID-5': '€' }), { code: 'AORTA_HL7_020' });
  });

  it('a value set is the value read', () => {
    const base = parse(Buffer.from('MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||UNICODE UTF-8\rPID|1||7^^^H~8||DOE^J\r'));
    const number = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(number, number, number, number, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (f, r, c, s, value) => {
        const path = `PID-${f}[${r}].${c}.${s}` as const;
        const text = `v${value}`;
        assert.equal(parse(edit(base, { [path]: text })).text(path), text);
      }),
    );
  });
});
