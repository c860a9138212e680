import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { atOnce, batchFile, batchParts, buildAck, buildBatchAck, finding, mayBeBatch, parse } from '../../src/hl7/index.ts';
import { growth } from '../support/growth.ts';

const msh = (id: string | number, d = '|') => `MSH${d}^~\\&${d}A${d}B${d}C${d}D${d}${d}${d}ADT^A01${d}${id}${d}P${d}2.5`;
const partsOf = (text: string | Buffer) => atOnce(batchParts(typeof text === 'string' ? Buffer.from(text, 'latin1') : text, 1_000)) ?? [];
const kinds = (text: string) => partsOf(text).map((part) => part.kind);
const fileOf = (text: string) => batchFile(partsOf(text));
const faults = (text: string) => {
  const file = fileOf(text);
  return [...file.batches.flatMap((batch) => batch.findings), ...file.findings].map(
    ({ code, location }) => `${code.slice(-3)} ${location?.segment ?? ''}`,
  );
};
const one = `${msh(1)}\rPID|1\r`;

describe('A batch', () => {
  it('is cut into its messages and its own segments', () => {
    const text = `FHS|^~\\&|A\rBHS|^~\\&|A\r${one}${msh(2)}\rPID|2\rBTS|2\rFTS|1\r`;
    assert.equal(mayBeBatch(Buffer.from(text)), true);
    assert.deepEqual(kinds(text), ['FHS', 'BHS', 'message', 'message', 'BTS', 'FTS']);
    assert.deepEqual(
      fileOf(text).batches.map((batch) => batch.messages.map(String)),
      [[one, `${msh(2)}\rPID|2\r`]],
    );
    assert.deepEqual(faults(text), []);
  });

  it('may be messages alone, each with delimiters of its own', () => {
    const second = 'MSH*!~\\&*A\rPID*1\r';
    assert.equal(mayBeBatch(Buffer.from(one + second)), true);
    assert.deepEqual(fileOf(one + second).batches[0]?.messages.map(String), [one, second]);
    assert.equal(mayBeBatch(Buffer.from(one)), false);
    assert.deepEqual(kinds(`${one}OBX|1|TX|||MSH|^~\\&|no\r`), ['message']);
    assert.deepEqual(kinds(`${one}MSHX|1\r`), ['message']);
  });

  it('of lines that end with CRLF or LF is cut alike; a line feed inside a message of CRs begins none', () => {
    const text = `BHS|^~\\&|A\n${msh(1)}\nPID|1\n${msh(2)}\nPID|2\nBTS|2\n`;
    for (const end of ['\n', '\r\n', '\r', '\r\r\n'])
      assert.deepEqual(kinds(text.replaceAll('\n', end)), ['BHS', 'message', 'message', 'BTS']);
    const quoting = `${msh(1)}\rPID|1\rOBX|1|TX|||he wrote\n${msh(2)}\rPID|2\r`;
    assert.deepEqual(kinds(quoting), ['message']);
    assert.deepEqual(kinds(`\ufeff\r\n${text}`.replace('\ufeff', '\xef\xbb\xbf')), ['BHS', 'message', 'message', 'BTS']);
  });

  it('that does not hold what its counts say is told apart from one that does', () => {
    const batch = (bts: string, fts: string) => `FHS|^~\\&|A\rBHS|^~\\&|A\r${one}${one}BTS${bts}\rFTS${fts}\r`;
    assert.deepEqual(faults(batch('|2', '|1')), []);
    assert.deepEqual(faults(batch('', '')), [], 'not counted');
    assert.deepEqual(faults(batch('| 2 ', '|01')), []);
    assert.deepEqual(faults(batch('|3', '|1')), ['040 BTS']);
    assert.deepEqual(faults(batch('|2', '|2')), ['040 FTS']);
    assert.deepEqual(faults(batch('|two', `|${'1'.repeat(5000)}`)), ['040 BTS', '040 FTS']);
    assert.deepEqual(faults('BHS|^~\\&|A\rBTS|0\r'), []);
    assert.deepEqual(faults('BHS*!~\\&*A\rBTS*0*x\r'), [], 'in the delimiters of its header');
  });

  it('names every fault of its structure, and loses no message by it', () => {
    const bhs = 'BHS|^~\\&|A\r';
    const fhs = 'FHS|^~\\&|A\r';
    const cases: readonly (readonly [string, readonly string[]])[] = [
      [`${bhs}${one}`, ['041 BHS']],
      [`${bhs}${one}${bhs}${one}BTS|1\r`, ['041 BHS']],
      [`${fhs}${bhs}${one}BTS|1\r`, ['041 FHS']],
      [`${fhs}${one}BTS|1\rFTS|1\r`, ['041 BTS']],
      [`${bhs}${one}BTS|1\rFTS|1\r`, ['041 FTS']],
      [`${bhs}${one}BTS|1\r${fhs}FTS|1\r`, ['041 FHS']],
      [`${fhs}${bhs}${one}BTS|1\rFTS|1\r${one}`, ['041 MSH']],
      [`${bhs}NTE|1\r${one}BTS|1\r`, ['041 ']],
      [`${one}${one}BTS|2\r`, ['041 ']],
    ];
    for (const [text, expected] of cases) {
      assert.deepEqual(faults(text), expected, text);
      assert.equal(fileOf(text).batches.flatMap((batch) => batch.messages).length, text.split('MSH|').length - 1, text);
    }
  });

  it('every message is in one batch exactly, with its own lines, whatever stands around it', () => {
    const line = fc.constantFrom('FHS|^~\\&|A', 'BHS|^~\\&|A', 'BTS|1', 'FTS|1', 'PID|1', 'junk', '', msh('x'), 'MSH', 'BHS');
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), fc.constantFrom('\r', '\n', '\r\n'), (lines, end) => {
        const text = lines.join(end);
        const messages = fileOf(text).batches.flatMap((batch) => batch.messages);
        assert.equal(messages.length, lines.filter((each) => each.startsWith('MSH')).length);
        let own = 0;
        let inside = false;
        for (const each of lines) {
          if (each.startsWith('MSH')) inside = true;
          else if (/^[BF][HT]S/.test(each)) inside = false;
          else if (inside && each === 'PID|1') own++;
        }
        assert.equal(messages.join('').split('PID|1').length - 1, own);
      }),
    );
  });

  it('is cut in time linear in its size, whether of messages, of lines or of one line', () => {
    for (const unit of [one, 'MSH|\r', 'PID|1\r', '\r', 'BTS|1\r', 'x', '\nMSH|']) {
      const ratio = growth(20_000, (size) => {
        const bytes = Buffer.from(`${one}${unit.repeat(Math.ceil(size / unit.length))}`);
        mayBeBatch(bytes);
        atOnce(batchParts(bytes, 1_000_000));
      });
      assert.ok(ratio < 64, `${JSON.stringify(unit)}: 16 times the size took ${ratio.toFixed(1)} times as long`);
    }
  });

  it('with more parts than the limit is not cut to its end', () => {
    assert.equal(atOnce(batchParts(Buffer.from(one.repeat(11)), 10)), undefined);
    assert.equal(atOnce(batchParts(Buffer.from(one.repeat(10)), 10))?.length, 10);
  });

  it('is answered by a batch in its own delimiters: addresses swapped, its control ids referred to, counted', () => {
    const text = `FHS*!~\\&*FA*FB*FC*FD*****F-1\rBHS*!~\\&*A*B*C*D*****B-1\r${one}BTS*2\rFTS*1\r`;
    const file = fileOf(text);
    const to = parse(Buffer.from(one));
    const answers = [[buildAck({ to, code: 'AA', controlId: 'N', at: 0 })]];
    const lines = buildBatchAck({ file, answers, controlId: 'ID', at: 0 }).toString('latin1').split('\r');
    assert.equal(lines[0], 'FHS*!~\\&*FC*FD*FA*FB*19700101000000.000+0000****IDF*F-1');
    assert.equal(lines[1], 'BHS*!~\\&*C*D*A*B*19700101000000.000+0000****ID0*B-1');
    assert.equal(lines[3], 'MSA|AA|1');
    assert.equal(lines[5], 'MSA*AE*B-1*Segment sequence error');
    assert.match(lines[6] ?? '', /^ERR\*\*BTS!1!1!1\*100!Segment sequence error!HL70357\*E\*AORTA_HL7_040/);
    assert.deepEqual(lines.slice(7), ['BTS*2', 'FTS*1', '']);
    assert.equal(finding('AORTA_HL7_040', { segment: 'BTS', sequence: 1, field: 1 }).ack, 'AE');
  });
});
