// Parse → re-encode is byte for byte the same: every message of the corpus, under any delimiters, in any charset, alone and in a batch.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AortaError } from '../../src/errors/index.ts';
import { atOnce, batchParts, charsetOf, charsetOfField, encode, type Message, parse, validateCharset } from '../../src/hl7/index.ts';

const files = globSync('test/corpus/**/*.hl7').sort();
const bytesOf = new Map(files.map((file) => [file, readFileSync(file)]));

/** The message as text with MSH-18 emptied: what is then written in another charset under other delimiters. */
interface Source {
  readonly file: string;
  readonly lines: readonly string[];
  readonly delimiters: string;
}

const sources: readonly Source[] = files.flatMap((file) => {
  const bytes = bytesOf.get(file) ?? Buffer.alloc(0);
  try {
    const message = parse(bytes);
    const { field, component, repetition, escape: mark, subcomponent } = message.delimiters;
    if ([component, repetition, mark, subcomponent].includes(0) || atOnce(validateCharset(message)).length > 0) return [];
    const text = message.reading.text.decode(message.reading.bytes, 0, message.reading.bytes.length);
    return [
      {
        file,
        lines: text.split(/\r\n|\r|\n/).filter((line) => line !== ''),
        delimiters: String.fromCharCode(field, component, repetition, mark, subcomponent),
      },
    ];
  } catch (thrown) {
    assert.ok(thrown instanceof AortaError, file);
    return [];
  }
});

const declared = [
  '8859/1',
  '8859/2',
  '8859/5',
  '8859/15',
  'UNICODE UTF-8',
  'ASCII',
  'GB 18030-2000',
  'BIG-5',
  'KS X 1001',
  'WINDOWS-1252',
  '~ISO IR87',
  '8859/1~8859/5',
];

/** The bytes of a source under other delimiters and in another charset; undefined when that lacks a character. */
function rewritten({ lines, delimiters }: Source, marks: readonly string[], charset: string, end: string): Buffer | undefined {
  // Old and new marks change places, so that no text begins to separate.
  const exchange = new Map<string, string>();
  [...delimiters].forEach((old, n) => {
    const mark = marks[n] ?? old;
    const at = exchange.get(old) ?? old;
    const back = [...exchange].find(([, to]) => to === mark)?.[0] ?? mark;
    exchange.set(old, mark);
    exchange.set(back, at);
  });
  const swapped = lines.map((line) => Array.from(line, (character) => exchange.get(character) ?? character).join(''));
  const field = marks[0] ?? '|';
  const header = (swapped[0] ?? '').split(field);
  while (header.length < 18) header.push('');
  header[17] = charset.replace('~', marks[2] ?? '~');
  const text = [header.join(field), ...swapped.slice(1), ''].join(end);
  const set = charsetOfField(charset.split('~'));
  if (set === undefined || set === 'unknown') throw new Error(charset);
  try {
    return set.encode(text);
  } catch (thrown) {
    assert.equal((thrown as AortaError).code, 'AORTA_HL7_020');
    return undefined;
  }
}

const textsOf = (message: Message): string[] =>
  [...message.segments()].slice(1).flatMap((segment) =>
    Array.from({ length: segment.length }, (_, n) =>
      segment
        .field(n + 1)
        .tree()
        .flat(2)
        .join('\n'),
    ),
  );

describe('The corpus', () => {
  it('is written as it was read', () => {
    let read = 0;
    for (const [file, bytes] of bytesOf) {
      try {
        parse(bytes);
      } catch {
        continue;
      }
      assert.deepEqual(encode(parse(bytes)), bytes, file);
      read++;
    }
    assert.ok(read > 60, `${read} messages`);
    assert.ok(sources.length > 50, `${sources.length} well-formed messages`);
  });

  it('is written as it was read under any delimiters and in any charset, and says the same', () => {
    const marks = fc.shuffledSubarray([...'|^~\\&#!$%*+:;=?@[]{}<>,'], { minLength: 5, maxLength: 5 });
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.constantFrom(...sources),
        marks,
        fc.constantFrom(...declared),
        fc.constantFrom('\r', '\n', '\r\n'),
        (source, mark, charset, end) => {
          const bytes = rewritten(source, mark, charset, end);
          if (!bytes) return;
          seen.add(charset);
          const message = parse(bytes);
          assert.deepEqual(encode(message), bytes, `${source.file} ${charset}`);
          const plain = rewritten(source, [...source.delimiters], 'UNICODE UTF-8', '\r') ?? Buffer.alloc(0);
          assert.equal(message.segment('MSH') !== undefined, true);
          assert.equal(textsOf(message).length, textsOf(parse(plain)).length);
          assert.deepEqual(atOnce(validateCharset(message)), []);
        },
      ),
      { numRuns: 2_000 },
    );
    assert.deepEqual([...seen].sort(), [...declared].sort(), 'every charset had its turn');
  });

  it('says the same in every charset that has its characters', () => {
    for (const source of sources) {
      const plain = textsOf(parse(rewritten(source, [...source.delimiters], 'UNICODE UTF-8', '\r') ?? Buffer.alloc(0)));
      for (const charset of declared) {
        const bytes = rewritten(source, [...source.delimiters], charset, '\r');
        // \X..\ holds bytes of the message's own charset: the same bytes are another text elsewhere.
        if (!bytes || source.lines.some((line) => line.includes(`${source.delimiters[3]}X`))) continue;
        assert.deepEqual(textsOf(parse(bytes)), plain, `${source.file} ${charset}`);
      }
    }
  });

  it('comes out of a batch as it went in', () => {
    const framedIn = fc.array(fc.tuple(fc.constantFrom(...sources), fc.constantFrom(...declared)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(framedIn, fc.boolean(), (chosen, headed) => {
        const messages = chosen.flatMap(([source, charset]) => rewritten(source, [...source.delimiters], charset, '\r') ?? []);
        const batch = headed ? [Buffer.from('BHS|^~\\&|A\r'), ...messages, Buffer.from(`BTS|${messages.length}\r`)] : messages;
        const parts = atOnce(batchParts(Buffer.concat(batch), 100)) ?? [];
        const found = parts.flatMap((part) => (part.kind === 'message' ? [part.content] : []));
        assert.deepEqual(found, messages);
        for (const each of found) assert.deepEqual(encode(parse(each)), each);
      }),
      { numRuns: 300 },
    );
  });

  it('charsets of more than one byte a character keep any text that they have', () => {
    const unit = fc.constantFrom(...'山田ｱ丂A|^&\\ 王김ń');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), fc.constantFrom('GB18030', 'BIG-5', 'KS X 1001', 'ISO IR87'), (text, name) => {
        const set = charsetOf(name);
        let body: Buffer;
        try {
          body = set?.encode(`NTE|1||${text}\r`) ?? Buffer.alloc(0);
        } catch (thrown) {
          assert.equal((thrown as AortaError).code, 'AORTA_HL7_020');
          return;
        }
        const bytes = Buffer.concat([Buffer.from(`MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||${name}\r`), body]);
        assert.deepEqual(encode(parse(bytes)), bytes);
      }),
      { numRuns: 1_000 },
    );
  });
});
