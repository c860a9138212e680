import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BatchResults, sizeOf } from '../../src/engine/batch-results.ts';
import type { Root } from '../../src/engine/root.ts';
import { error } from '../../src/errors/index.ts';
import { batch, call, defineTarget, flow, to, topic } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';

const most = 1_000_000;

describe('the size of a result', () => {
  for (const [what, value, least] of [
    ['a text', 'x'.repeat(1000), 1000],
    ['bytes', Buffer.alloc(1000), 1000],
    ['an array', Array.from({ length: 100 }, (_, i) => i), 800],
    ['nested objects', { a: [{ b: 'x'.repeat(1000) }, { c: { d: 'y'.repeat(500) } }] }, 1500],
    ['maps and sets', new Map<unknown, unknown>([['k', new Set(['x'.repeat(700)])]]), 700],
  ] as const)
    it(`is at least that of what is in it: ${what}`, () => {
      const size = sizeOf(value, most);
      assert.ok(size >= least && size < 4 * least, `${size}`);
    });

  it('is that of the whole buffer, once, for what shows a part of it', () => {
    const whole = Buffer.alloc(100_000);
    const size = sizeOf([whole.subarray(0, 10), whole.subarray(10, 20), new Uint8Array(whole.buffer, 5, 5)], most);
    assert.ok(size >= 100_000 && size < 101_000, `${size}`);
    assert.ok(sizeOf(new SharedArrayBuffer(5_000), most) >= 5_000);
  });

  it('ends for what holds itself, at the bound for what is large, and is more than the bound for what cannot be looked at', () => {
    const self: { self?: unknown; text: string } = { text: 'x' };
    self.self = self;
    assert.ok(sizeOf(self, most) < 200);
    assert.ok(
      sizeOf(
        Array.from({ length: 100_000 }, () => 'x'.repeat(100)),
        5_000,
      ) < 6_000,
    );
    const closed = Object.defineProperty({}, 'x', {
      enumerable: true,
      get() {
        throw new Error('closed');
      },
    });
    assert.ok(sizeOf([closed], most) > most);
  });
});

describe('results that are kept', () => {
  const root = () => ({}) as Root;
  const results = (length: number) => new Map([['place', 'x'.repeat(length)]]);

  it('count with what they take, and no more once they are taken', () => {
    const kept = new BatchResults();
    const roots = Array.from({ length: 50 }, root);
    for (const each of roots) kept.keep(each, results(1000), 20_000);
    assert.ok(kept.bytes >= 50_000 && kept.bytes < 200_000, `${kept.bytes}`);
    for (const each of roots) assert.deepEqual(kept.take(each), results(1000));
    assert.equal(kept.bytes, 0);
    assert.equal(kept.take(roots[0] as Root), undefined);
  });

  it('are looked at once, however often they are kept, and again when there are more', () => {
    const kept = new BatchResults();
    const one = root();
    let looked = 0;
    const result = Object.defineProperty({}, 'text', { enumerable: true, get: () => 'x'.repeat(1000 + 0 * ++looked) });
    const same = new Map<string, unknown>([['place', result]]);
    for (let i = 0; i < 5; i++) {
      kept.keep(one, same, 20_000);
      assert.equal(kept.take(one), same);
    }
    assert.equal(looked, 1);
    same.set('other', 'x'.repeat(2000));
    kept.keep(one, same, 20_000);
    assert.ok(kept.bytes > 6000, `${kept.bytes}`);
  });

  it('are those of the newest try', () => {
    const kept = new BatchResults();
    const one = root();
    kept.keep(one, results(10_000), 30_000);
    kept.keep(one, results(1000), 30_000);
    assert.ok(kept.bytes < 3000);
    kept.keep(one, results(20_000), 30_000);
    assert.ok(kept.bytes > 30_000 && kept.bytes < 50_000);
    kept.clear();
    assert.equal(kept.bytes, 0);
    assert.equal(kept.take(one), undefined);
  });
});

// One partition: a batch is of one partition.
const numbers = topic<number>('numbers', 'int', { partitions: 1 });
const answers = topic<string>('answers', 'string', { partitions: 1 });

test('large results behind an open breaker stay within the credits: who waits beyond them waits on the held list, and all go on', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const [patients, size, maxBytes] = [60, 50_000, 1024 * 1024];
  const alive: WeakRef<object>[] = [];
  let up = true;
  const driver = await TestDriver.start<number>(
    flow('large')
      .from(numbers)
      .pipe(
        batch<number, { readonly n: number; readonly bytes: Buffer }>(
          'look-up',
          async (items) =>
            items.map(({ value }) => {
              const result = { n: value, bytes: Buffer.alloc(size) };
              alive.push(new WeakRef(result));
              return result;
            }),
          { max: 50, within: 20, readOnly: true },
        ),
        call<{ readonly n: number }, string>(
          'ask',
          defineTarget('ehr', { breaker: { failures: 3, openMs: 5_000 } }),
          async ({ n }) => {
            if (!up) throw error('AORTA_GUARD_008', { problem: 'ECONNREFUSED' });
            return `${n}`;
          },
          { key: 'derived' },
        ),
        to(answers),
      ),
    { source: numbers, engine: { maxBytes } },
  );
  up = false;
  await driver.send(...[1, 2, 3].map((n) => ({ key: `q${n}`, value: n })));
  await driver.advance(100);
  assert.equal(driver.targets()[0]?.breaker, 'open');
  await driver.send(...Array.from({ length: patients }, (_, n) => ({ key: `p${n}`, value: 100 + n })));
  await driver.advance(1_000);
  // Those of turns that ended are only garbage once the virtual clock's own queues let go of them.
  await new Promise(setImmediate);
  gc();
  const kept = alive.filter((ref) => ref.deref() !== undefined).length;
  assert.ok(kept > 3 && kept * size <= maxBytes / 2 + size, `${kept} results of ${alive.length}`);
  const held = await driver.held();
  assert.ok(held.length >= patients - kept && held.every(({ head }) => head.reason === 'breaker'), `${held.length} are held`);
  up = true;
  await driver.advance(60_000);
  const emitted = (await driver.emitted(answers)).map(({ value }) => Number(value));
  assert.deepEqual(
    emitted.toSorted((a, b) => a - b),
    [1, 2, 3, ...Array.from({ length: patients }, (_, n) => 100 + n)],
  );
  await driver.stop();
});
