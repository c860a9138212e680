import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Hl7Adt, hl7AdtFingerprint } from '../../schemas/generated/hl7-adt.ts';
import { topics } from '../../schemas/topics.ts';
import { AortaError } from '../../src/errors/index.ts';
import { topic } from '../../src/flow/topic.ts';
import { embeddedRegistry } from '../../src/schema/embedded/registry.ts';
import { memoryStorage } from '../../src/schema/embedded/storage.ts';
import type { AvroSchema, Registry } from '../../src/schema/port.ts';
import { createSerde, serdeFor } from '../../src/schema/serde.ts';
import { schemaAndValues } from './arbitrary.ts';

const coded = (code: string, errorClass: string, message: RegExp) => (thrown: unknown) =>
  thrown instanceof AortaError && thrown.code === code && thrown.class === errorClass && message.test(thrown.message);

const fresh = () => embeddedRegistry(memoryStorage());

/** The embedded registry with nothing cached, as a remote one meets a new id. */
function remote(registry: Registry): Registry & { asked: number } {
  const view = {
    asked: 0,
    kind: registry.kind,
    register: (subject: string, schema: AvroSchema) => registry.register(subject, schema),
    check: (subject: string, schema: AvroSchema) => registry.check(subject, schema),
    cached: () => undefined,
    byId: (id: number) => {
      view.asked++;
      return registry.byId(id);
    },
    latest: (subject: string) => registry.latest(subject),
    subjects: () => registry.subjects(),
    ping: () => registry.ping(),
    close: () => registry.close(),
  };
  return view;
}

const adt: Hl7Adt = {
  eventId: 'E1',
  patientId: 'P1',
  sender: 'ADT1|MCM',
  controlId: 'MSG1',
  event: 'A01',
  occurredAt: 1_763_800_000_000,
  receivedAt: 1_763_800_000_001,
  charset: 'UTF-8',
  raw: Buffer.from('MSH|^~\\&|'),
  blobRef: null,
  size: 9,
  profile: null,
};

