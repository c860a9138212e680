import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { ensureBackward } from '../../src/services/registry/check.ts';
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

test('a registry that has just started may take its time over the level', async (t) => {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    // Longer than a look whether it is there.
    if (request.method === 'GET') await sleep(3_500);
    response.end(request.method === 'GET' ? '{"compatibilityLevel":"NONE"}' : '{"compatibility":"BACKWARD"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  await ensureBackward(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  assert.deepEqual(asked, ['GET /config', 'PUT /config']);
});
