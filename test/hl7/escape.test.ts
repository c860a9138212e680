import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { charsetOf, escapeText, parse, utf8 } from '../../src/hl7/index.ts';
import { growth } from '../support/growth.ts';

/** The text of a field that holds these bytes, in a message of this charset. */
const read = (field: string | Buffer, charset = 'UNICODE UTF-8'): string | undefined => {
  const head = Buffer.from(`MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||${charset}\rNTE|1||`);
  return parse(Buffer.concat([head, typeof field === 'string' ? Buffer.from(field) : field])).text('NTE-3');
};

describe('Escape sequences', () => {
  it('stand for the delimiters of the message', () => {
    assert.equal(read('a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f\\P\\g'), 'a|b^c&d~e\\f#g');
    assert.equal(read('\\T\\\\T\\'), '&&', 'neighbours do not collapse');
  });

  it('hold bytes in the charset of the message', () => {
    assert.equal(read('x\\XC3A9\\y'), 'xéy');
    assert.equal(read('x\\XC3\\\\XA9\\y'), 'xéy', 'a character in two sequences');
    assert.equal(read(Buffer.from('x\\XE9\\y', 'latin1'), '8859/1'), 'xéy');
    assert.equal(read('x\\XD6D0\\y', 'GB 18030-2000'), 'x中y');
    assert.equal(read('a\\X0D0A\\b'), 'a\r\nb');
  });

  it('read pairs that start with 00 as UTF-16, which some senders write', () => {
    assert.equal(read('a\\X000d\\b'), 'a\rb');
    assert.equal(read('\\X00E0\\'), 'à');
    assert.equal(read(Buffer.from('\\X00E000E9\\', 'latin1'), '8859/1'), 'àé');
  });

  it('become line ends and spaces in formatted text', () => {
    assert.equal(read('one\\.br\\two\\.sp2\\three\\.ce\\four'), 'one\ntwo\n\nthree\nfour');
    assert.equal(read('a\\.sk 3\\b\\.fi\\\\.nf\\\\.in+2\\\\.ti-1\\c'), 'a   bc');
    assert.equal(read('\\H\\bold\\N\\ plain'), 'bold plain');
  });

  it('switch sets where the message names more than one, until the next switch or the end of the element', () => {
    assert.equal(read('\\M2442\\;3ED\\C2842\\ A', '~ISO IR87'), '山田 A');
    assert.equal(read('\\C2849\\123\\C284A\\x', '~ISO IR87'), 'ｱｲｳx');
    assert.equal(read('\\M242844\\0!\\C2842\\', '~ISO IR159'), '丂');
    const cyrillic = Buffer.from('a\\C2D4C\\\xb8\xd2\\T\\\xd0\\C2842\\\xfc', 'latin1');
    assert.equal(read(cyrillic, '8859/1~8859/5'), 'aИв&аü');
    assert.equal(read(Buffer.from('\\C2D4C\\\\XFC\\\xb8', 'latin1'), '8859/1~8859/5'), 'üИ', '\\X..\\ is in the own set');
    for (const text of ['\\C2D4C\\x', '\\M2442\\;3']) assert.equal(read(text, '8859/1'), text, 'one set: kept');
    for (const text of ['\\C2D7E\\x', '\\C2D\\', '\\M24\\', '\\CXXXX\\']) assert.equal(read(text, '8859/1~8859/5'), text, 'unknown: kept');
  });

  it('are kept when unknown, unfinished or not escapes at all', () => {
    for (const text of [
      'BSV 4\\5 re.',
      'a\\Zlocal\\b',
      '\\C1B28\\',
      '\\M1B2842\\',
      '\\X\\',
      '\\XZZ\\',
      '\\XABC\\',
      'end\\',
      '\\',
      '\\\\',
      '\\.xx\\',
      '\\f\\',
    ]) {
      assert.equal(read(text), text, text);
    }
    assert.equal(read('a\\5 b\\T\\c'), 'a\\5 b&c', 'the closing mark of none may open the next');
  });

  it('escapeText and reading are inverse for any text and delimiters', () => {
    const marks = fc.shuffledSubarray([...'|^~\\&#!$%*+:;=?@[]{}<>,'], { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(
        marks,
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.string({ unit: fc.constantFrom(...'|^~\\&#a\r\n\u0000XF.'), maxLength: 30 }),
        (mark, one, two) => {
          const text = `x${one}${two}`;
          const [field = 0, component = 0, repetition = 0, own = 0, subcomponent = 0, truncation = 0] = mark.map((m) => m.charCodeAt(0));
          const escaped = escapeText(text, { field, component, repetition, escape: own, subcomponent, truncation });
          const head = `MSH${mark.join('')}${mark[0]}${`A${mark[0]}`.repeat(15)}UNICODE UTF-8\rNTE${mark[0]}`;
          assert.equal(parse(Buffer.from(head + escaped)).text('NTE-1'), text);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('take time linear in the text, whatever it holds', () => {
    const ratio = growth(30_000, (size) => void read(Buffer.alloc(size, '\\5')));
    assert.ok(ratio < 64, `16 times the text took ${ratio.toFixed(1)} times as long`);
  });

  it('charsets refuse to write what they do not have', () => {
    assert.deepEqual(charsetOf('8859/15')?.encode('10 €'), Buffer.from([0x31, 0x30, 0x20, 0xa4]));
    assert.throws(() => charsetOf('8859/1')?.encode('10 €'), { code: 'AORTA_HL7_020' });
    assert.throws(() => charsetOf('ASCII')?.encode('é'), { code: 'AORTA_HL7_020' });
    assert.deepEqual(utf8.encode('é'), Buffer.from('é'));
  });
});
