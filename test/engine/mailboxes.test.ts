import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Mailboxes } from '../../src/engine/mailboxes.ts';
import type { Root } from '../../src/engine/root.ts';

const root = (key: string) => ({ key, size: 1 }) as Root;

/** As a lane does: the patient's, or a new one. */
const mailboxOf = (all: Mailboxes, key: string) => all.wake(key) ?? all.add(key);

describe('mailboxes', () => {
  it('give a patient who comes back the mailbox that rested, without what was of its last turn', () => {
    const all = new Mailboxes(() => 10);
    const mailbox = mailboxOf(all, 'a');
    mailbox.lastError = 'C';
    mailbox.alone = true;
    all.rest(mailbox);
    assert.equal(mailboxOf(all, 'a'), mailbox);
    assert.deepEqual([mailbox.rests, mailbox.lastError, mailbox.alone], [false, undefined, false]);
  });

  it('forget those that rest when they are too many, and never one that is in use', () => {
    const all = new Mailboxes(() => 10);
    const used = mailboxOf(all, 'used');
    used.push(root('used'));
    for (let n = 0; n < 1000; n++) {
      all.rest(mailboxOf(all, `p${n}`));
      assert.ok([...all.values()].length <= 24, `${[...all.values()].length} are kept`);
      assert.equal(all.get('used'), used);
    }
  });

  it('keep few at rest while nobody comes back, and many again when patients do', () => {
    const all = new Mailboxes(() => 500);
    const most = (keys: (n: number) => string, count: number) => {
      let kept = 0;
      for (let n = 0; n < count; n++) {
        all.rest(mailboxOf(all, keys(n)));
        kept = Math.max(kept, [...all.values()].length);
      }
      return kept;
    };
    most((n) => `first${n}`, 501);
    assert.ok(most((n) => `stranger${n}`, 1000) <= 130);
    most((n) => `p${n % 300}`, 20_000);
    assert.equal([...all.values()].filter(({ rests }) => rests).length >= 300, true, 'all of the 300 are known');
  });

  it('take one that got work without being woken for one in use', () => {
    const all = new Mailboxes(() => 0);
    const mailbox = mailboxOf(all, 'a');
    for (let n = 0; n < 5; n++) mailboxOf(all, `other${n}`).push(root(`other${n}`));
    all.rest(mailbox);
    mailbox.push(root('a'));
    for (let n = 0; n < 20; n++) all.rest(mailboxOf(all, `p${n}`));
    assert.equal(all.get('a'), mailbox);
    assert.equal(mailbox.rests, false);
  });

  it('never let two of one patient be in use', () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 30 }).map(String), what: fc.constantFrom('work', 'done', 'delete') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), fc.integer({ min: 0, max: 12 }), (steps, most) => {
        const all = new Mailboxes(() => most);
        const used = new Map<string, ReturnType<typeof mailboxOf>>();
        for (const { key, what } of steps) {
          if (what === 'work') {
            const mailbox = mailboxOf(all, key);
            if (used.has(key)) assert.equal(mailbox, used.get(key));
            if (mailbox.length === 0) mailbox.push(root(key));
            used.set(key, mailbox);
          }
          const mailbox = used.get(key);
          if (what === 'work' || !mailbox) continue;
          mailbox.shift();
          used.delete(key);
          if (what === 'done') all.rest(mailbox);
          else all.delete(mailbox);
        }
        for (const [key, mailbox] of used) assert.equal(all.get(key), mailbox);
      }),
    );
  });
});
