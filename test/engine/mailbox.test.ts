import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Mailbox } from '../../src/engine/mailbox.ts';
import type { Root } from '../../src/engine/root.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const root = (offset: number): Root => ({ kind: 'log', offset, size: 1 }) as Root;

describe('a mailbox', () => {
  it('gives its roots in order, and counts their bytes', () => {
    const mailbox = new Mailbox('p');
    for (let i = 0; i < 600; i++) mailbox.push(root(i));
    for (let i = 0; i < 600; i++) {
      assert.equal(mailbox.peek()?.offset, i);
      assert.equal(mailbox.shift()?.offset, i);
      assert.equal(mailbox.length, 599 - i);
    }
    assert.equal(mailbox.shift(), undefined);
    assert.equal(mailbox.bytes, 0);
  });

  it('keeps nothing of what it gave, also when it is never empty', async () => {
    const mailbox = new Mailbox('p');
    const given: WeakRef<Root>[] = [];
    mailbox.push(root(0));
    for (let i = 1; i <= 100; i++) {
      mailbox.push(root(i));
      given.push(new WeakRef(mailbox.shift() as Root));
    }
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    assert.equal(given.filter((ref) => ref.deref() !== undefined).length, 0);
    assert.equal(mailbox.length, 1);
  });
});
