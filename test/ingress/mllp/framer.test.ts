import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Framer, framed } from '../../../src/ingress/mllp/framer.ts';
import { growth } from '../../support/growth.ts';

type Event = readonly [kind: 'frame' | 'truncated' | 'outside' | 'too-large', bytes: string];

/** Events of a stream cut into these chunks; adjoining stretches outside of frames are joined. */
function events(chunks: readonly Buffer[], limit = 1_000_000): { seen: Event[]; rest: string | undefined } {
  const seen: Event[] = [];
  const text = (bytes: Buffer) => bytes.toString('latin1');
  const framer = new Framer(limit, {
    frame: (content) => void seen.push(['frame', text(content)]),
    truncated: (content) => void seen.push(['truncated', text(content)]),
    outside(bytes) {
      const last = seen.at(-1);
      if (last?.[0] === 'outside') seen[seen.length - 1] = ['outside', last[1] + text(bytes)];
      else seen.push(['outside', text(bytes)]);
    },
    tooLarge: () => void seen.push(['too-large', '']),
  });
  for (const chunk of chunks) framer.push(chunk);
  const rest = framer.end();
  return { seen, rest: rest && text(rest) };
}

function cut(stream: Buffer, at: readonly number[]): Buffer[] {
  const points = [...new Set([0, ...at.map((n) => n % (stream.length + 1)), stream.length])].sort((a, b) => a - b);
  return points.slice(1).map((end, n) => stream.subarray(points[n], end));
}

describe('Framing', () => {
  it('takes content from between 0x0B and 0x1C 0x0D and skips the rest', () => {
    const stream = Buffer.from('junk\x0bone\x1c\r\r\n\x0btwo\x1c\r\x0b\x1c\r');
    assert.deepEqual(events([stream]).seen, [
      ['outside', 'junk'],
      ['frame', 'one'],
      ['outside', '\r\n'],
      ['frame', 'two'],
      ['frame', ''],
    ]);
  });

  it('0x1C that no 0x0D follows is content', () => {
    assert.deepEqual(events([Buffer.from('\x0ba\x1cb\x1c\x1c\x1c\r')]).seen, [['frame', 'a\x1cb\x1c\x1c']]);
  });

  it('0x0B inside a frame is content, unless a message begins there', () => {
    assert.deepEqual(events([Buffer.from('\x0bMSH|a\x0bb\x1c\r')]).seen, [['frame', 'MSH|a\x0bb']]);
    assert.deepEqual(events([Buffer.from('\x0bMSH|half\x0bMSH|half\x0bMSH|whole\x1c\r')]).seen, [
      ['truncated', 'MSH|half'],
      ['truncated', 'MSH|half'],
      ['frame', 'MSH|whole'],
    ]);
    assert.deepEqual(events([Buffer.from('\x0b\x0bMSH|whole\x1c\r')]).seen, [['frame', 'MSH|whole']]);
  });

  it('tells what a stream that ends inside a frame left', () => {
    assert.deepEqual(events([Buffer.from('\x0bone\x1c\r\x0bMSH|ha'), Buffer.from('lf')]), { seen: [['frame', 'one']], rest: 'MSH|half' });
    assert.equal(events([Buffer.from('\x0bone\x1c\r')]).rest, undefined);
  });

  it('gives up a frame over its limit, in one chunk or many, and nothing follows', () => {
    const stream = Buffer.from('\x0bok\x1c\r\x0b123456\x1c\r\x0bok\x1c\r');
    assert.deepEqual(events([stream], 6).seen.length, 3);
    assert.deepEqual(events([stream], 5).seen, [
      ['frame', 'ok'],
      ['too-large', ''],
    ]);
    assert.deepEqual(events(cut(stream, Array.from(stream.keys())), 5).seen, [
      ['frame', 'ok'],
      ['too-large', ''],
    ]);
  });

  it('any cutting of any stream gives the same events', () => {
    // Mostly the bytes that matter, so that every pair and triple of them occurs at every cut.
    const byte = fc.constantFrom(0x0b, 0x1c, 0x0d, 0x4d, 0x53, 0x48, 0x41);
    const stream = fc
      .array(
        fc.oneof(
          fc.array(byte, { maxLength: 12 }).map((b) => Buffer.from(b)),
          fc.constant(Buffer.from('\x0bMSH|x\x1c\r')),
          fc.uint8Array({ maxLength: 30 }).map((b) => Buffer.from(b)),
        ),
        { maxLength: 12 },
      )
      .map((parts) => Buffer.concat(parts));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 20 }), fc.constantFrom(4, 20, 1_000_000), (bytes, at, limit) => {
        const whole = events([bytes], limit);
        assert.deepEqual(events(cut(bytes, at), limit), whole);
        assert.deepEqual(events(cut(bytes, Array.from(bytes.keys())), limit), whole, 'byte by byte');
      }),
      { numRuns: 2000 },
    );
  });

  it('any messages framed and joined come out as they went in', () => {
    const content = fc
      .uint8Array({ maxLength: 300 })
      .map((bytes) => Buffer.from(bytes))
      .filter((bytes) => !bytes.includes('\x1c\r', 0, 'latin1') && !bytes.includes('\x0bMSH', 0, 'latin1') && bytes.at(-1) !== 0x1c);
    fc.assert(
      fc.property(fc.array(content, { maxLength: 10 }), fc.array(fc.nat(), { maxLength: 20 }), (messages, at) => {
        const { seen, rest } = events(cut(Buffer.concat(messages.map(framed)), at));
        assert.deepEqual(
          seen,
          messages.map((message) => ['frame', message.toString('latin1')]),
        );
        assert.equal(rest, undefined);
      }),
      { numRuns: 1000 },
    );
  });

  for (const [chunk, size] of [
    [1, 200_000],
    [7, 1_000_000],
    [1_000, 2_000_000],
    [16_384, 3_500_000],
    [65_536, 3_500_000],
  ] as const) {
    it(`takes time linear in the frame, in chunks of ${chunk} bytes`, () => {
      let taken = 0;
      const frame = (content: Buffer) => {
        taken = content.length;
      };
      const ratio = growth(size, (bytes) => {
        const framer = new Framer(64_000_000, { frame, truncated() {}, outside() {}, tooLarge() {} });
        const piece = Buffer.alloc(chunk, 'x');
        framer.push(Buffer.from('\x0b'));
        for (let sent = 0; sent < bytes; sent += chunk) framer.push(piece);
        framer.push(Buffer.from('\x1c\r'));
        assert.ok(taken >= bytes);
      });
      assert.ok(ratio < 64, `16 times the bytes took ${ratio.toFixed(1)} times as long`);
    });
  }

  it('a frame full of false ends takes linear time, too', () => {
    const piece = Buffer.alloc(10_000, '\x1cx\x0b');
    const ratio = growth(200_000, (bytes) => {
      const framer = new Framer(64_000_000, { frame() {}, truncated() {}, outside() {}, tooLarge() {} });
      framer.push(Buffer.from('\x0b'));
      for (let sent = 0; sent < bytes; sent += piece.length) framer.push(piece);
      framer.push(Buffer.from('\x1c\r'));
    });
    assert.ok(ratio < 64, `16 times the bytes took ${ratio.toFixed(1)} times as long`);
  });
});
