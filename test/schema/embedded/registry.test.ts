import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { embeddedRegistry } from '../../../src/schema/embedded/registry.ts';
import { memoryStorage, type Row } from '../../../src/schema/embedded/storage.ts';
import { registryConformance } from '../conformance.ts';

const rows: Row[] = [];
const open = () => embeddedRegistry(memoryStorage(rows));
registryConformance('embedded', { open, reopen: open });

describe('embedded registry', () => {
  it('registers nothing when the storage fails, and works again afterwards', async () => {
    let broken = true;
    const registry = await embeddedRegistry({
      load: async () => [],
      insert: async () => {
        if (broken) throw new Error('disk full');
      },
    });
    await assert.rejects(registry.register('a-value', 'string'), /disk full/);
    assert.equal(await registry.latest('a-value'), undefined);
    assert.equal(registry.cached(1), undefined);
    broken = false;
    assert.equal(await registry.register('a-value', 'string'), 1);
  });

  it('numbers on from what the storage holds', async () => {
    const stored: Omit<Row, 'fingerprint'>[] = [
      { id: 7, subject: 'a-value', version: 2, schema: '["null","string"]' },
      { id: 3, subject: 'a-value', version: 1, schema: '"null"' },
    ];
    const registry = await embeddedRegistry(memoryStorage(stored));
    assert.equal((await registry.latest('a-value'))?.id, 7);
    assert.equal(await registry.register('b-value', 'int'), 8);
    const { fingerprint, ...row } = stored[2] as Row;
    assert.deepEqual(row, { id: 8, subject: 'b-value', version: 1, schema: '"int"' });
    assert.match(fingerprint, /^[0-9a-f]{64}$/);
  });

  it('checks concurrent registrations against each other, not against what was before them', async () => {
    const stored: Row[] = [];
    const registry = await embeddedRegistry({
      load: async () => [],
      insert: async (row) => {
        await new Promise((resolve) => setImmediate(resolve));
        stored.push(row);
      },
    });
    const [first, again, other] = await Promise.allSettled([
      registry.register('a-value', 'int'),
      registry.register('a-value', 'int'),
      registry.register('a-value', 'string'),
    ]);
    assert.deepEqual([first?.status, again?.status, other?.status], ['fulfilled', 'fulfilled', 'rejected']);
    assert.equal(stored.length, 1);
    const ids = await Promise.all(
      (['long', 'float', 'bytes', 'bytes'] as const).map((schema, i) => registry.register(`b${i}-value`, schema)),
    );
    assert.deepEqual(ids, [2, 3, 4, 4], 'one id for one schema under all subjects');
  });
});
