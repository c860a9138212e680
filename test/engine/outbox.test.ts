import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Linger } from '../../src/engine/linger.ts';
import { type Emission, Outbox } from '../../src/engine/outbox.ts';
import { AortaError } from '../../src/errors/index.ts';
import type { Append, Log } from '../../src/log/port.ts';
import type { OutboxRecord } from '../../src/state/port.ts';
import { seededRandom, settle, VirtualClock } from '../../src/testing/virtual-clock.ts';

const failure = (errorClass: 'Permanent' | 'Transient') => new AortaError('AORTA_TEST', errorClass, 'planned');

function make(maxRecords = 2000) {
  const clock = new VirtualClock();
  clock.budget = 10_000;
  const state = { busy: false, refusals: 0, under: 0, most: 0 };
  const appended: string[][] = [];
  const sent: string[] = [];
  /** Answers of the next appends; without one it takes a millisecond. */
  const answers: (() => Promise<void>)[] = [];
  const append = async (records: readonly Append[]): Promise<void> => {
    state.most = Math.max(state.most, ++state.under);
    try {
      await (answers.shift() ?? (() => after(1)))();
      appended.push(records.map(({ key }) => String(key)));
    } finally {
      state.under--;
    }
  };
  const after = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  const linger = new Linger(clock, () => state.busy);
  const outbox = () =>
    new Outbox(
      {
        ...{ log: { append } as unknown as Log, clock, random: seededRandom(1), linger, producer: 'f/0', maxRecords },
        onRetry: () => {},
        onRefused: () => state.refusals++,
      },
      0,
    );
  const record = (key: string, value: Buffer | null): OutboxRecord => ({
    topic: 'out',
    partition: 0,
    key,
    value,
    headers: {},
    timestamp: 0,
  });
  const emission = (key: string, bytes = 10, records = 1): Emission => ({
    group: undefined,
    records: Array.from({ length: records }, () => record(key, bytes === 0 ? null : Buffer.alloc(bytes))),
    sent: () => sent.push(key),
  });
  return { clock, state, appended, sent, answers, after, linger, outbox, record, emission };
}

describe('an outbox', () => {
  it('has one append under way, in order over failures, and tells each emission once', async () => {
    const { clock, state, appended, sent, answers, after, linger, outbox, emission } = make();
    const box = outbox();
    const expected: string[] = [];
    for (let n = 0; n < 200; n++) {
      state.busy = n % 3 !== 0;
      if (n % 7 === 0) answers.push(() => after(5).then(() => Promise.reject(failure('Transient'))));
      const name = `e${n}`;
      expected.push(name);
      // Those without records come in order too.
      box.direct(emission(name, 10, n % 5 === 0 ? 0 : 1));
      if (n % 11 === 0) linger.idle();
      if (n % 2 === 0) await clock.advance(n % 9);
    }
    state.busy = false;
    linger.idle();
    const drained = box.drained();
    await clock.advance(600_000);
    await drained;
    assert.deepEqual(sent, expected);
    assert.deepEqual(
      appended.flat(),
      expected.filter((_, n) => n % 5 !== 0),
    );
    assert.equal(state.most, 1);
    assert.deepEqual([box.pending, clock.pending], [0, 0]);
  });

  it('is drained, each append in at most 20 ms, although the run queue never comes to rest', async () => {
    const { clock, state, sent, outbox, emission } = make(10);
    state.busy = true;
    const box = outbox();
    for (let n = 0; n < 35; n++) box.direct(emission(`e${n}`));
    let drained = false;
    void box.drained().then(() => {
      drained = true;
    });
    await clock.advance(4 * 21 - 1);
    assert.equal(drained, false);
    await clock.advance(1);
    assert.equal(drained, true);
    assert.equal(sent.length, 35);
  });

  it('that was refused for good takes nothing more, comes to rest, and keeps its mark for the next owner', async () => {
    const { clock, state, appended, sent, answers, after, outbox, record, emission } = make();
    const [refused, other] = [outbox(), outbox()];
    answers.push(() => after(5).then(() => Promise.reject(failure('Permanent'))));
    refused.group(1, [record('a', Buffer.alloc(1))], () => sent.push('a'));
    await clock.advance(1);
    // Turns and transactions that were under way when it was refused end afterwards.
    refused.group(2, [], () => sent.push('b'));
    await clock.advance(10);
    assert.equal(state.refusals, 1);
    refused.group(3, [], () => sent.push('c'));
    refused.group(4, [record('d', Buffer.alloc(1))], () => sent.push('d'));
    refused.direct(emission('e'));
    refused.direct(emission('f', 0, 0));
    await clock.advance(1000);
    await refused.drained();
    assert.deepEqual([appended, sent, refused.sentThrough, refused.pending, clock.pending], [[], [], 0, 0, 0]);
    other.direct(emission('other'));
    await clock.advance(10);
    assert.deepEqual(sent, ['other']);
  });

  it('that is closed while it waits, by another one that is sent, sends and tells nothing', async () => {
    const { clock, state, appended, sent, linger, outbox, emission } = make();
    state.busy = true;
    const [first, second] = [outbox(), outbox()];
    first.direct({ group: undefined, records: [], sent: () => second.close() });
    second.direct(emission('second'));
    let drained = false;
    void second.drained().then(() => {
      drained = true;
    });
    linger.idle();
    await settle();
    assert.equal(drained, true);
    await clock.advance(1000);
    assert.deepEqual([appended, sent, clock.pending], [[], [], 0]);
  });

  it('counts what is left of the queue as what waits', async () => {
    const { clock, state, appended, sent, outbox, emission } = make(2);
    state.busy = true;
    const box = outbox();
    for (const name of ['a', 'b', 'c']) box.direct(emission(name, 300_000));
    await clock.advance(0);
    assert.deepEqual(appended, []);
    // 1.2 MB: two go at once, 600 kB are left and wait for more.
    box.direct(emission('d', 300_000));
    await clock.advance(1);
    assert.deepEqual(sent, ['a', 'b']);
    await clock.advance(10);
    assert.deepEqual(sent, ['a', 'b']);
    box.direct(emission('e', 500_000));
    await clock.advance(1);
    assert.deepEqual(sent, ['a', 'b', 'c', 'd']);
    await clock.advance(21);
    assert.deepEqual(sent, ['a', 'b', 'c', 'd', 'e']);
  });

  it('waits no longer when one append cannot take more, however small the records are', async () => {
    for (const bytes of [0, 40]) {
      const { clock, state, sent, outbox, emission } = make(2000);
      state.busy = true;
      const box = outbox();
      for (let n = 0; n < 1990; n++) box.direct(emission(`e${n}`, bytes));
      await clock.advance(5);
      assert.equal(sent.length, 0);
      for (let n = 1990; n < 2000; n++) box.direct(emission(`e${n}`, bytes));
      await clock.advance(1);
      assert.equal(sent.length, 2000);
    }
  });
});
