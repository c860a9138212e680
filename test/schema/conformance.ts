import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AortaError } from '../../src/errors/index.ts';
import type { AvroSchema, Registry } from '../../src/schema/port.ts';
import { createSerde } from '../../src/schema/serde.ts';
import { uniqueName } from '../support/services.ts';

const person = (...fields: object[]): AvroSchema => ({
  type: 'record',
  name: 'Person',
  namespace: 'test',
  fields: [{ name: 'id', type: 'string' }, ...fields],
});

const v1 = person();
const withDefault = person({ name: 'ward', type: ['null', 'string'], default: null, doc: 'Where.' });
const withoutDefault = person({ name: 'bed', type: 'string' });

const coded = (code: string, errorClass: string, message: RegExp) => (thrown: unknown) =>
  thrown instanceof AortaError && thrown.code === code && thrown.class === errorClass && message.test(thrown.message);

export interface Harness {
  open(): Promise<Registry>;
  /** The same registry as a process that starts anew sees it. */
  reopen(): Promise<Registry>;
}

/** What every registry does. `reopen` must not share memory with `open`. */
export function registryConformance(name: string, harness: Harness): void {
  describe(`registry: ${name}`, () => {
    let registry: Registry;
    before(async () => {
      registry = await harness.open();
    });
    after(() => registry.close());
    const subject = () => `${uniqueName('conformance')}-value`;

    it('gives one id for one schema, however often it is registered and however it is laid out', async () => {
      const name = subject();
      const id = await registry.register(name, withDefault);
      assert.ok(Number.isInteger(id) && id > 0);
      const reordered = JSON.parse(
        '{"fields":[{"type":"string","name":"id"},{"doc":"Where.","default":null,"type":["null","string"],"name":"ward"}],"namespace":"test","name":"Person","type":"record"}',
      ) as AvroSchema;
      assert.equal(await registry.register(name, reordered), id);
      assert.equal((await registry.latest(name))?.version, 1);
    });

    it('knows a registered id at once, and by its id from another process', async () => {
      const name = subject();
      const id = await registry.register(name, withDefault);
      assert.deepEqual(registry.cached(id), withDefault);
      const other = await harness.reopen();
      try {
        assert.deepEqual(await other.byId(id), withDefault);
        assert.deepEqual(other.cached(id), withDefault);
      } finally {
        await other.close();
      }
    });

    it('reads both ways over an added field with a default', async () => {
      const name = subject();
      const old = await createSerde<{ id: string }>(registry, name, v1);
      const young = await createSerde<{ id: string; ward: string | null }>(registry, name, withDefault);
      const latest = await registry.latest(name);
      assert.equal(latest?.version, 2);
      assert.deepEqual(latest?.schema, withDefault);
      assert.deepEqual({ ...(await young.deserialize(old.serialize({ id: 'p1' }))) }, { id: 'p1', ward: null });
      assert.deepEqual({ ...(await old.deserialize(young.serialize({ id: 'p1', ward: 'W' }))) }, { id: 'p1' });
    });

    it('refuses an incompatible schema, names the field, and keeps the latest version', async () => {
      const name = subject();
      await registry.register(name, v1);
      const { compatible, problems } = await registry.check(name, withoutDefault);
      assert.equal(compatible, false);
      assert.match(problems.join(), /bed: new without a default/);
      await assert.rejects(registry.register(name, withoutDefault), coded('AORTA_SCHEMA_007', 'Permanent', /bed: new without a default/));
      const retyped = { type: 'record', name: 'Person', namespace: 'test', fields: [{ name: 'id', type: 'int' }] };
      await assert.rejects(registry.register(name, retyped), coded('AORTA_SCHEMA_007', 'Permanent', /id: written as string, read as int/));
      assert.equal((await registry.latest(name))?.version, 1);
    });

    it('says that a compatible schema is compatible, and registers nothing by asking', async () => {
      const name = subject();
      assert.deepEqual(await registry.check(name, v1), { compatible: true, problems: [] });
      assert.equal(await registry.latest(name), undefined);
      await registry.register(name, v1);
      assert.deepEqual(await registry.check(name, withDefault), { compatible: true, problems: [] });
      assert.equal((await registry.latest(name))?.version, 1);
    });

    it('refuses what is no Avro schema before it reaches the registry', async () => {
      const name = subject();
      await assert.rejects(
        registry.register(name, { type: 'record', name: 'X', fields: [{ name: 'a', type: 'nonsense' }] }),
        coded('AORTA_SCHEMA_002', 'Permanent', /nonsense/),
      );
      assert.equal(await registry.latest(name), undefined);
    });

    it('has no schema for an unknown id: Decode', async () => {
      assert.equal(registry.cached(987_654_321), undefined);
      await assert.rejects(registry.byId(987_654_321), coded('AORTA_SCHEMA_005', 'Decode', /987654321/));
    });

    it('lists its subjects, also with odd names, and answers a ping', async () => {
      const name = `${uniqueName('a.b_c-d')}-value`;
      await registry.register(name, v1);
      assert.ok((await registry.subjects()).includes(name));
      await registry.ping();
    });

    it('registers concurrently without losing or doubling a version', async () => {
      const name = subject();
      const ids = await Promise.all(Array.from({ length: 5 }, () => registry.register(name, v1)));
      assert.equal(new Set(ids).size, 1);
      assert.equal((await registry.latest(name))?.version, 1);
    });
  });
}
