import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BucketStorage, createMemoryKeyed } from '../../../src/keyed/memory/index.ts';
import type { BucketRow, CounterRow } from '../../../src/keyed/memory/storage.ts';
import type { Keyed } from '../../../src/keyed/port.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { keyedConformance } from '../conformance.ts';

keyedConformance('memory', async () => {
  const clock = new VirtualClock();
  const keyed = await createMemoryKeyed({ clock });
  // One process has one: both "workers" of the suite are it.
  return { open: async (): Promise<Keyed> => keyed, pass: (ms) => clock.advance(ms) };
});

class Rows implements BucketStorage {
  readonly rows = new Map<string, number>();
  saves = 0;
  async load(): Promise<readonly BucketRow[]> {
    return [...this.rows].map(([bucket, until]) => ({ bucket, until }));
  }
  async save(rows: readonly BucketRow[]): Promise<void> {
    this.saves++;
    for (const { bucket, until } of rows) this.rows.set(bucket, until);
  }
  readonly counters = new Map<string, CounterRow>();
  async loadCounters(): Promise<readonly CounterRow[]> {
    return [...this.counters.values()];
  }
  async saveCounter(row: CounterRow): Promise<void> {
    this.counters.set(row.counter, row);
  }
}

test('a counter goes on over a restart, as long as it would have, with all that was told before', async () => {
  const storage = new Rows();
  const first = await createMemoryKeyed({ clock: new VirtualClock(1_000_000), storage });
  await first.count('c', 'a', 3, 60_000, { worker: 'w' });
  await first.count('c', 'b', 4, 60_000, { worker: 'w' });
  const clock = new VirtualClock(1_050_000);
  const second = await createMemoryKeyed({ clock, storage });
  assert.equal((await second.count('c', 'a', 1, 60_000, { worker: 'w' })).value, 8);
  await clock.advance(10_000);
  assert.equal((await second.count('c', 'a', 1, 60_000, { worker: 'w' })).value, 1);
});

test('a quota goes on over a restart, also when the monotonic clock begins anew', async () => {
  const storage = new Rows();
  const ask = { intervalMs: 60_000, burst: 1, maxWaitMs: 0, worker: 'w' };
  const first = await createMemoryKeyed({ clock: new VirtualClock(1_000_000), storage });
  assert.equal((await first.reserve('daily', ask)).granted, true);
  await first.close();

  const clock = new VirtualClock(1_010_000);
  const second = await createMemoryKeyed({ clock, storage });
  const early = await second.reserve('daily', ask);
  assert.deepEqual({ granted: early.granted, waitMs: early.waitMs }, { granted: false, waitMs: 50_000 });
  await clock.advance(50_000);
  assert.equal((await second.reserve('daily', ask)).granted, true);
});

test('many places are written down together', async () => {
  const storage = new Rows();
  const clock = new VirtualClock();
  const keyed = await createMemoryKeyed({ clock, storage });
  for (let i = 0; i < 100; i++) await keyed.reserve('b', { intervalMs: 1, burst: 1, maxWaitMs: 1000, worker: 'w' });
  assert.equal(storage.saves, 0);
  await clock.advance(500);
  assert.equal(storage.saves, 1);
  await keyed.close();
});

test('claims are bounded: the oldest are forgotten', async () => {
  const keyed = await createMemoryKeyed({ clock: new VirtualClock(), maxClaims: 10 });
  for (let i = 0; i < 20; i++) await keyed.confirm(`k${i}`, 'a', 60_000);
  assert.equal((await keyed.claim('k0', 'b', 1000)).state, 'claimed');
  assert.equal((await keyed.claim('k19', 'b', 1000)).state, 'confirmed');
});
