import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Blob } from '../../src/blob/port.ts';
import type { Clock } from '../../src/clock/clock.ts';
import { systemClock } from '../../src/clock/system.ts';
import { classOf } from '../../src/errors/index.ts';

export interface BlobStore {
  open(): Promise<Blob>;
  /** Alters one byte of a stored body behind the adapter's back. */
  damage(sha256: string): Promise<void>;
  remove(): Promise<void>;
}

const permanent = (thrown: unknown): boolean => classOf(thrown) === 'Permanent';

/** Port **Blob**: the one suite that every adapter passes. Call it at the top of a test file. */
export function blobConformance(name: string, create: (clock: Clock) => Promise<BlobStore>): void {
  describe(`Blob on ${name}`, () => {
    let store: BlobStore;
    let one: Blob;
    let two: Blob;
    let now = 1000;
    before(async () => {
      store = await create({ ...systemClock, now: () => now });
      one = await store.open();
      two = await store.open();
    });
    after(async () => {
      await one.close();
      await two.close();
      await store.remove();
    });

    for (const size of [0, 1, 256 * 1024, 256 * 1024 + 1, 5 * 1024 * 1024 + 3]) {
      it(`a body of ${size} bytes comes back`, async () => {
        const body = randomBytes(size);
        const sha256 = createHash('sha256').update(body).digest('hex');
        assert.deepEqual(await one.put(body), { ref: `blob:sha256/${sha256}`, sha256, size });
        assert.ok((await two.get(`blob:sha256/${sha256}`)).equals(body));
      });
    }

    it('the same bytes give the same reference, also when put at once', async () => {
      const body = randomBytes(600_000);
      const refs = await Promise.all([one.put(body), two.put(body), one.put(Buffer.from(body))]);
      assert.equal(new Set(refs.map(({ ref }) => ref)).size, 1);
      assert.ok((await two.get((refs[0] as { ref: string }).ref)).equals(body));
    });

    it('an unknown reference is Permanent', async () => {
      await assert.rejects(one.get(`blob:sha256/${'0'.repeat(64)}`), permanent);
    });

    for (const ref of [
      '',
      'blob:sha256/',
      'blob:sha256/../../etc/passwd',
      `blob:sha256/${'A'.repeat(64)}`,
      `blob:md5/${'0'.repeat(64)}`,
      `x blob:sha256/${'0'.repeat(64)}`,
      `blob:sha256/${'0'.repeat(64)}\n`,
    ]) {
      it(`${JSON.stringify(ref).slice(0, 40)} is no reference`, async () => {
        await assert.rejects(one.get(ref), permanent);
      });
    }

    it('a damaged body is Permanent, and putting it again repairs it', async () => {
      const body = randomBytes(300_000);
      const { ref, sha256 } = await one.put(body);
      await store.damage(sha256);
      await assert.rejects(two.get(ref), permanent);
      await two.put(body);
      assert.ok((await one.get(ref)).equals(body));
    });

    it('prune removes bodies last put before a time; putting again renews', async () => {
      const [old, renewed, young] = [randomBytes(10), randomBytes(300_000), randomBytes(10)];
      now = 50_000;
      await one.prune(now);
      const refs = [await one.put(old), await one.put(renewed)];
      now = 60_000;
      refs.push(await one.put(young));
      await two.put(renewed);
      assert.equal(await one.prune(60_000), 1);
      await assert.rejects(one.get((refs[0] as { ref: string }).ref), permanent);
      assert.ok((await one.get((refs[1] as { ref: string }).ref)).equals(renewed));
      assert.ok((await one.get((refs[2] as { ref: string }).ref)).equals(young));
      assert.equal(await one.prune(60_001), 2);
    });
  });
}