describe('serde', () => {
  it('writes the registry wire format and reads it back, synchronously', async () => {
    const registry = await fresh();
    const serde = await serdeFor(registry, topics.adt);
    const bytes = serde.serialize(adt);
    assert.equal(serde.subject, 'hl7.adt-value');
    assert.equal(serde.fingerprint, hl7AdtFingerprint);
    assert.equal(bytes[0], 0);
    assert.equal(bytes.readUInt32BE(1), (await registry.latest('hl7.adt-value'))?.id);
    const back = serde.deserialize(bytes);
    assert.ok(!(back instanceof Promise));
    assert.deepEqual({ ...back }, adt);
  });

  it('passes bytes through for topics without a schema', async () => {
    const registry = await fresh();
    const serde = await serdeFor(registry, topic<Buffer>('raw', null));
    const bytes = Buffer.from([1, 2, 3]);
    assert.equal(serde.serialize(bytes), bytes);
    assert.equal(serde.deserialize(bytes), bytes);
    assert.deepEqual(await registry.subjects(), []);
    assert.throws(() => serde.serialize('text' as never), coded('AORTA_SCHEMA_008', 'Defect', /Buffer/));
  });

  it('refuses what is not in the wire format', async () => {
    const serde = await createSerde(await fresh(), 's', 'string');
    for (const bytes of [Buffer.alloc(0), Buffer.from([0, 0, 0, 1])])
      assert.throws(() => serde.deserialize(bytes), coded('AORTA_SCHEMA_004', 'Decode', /too short/));
    assert.throws(() => serde.deserialize(Buffer.from('{"a":1}')), coded('AORTA_SCHEMA_004', 'Decode', /0x00/));
    assert.throws(() => serde.deserialize(Buffer.from([0, 0, 0, 0, 1, 20, 65])), coded('AORTA_SCHEMA_001', 'Decode', /length beyond/));
  });

  it('asks for an unknown writer once, then decodes synchronously', async () => {
    const store = await fresh();
    const old = await createSerde<{ id: string }>(store, 's', { type: 'record', name: 'P', fields: [{ name: 'id', type: 'string' }] });
    const registry = remote(store);
    const young = await createSerde<{ id: string; n: number }>(registry, 's', {
      type: 'record',
      name: 'P',
      fields: [
        { name: 'id', type: 'string' },
        { name: 'n', type: 'int', default: 7 },
      ],
    });
    const bytes = old.serialize({ id: 'a' });
    const pending = [young.deserialize(bytes), young.deserialize(bytes)];
    assert.ok(pending.every((value) => value instanceof Promise));
    for (const value of await Promise.all(pending)) assert.deepEqual({ ...value }, { id: 'a', n: 7 });
    const asked = registry.asked;
    const again = young.deserialize(bytes);
    assert.ok(!(again instanceof Promise));
    assert.equal(registry.asked, asked);
    await assert.rejects(async () => young.deserialize(Buffer.from([0, 0, 0, 99, 0, 2])), coded('AORTA_SCHEMA_005', 'Decode', /25344/));
  });

  it('quarantines, and never misreads, what an incompatible writer forced in', async () => {
    const registry = await fresh();
    const serde = await createSerde<{ id: string }>(registry, 'mine', {
      type: 'record',
      name: 'P',
      fields: [{ name: 'id', type: 'string' }],
    });
    const forced = await createSerde<{ other: number }>(registry, 'theirs', {
      type: 'record',
      name: 'P',
      fields: [{ name: 'other', type: 'int' }],
    });
    for (let i = 0; i < 2; i++)
      assert.throws(() => serde.deserialize(forced.serialize({ other: 1 })), coded('AORTA_SCHEMA_009', 'Decode', /id/));
  });

  it('skips fields that the reader dropped, whatever is in them', async () => {
    const registry = await fresh();
    const wide = await createSerde<unknown>(registry, 'wide', {
      type: 'record',
      name: 'P',
      fields: [
        { name: 'list', type: { type: 'array', items: ['null', 'string', { type: 'map', values: 'bytes' }] } },
        { name: 'id', type: 'string' },
      ],
    });
    const narrow = await createSerde<{ id: string }>(registry, 'narrow', {
      type: 'record',
      name: 'P',
      fields: [{ name: 'id', type: 'string' }],
    });
    const bytes = wide.serialize({ list: [null, 'x', { k: Buffer.from('v') }], id: 'a' });
    assert.deepEqual({ ...(await narrow.deserialize(bytes)) }, { id: 'a' });
  });

  it('names the field of a value that does not fit, and never tells the value', async () => {
    const serde = await createSerde<unknown>(await fresh(), 's', {
      type: 'record',
      name: 'P',
      fields: [
        { name: 'name', type: 'string' },
        { name: 'beds', type: { type: 'array', items: ['null', 'int'] } },
      ],
    });
    const canary = 'CANARY^JOHN';
    const bad: readonly [unknown, RegExp][] = [
      [{ name: { canary }, beds: [] }, /name is not of type string/],
      [{ name: 'x', beds: [1, canary] }, /beds\.\[\] is not one of null, int/],
      [{ name: 'x' }, /beds is not of type array/],
      [null, /the value is not a record P/],
      [undefined, /the value is not a record P/],
    ];
    for (const [value, message] of bad)
      assert.throws(
        () => serde.serialize(value),
        (thrown) =>
          coded('AORTA_SCHEMA_008', 'Defect', message)(thrown) &&
          !JSON.stringify(thrown, Object.getOwnPropertyNames(thrown)).includes('CANARY'),
      );
    assert.deepEqual(
      { ...((await serde.deserialize(serde.serialize({ name: 'ok', beds: [null] }))) as object) },
      { name: 'ok', beds: [null] },
    );
  });

  it('writes values of any size, and forgets a large buffer', async () => {
    const serde = await createSerde<Buffer>(await fresh(), 's', 'bytes');
    for (const size of [0, 1, 65_000, 65_530, 65_531, 65_536, 200_000, 3_000_000, 10]) {
      const value = Buffer.alloc(size, size % 251);
      const bytes = serde.serialize(value);
      assert.ok((await serde.deserialize(bytes)).equals(value), `${size} bytes`);
      assert.ok(bytes.buffer.byteLength < 2 * size + 70_000, `${size} bytes are held by ${bytes.buffer.byteLength}`);
    }
  });

  it('round-trips any value of any schema', async () => {
    const registry = await fresh();
    let subjects = 0;
    await fc.assert(
      fc.asyncProperty(schemaAndValues, async ({ schema, type, values }) => {
        const serde = await createSerde<unknown>(registry, `s${subjects++}`, schema);
        for (const value of values) {
          const bytes = serde.serialize(value);
          assert.deepEqual(bytes.subarray(5), type.toBuffer(value));
          assert.deepEqual(type.toBuffer(await serde.deserialize(bytes)), type.toBuffer(value));
        }
      }),
      { numRuns: 200 },
    );
  });
});
