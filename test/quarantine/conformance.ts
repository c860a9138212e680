import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { ulidFrom } from '../../src/clock/ulid.ts';
import type { Quarantine, QuarantineEntry } from '../../src/quarantine/port.ts';

export interface QuarantineStore {
  /** Another Quarantine on the same store, tables made. */
  open(): Promise<Quarantine>;
  remove(): Promise<void>;
}

const entry = (receivedAt: number, parts: Partial<QuarantineEntry> = {}): QuarantineEntry => {
  const body = parts.body ?? Buffer.from([0, 255, 11, 28]);
  return {
    id: ulidFrom(receivedAt, randomBytes(10)),
    source: 'mllp',
    peer: '10.0.0.7:5123',
    code: 'AORTA_HL7_001',
    reason: 'no PID segment',
    receivedAt,
    size: body.length,
    body,
    ...parts,
  };
};
const summary = ({ body: _, ...rest }: QuarantineEntry) => rest;

/** Port **Quarantine**: the one suite that every adapter passes. Call it at the top of a test file. */
export function quarantineConformance(name: string, create: () => Promise<QuarantineStore>): void {
  describe(`Quarantine on ${name}`, () => {
    let store: QuarantineStore;
    let quarantine: Quarantine;
    before(async () => {
      store = await create();
      quarantine = await store.open();
    });
    after(async () => {
      await quarantine.close();
      await store.remove();
    });

    it('is empty at first', async () => {
      assert.equal(await quarantine.count(), 0);
      assert.deepEqual(await quarantine.list(10), []);
      assert.equal(await quarantine.get('unknown'), undefined);
    });

    it('an entry comes back whole, also for another instance', async () => {
      const kept = entry(1_700_000_000_000);
      await quarantine.put(kept);
      const other = await store.open();
      try {
        assert.deepEqual(await other.get(kept.id), kept);
        assert.ok(Buffer.isBuffer((await other.get(kept.id))?.body));
      } finally {
        await other.close();
      }
      assert.equal(await quarantine.prune(1_700_000_000_001), 1);
    });

    it('lists the newest first without bodies, page by page', async () => {
      const entries = [3000, 1000, 5000, 2000, 4000].map((at) => entry(at));
      for (const one of entries) await quarantine.put(one);
      const newest = [...entries].sort((a, b) => b.receivedAt - a.receivedAt).map(summary);
      assert.deepEqual(await quarantine.list(10), newest);
      const page = await quarantine.list(2);
      assert.deepEqual(page, newest.slice(0, 2));
      assert.deepEqual(await quarantine.list(2, page[1]?.id), newest.slice(2, 4));
      assert.deepEqual(await quarantine.list(2, newest[4]?.id), []);
      assert.equal(await quarantine.count(), 5);
    });

    it('prune removes what came before a time', async () => {
      assert.equal(await quarantine.prune(3000), 2);
      assert.deepEqual(
        (await quarantine.list(10)).map((one) => one.receivedAt),
        [5000, 4000, 3000],
      );
      assert.equal(await quarantine.prune(3000), 0);
      assert.equal(await quarantine.prune(10_000), 3);
    });

    it('what was resolved waits for nobody, is resolved once, and is still there to be looked at', async () => {
      const [one, two] = [entry(1000), entry(2000)];
      await quarantine.put(one);
      await quarantine.put(two);
      assert.equal(await quarantine.resolve(one.id, 'fixed', 3000), true);
      assert.equal(await quarantine.resolve(one.id, 'dismissed', 3001), false);
      assert.equal(await quarantine.resolve('unknown', 'dismissed', 3001), false);
      assert.deepEqual(await quarantine.list(10), [summary(two)]);
      assert.deepEqual(await quarantine.list(10, two.id), []);
      assert.equal(await quarantine.count(), 1);
      assert.deepEqual(await quarantine.get(one.id), { ...one, resolution: 'fixed' });
      assert.equal(await quarantine.prune(3000), 2);
    });

    it('putting one id twice keeps the first', async () => {
      const first = entry(1000);
      await quarantine.put(first);
      await quarantine.put({ ...first, reason: 'second' });
      assert.equal((await quarantine.get(first.id))?.reason, first.reason);
      assert.equal(await quarantine.count(), 1);
    });

    it('a large or empty body keeps its size and its beginning', async () => {
      const large = entry(2000, { body: randomBytes((1 << 20) + 10), size: 64 << 20 });
      const empty = entry(2001, { body: Buffer.alloc(0) });
      await quarantine.put(large);
      await quarantine.put(empty);
      const stored = await quarantine.get(large.id);
      assert.equal(stored?.size, 64 << 20);
      assert.ok((stored?.body.length ?? 0) >= 1 << 20);
      assert.ok(large.body.subarray(0, stored?.body.length).equals(stored?.body as Buffer));
      assert.deepEqual(await quarantine.get(empty.id), empty);
    });
  });
}
