import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { atOnce, charsetOf, charsetOfField, encode, inTurns, parse, parseInTurns, utf8, validateCharset } from '../../src/hl7/index.ts';

const message = (charset: string, name: Buffer) =>
  Buffer.concat([Buffer.from(`MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||${charset}\rPID|1||7||`), name, Buffer.from('^X\r')]);

const samples: readonly (readonly [declared: string, iana: string, text: string, bytes: number[]])[] = [
  ['8859/1', 'ISO-8859-1', 'Müller', [0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72]],
  ['8859/2', 'ISO-8859-2', 'Łódź', [0xa3, 0xf3, 0x64, 0xbc]],
  ['8859/5', 'ISO-8859-5', 'Ива', [0xb8, 0xd2, 0xd0]],
  ['8859/7', 'ISO-8859-7', 'Νίκ', [0xcd, 0xdf, 0xea]],
  ['8859/9', 'ISO-8859-9', 'Işık', [0x49, 0xfe, 0xfd, 0x6b]],
  ['8859/15', 'ISO-8859-15', '€', [0xa4]],
  ['ASCII', 'US-ASCII', 'Doe', [0x44, 0x6f, 0x65]],
  ['UNICODE UTF-8', 'UTF-8', 'Müller', [0x4d, 0xc3, 0xbc, 0x6c, 0x6c, 0x65, 0x72]],
  ['UNICODE', 'UTF-8', 'é', [0xc3, 0xa9]],
  ['GB 18030-2000', 'GB18030', '王', [0xcd, 0xf5]],
  ['KS X 1001', 'EUC-KR', '김', [0xb1, 0xe8]],
  ['BIG-5', 'Big5', '王', [0xa4, 0xfd]],
  ['~ISO IR87', 'ISO-2022-JP', '山', [0x1b, 0x24, 0x42, 0x3b, 0x33, 0x1b, 0x28, 0x42]],
];

