import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { services, uniqueName } from '../support/services.ts';

const { registryUrl } = services();
const subject = uniqueName('registry-check-value');
const registry = new SchemaRegistry({ host: registryUrl, retry: { retries: 0 } });

after(async () => {
  await fetch(`${registryUrl}/subjects/${subject}`, { method: 'DELETE' });
});

function bed(...fields: object[]): { type: SchemaType.AVRO; schema: string } {
  return { type: SchemaType.AVRO, schema: JSON.stringify({ type: 'record', name: 'Bed', namespace: 'aorta.test', fields }) };
}

const ward = { name: 'ward', type: 'string' };
const room = { name: 'room', type: ['null', 'string'], default: null };

test('registers, reads back, evolves, and refuses an incompatible schema with 409', async () => {
  const first = await registry.register(bed(ward), { subject });
  assert.equal((await registry.register(bed(ward), { subject })).id, first.id, 'the same schema has the same id');

  const payload = await registry.encode(first.id, { ward: 'W1' });
  assert.equal(payload[0], 0);
  assert.equal(payload.readInt32BE(1), first.id);
  assert.deepEqual({ ...(await registry.decode(payload)) }, { ward: 'W1' });

  const second = await registry.register(bed(ward, room), { subject });
  assert.notEqual(second.id, first.id);
  assert.equal(await registry.getLatestSchemaId(subject), second.id);

  const incompatible = bed(ward, room, { name: 'bed', type: 'string' });
  const answer = await fetch(`${registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: incompatible.schema }),
  });
  assert.equal(answer.status, 409);
  await assert.rejects(registry.register(incompatible, { subject }));
});

test('the global compatibility level is BACKWARD', async () => {
  const config = (await (await fetch(`${registryUrl}/config`)).json()) as { compatibilityLevel: string };
  assert.equal(config.compatibilityLevel, 'BACKWARD');
});
