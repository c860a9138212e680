import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { atOnce, contentDigest, inTurns, parse } from '../../src/hl7/index.ts';

const digest = (text: string) => atOnce(contentDigest(parse(Buffer.from(text))));

describe('The digest of a message', () => {
  it('covers all segments but MSH', () => {
    const body = 'EVN|A01|1\rPID|1||7\r';
    const first = digest(`MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\r${body}`);
    assert.equal(first, createHash('sha256').update(body).digest('hex'));
    assert.equal(digest(`MSH|^~\\&|A|B|C|D|20240102||ADT^A01|2|P|2.5\r${body}`), first);
    assert.notEqual(digest(`MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\r${body}ZZZ|1\r`), first);
  });

  it('does not depend on what was read before', () => {
    const message = parse(Buffer.from('MSH|^~\\&|A\r\n\r\nPID|1||7\r'));
    const before = atOnce(contentDigest(message));
    message.text('PID-3');
    assert.equal(atOnce(contentDigest(message)), before);
  });

  it('in slices is the same', async () => {
    const message = parse(Buffer.concat([Buffer.from('MSH|^~\\&|A\rOBX|1||'), Buffer.alloc(3_000_001, 'x')]));
    assert.equal(await inTurns(contentDigest(message)), atOnce(contentDigest(message)));
  });
});
