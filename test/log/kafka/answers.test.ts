import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Answers, maxAnswerBytes } from '../../../src/log/kafka/answers.ts';

/** An answer of `length` bytes behind its length, each byte saying where it is. */
export function answerOf(length: number, seed = 1): Buffer {
  const whole = Buffer.alloc(4 + length);
  whole.writeInt32BE(length);
  for (let i = 4; i < whole.length; i++) whole[i] = (i * 31 + seed * 17) & 0xff;
  return whole;
}

/** Gives `bytes` in pieces that end at `cuts`, as a kernel would: never more than there is room for. */
function given(answers: Answers, bytes: Buffer, cuts: readonly number[] = []): Buffer[] {
  const whole: Buffer[] = [];
  let at = 0;
  for (const end of [...cuts, bytes.length]) {
    while (at < end) {
      const room = answers.room();
      assert.ok(room.length > 0, 'a read without room is an error of the socket');
      const count = bytes.copy(room, 0, at, Math.min(end, at + room.length));
      at += count;
      whole.push(...answers.took(count));
    }
  }
  return whole;
}

test('answers are the same wherever the stream is cut', () => {
  const sent = [answerOf(4, 1), answerOf(9, 2), answerOf(0, 3), answerOf(30, 4)];
  const stream = Buffer.concat(sent);
  for (let one = 1; one < stream.length; one++) {
    for (let two = one; two < stream.length; two++) assert.deepEqual(given(new Answers(), stream, [one, two]), sent);
  }
});

test('answers of any size in pieces of any size come whole, in order, each in memory of its own', () => {
  const sizes = fc.oneof({ arbitrary: fc.nat(60), weight: 3 }, fc.nat(200_000), fc.constantFrom(16_380, 16_381, 16_384, 65_536, 131_068));
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(300_000), { maxLength: 20 }), (lengths, places) => {
      const sent = lengths.map(answerOf);
      const stream = Buffer.concat(sent);
      const cuts = places.map((place) => place % stream.length).sort((a, b) => a - b);
      const got = given(new Answers(), stream, cuts);
      assert.equal(got.length, sent.length);
      for (const [i, answer] of got.entries()) {
        assert.ok(answer.equals(sent[i] as Buffer), `answer ${i}`);
        assert.equal(answer.buffer.byteLength, answer.length);
      }
    }),
    { numRuns: 200 },
  );
});

test('an answer that is read further goes to the place where it stays', () => {
  const answers = new Answers();
  const sent = answerOf(1_000_000);
  assert.deepEqual(given(answers, sent.subarray(0, 100)), []);
  const room = answers.room();
  assert.equal(room.length, sent.length - 100);
  const [whole] = given(answers, sent.subarray(100));
  assert.equal(whole?.buffer, room.buffer);
});

test('memory for a long answer grows with what has come of it', () => {
  const answers = new Answers();
  const sent = answerOf(21_000_000);
  let at = 0;
  let got: readonly Buffer[] = [];
  for (let room = answers.room(); got.length === 0; room = answers.room()) {
    assert.ok(room.buffer.byteLength <= Math.max(4 << 20, 2 * at), `${room.buffer.byteLength} for ${at}`);
    const count = sent.copy(room, 0, at, at + Math.min(room.length, 700_000));
    at += count;
    got = answers.took(count);
  }
  assert.ok(got[0]?.equals(sent));
});

test('a length that no answer has is refused before anything is kept for it', () => {
  for (const length of [-1, -(2 ** 31), maxAnswerBytes + 1, 2 ** 31 - 1, Buffer.from('HTTP').readInt32BE(), 0x15030300]) {
    const head = Buffer.alloc(4);
    head.writeInt32BE(length);
    assert.throws(() => given(new Answers(), head), { code: 'AORTA_LOG_019', class: 'Transient' });
  }
  const head = Buffer.alloc(4);
  head.writeInt32BE(maxAnswerBytes);
  assert.deepEqual(given(new Answers(), head), []);
});