describe('MSH-18', () => {
  for (const [declared, iana, text, bytes] of samples) {
    it(`${declared} is read as ${iana}`, () => {
      const read = parse(message(declared, Buffer.from(bytes)));
      assert.equal(read.text('PID-5.1'), text);
      assert.equal(read.charset.name, iana);
      assert.deepEqual(atOnce(validateCharset(read)), []);
    });
  }

  it('takes the spellings seen in the field', () => {
    for (const [declared, iana] of [
      ['UTF-8', 'UTF-8'],
      ['utf8', 'UTF-8'],
      ['ISO-8859-1', 'ISO-8859-1'],
      ['iso8859-2', 'ISO-8859-2'],
      ['8859-15', 'ISO-8859-15'],
      ['GB18030', 'GB18030'],
      ['ISO IR6', 'US-ASCII'],
      ['WINDOWS-1252', 'windows-1252'],
    ] as const) {
      assert.equal(charsetOf(declared)?.name, iana, declared);
    }
    for (const unknown of ['UNICODE UTF-16', 'UNICODE UTF-32', '8859/10', '8859/99', 'CNS 11643-1992', 'EBCDIC'])
      assert.equal(charsetOf(unknown), undefined, unknown);
  });

  it('empty means the default, ISO 8859-1 unless configured', () => {
    assert.equal(parse(message('', Buffer.from([0xfc]))).text('PID-5.1'), 'ü');
    assert.equal(parse(message('', Buffer.from('ü')), { charset: utf8 }).text('PID-5.1'), 'ü');
  });

  it('unknown is said, not guessed', () => {
    const read = parse(message('EBCDIC', Buffer.from('x')));
    assert.equal(read.charsetUnknown, true);
    assert.equal(read.text('PID-5.1'), 'x');
  });

  it('delimiters inside multi-byte characters separate nothing', () => {
    // GB18030 0x81 0x7c is one character whose second byte is |, 0x81 0x5e one with ^; Big5 a4 5c has \.
    const gb = parse(message('GB18030', Buffer.from([0x81, 0x7c, 0x81, 0x5e])));
    assert.equal(gb.text('PID-5.1')?.length, 2);
    assert.equal(gb.text('PID-5.2'), 'X');
    const big5 = parse(message('BIG-5', Buffer.from([0xa5, 0x5c, 0xa5, 0x7c])));
    assert.equal(big5.text('PID-5.1'), '功四');
  });

  it('Japanese: half-width katakana, JIS X 0212 and Roman are read and written', () => {
    const text = 'ABC 山田 ｱｲｳ 丂 x';
    const set = charsetOf('ISO IR87');
    const bytes = set?.encode(text) ?? Buffer.alloc(0);
    assert.equal(bytes.toString('latin1'), 'ABC \x1b$B;3ED\x1b(B \x1b(I123\x1b(B \x1b$(D0!\x1b(B x');
    assert.equal(parse(message('~ISO IR87~ISO IR159~ISO IR14', bytes)).text('PID-5.1'), text);
    assert.equal(parse(message('~ISO IR87', Buffer.from('\x1b(Ja\\T\\b\x1b(B'))).text('PID-5.1'), 'a&b');
    assert.throws(() => set?.encode('김'), { code: 'AORTA_HL7_020' });
    for (const broken of ['\x1b$B;', '\x1b$Z;3', '\x1b(I~', '\x1b$B;\x1b(B'])
      assert.equal(atOnce(validateCharset(parse(message('~ISO IR87', Buffer.from(broken))))).length, 1, JSON.stringify(broken));
  });

  it('Japanese text is the same wherever it is cut into slices', async () => {
    const text = '山ｱ丂A'.repeat(200_000);
    const bytes = message('~ISO IR87', charsetOf('ISO IR87')?.encode(text) ?? Buffer.alloc(0));
    assert.equal((await parseInTurns(bytes)).text('PID-5.1'), text);
  });

  it('with repetitions: the first is the own set, others are switched to inside an element, which begins in the own one', () => {
    // ESC - L: 8859/5; ESC - F: 8859/7; ESC ( B: back to the own set; ESC $ ) C: Korean.
    const name = Buffer.concat([Buffer.from('M\xfcller \x1b-L\xb8\xd2\xd0 \x1b-F\xcd\xdf \x1b$)C\xb1\xe8\x1b(B\xfc^\xfc', 'latin1')]);
    const read = parse(message('8859/1~8859/5~8859/7', name));
    assert.equal(read.text('PID-5.1'), 'Müller Ива Νί 김ü');
    assert.equal(read.text('PID-5.2'), 'ü', 'the next element is in the own set again');
    assert.equal(read.charset.name, 'ISO-8859-1');
    assert.deepEqual(atOnce(validateCharset(read)), []);
    assert.deepEqual(encode(read), message('8859/1~8859/5~8859/7', name));
    assert.equal(parse(message('8859/1', name)).text('PID-5.1')?.includes('\x1b-L'), true, 'one set alone switches nothing');
    const unknown = Buffer.from('a\x1b%Gb\x1b', 'latin1');
    assert.equal(parse(message('8859/1~8859/5', unknown)).text('PID-5.1'), 'a\x1b%Gb\x1b');
    assert.equal(parse(message('8859/1~EBCDIC', unknown)).charsetUnknown, true);
    assert.equal(parse(message('UNICODE UTF-8~8859/1', Buffer.from('é'))).text('PID-5.1'), 'é');
    const holes = parse(message('8859/3~8859/5', Buffer.from([0xa5])));
    assert.equal(atOnce(validateCharset(holes)).length, 1, 'what is in the own set is checked');
    assert.equal(charsetOfField(['8859/1', '8859/5'])?.valueOf(), charsetOfField(['8859/1', '8859/7'])?.valueOf());
  });

  it('bytes that are no characters of the declared set are a finding, not an exception', async () => {
    for (const [declared, bytes] of [
      ['UNICODE UTF-8', [0xfc, 0x72]],
      ['ASCII', [0xfc]],
      ['GB18030', [0x81, 0x20]],
      ['8859/3', [0xa5]],
      ['~ISO IR87', [0xfc]],
      ['KS X 1001', [0xff, 0xff]],
    ] as const) {
      const read = parse(message(declared, Buffer.from(bytes)));
      const found = atOnce(validateCharset(read));
      assert.deepEqual(
        found.map((each) => [each.code, each.ack, each.reason]),
        [['AORTA_HL7_010', 'AE', 'wrong-charset']],
        declared,
      );
      assert.deepEqual(await inTurns(validateCharset(read)), found);
      assert.equal(typeof read.text('PID-5'), 'string');
    }
  });

  it('large messages are converted in slices to the same text', async () => {
    const name = Buffer.alloc(3_000_001, Buffer.from([0xcd, 0xf5, 0x61]));
    const bytes = message('GB18030', name.subarray(0, 3_000_000));
    let slices = 0;
    const counting = setInterval(() => slices++, 0);
    const read = await parseInTurns(bytes);
    clearInterval(counting);
    assert.equal(read.text('PID-5.1'), parse(bytes).text('PID-5.1'));
    assert.equal(read.text('PID-5.1')?.length, 2_000_000);
    assert.ok(slices > 1, 'other work had its turn meanwhile');
  });
});
