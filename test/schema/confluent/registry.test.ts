import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import type { Clock } from '../../../src/clock/clock.ts';
import { systemClock } from '../../../src/clock/system.ts';
import { AortaError } from '../../../src/errors/index.ts';
import { type ConfluentOptions, confluentRegistry } from '../../../src/schema/confluent/registry.ts';
import { services, uniqueName } from '../../support/services.ts';
import { registryConformance } from '../conformance.ts';

const url = services().registryUrl;
const open = () => confluentRegistry({ url });
registryConformance('confluent (real registry)', { open, reopen: open });

type Fault = 'none' | 'down' | 'hang' | 'slow body' | 'garbage' | 500 | 401;

/** A proxy in front of the real registry that counts requests and can fail in the ways that registries do. */
class FaultyRegistry {
  fault: Fault = 'none';
  readonly seen: string[] = [];
  #server: Server | undefined;

  async start(): Promise<string> {
    const server = createServer((incoming, outgoing) => {
      this.seen.push(`${incoming.method} ${incoming.url?.replace(/^\/apis\/ccompat\/v7/, '')}`);
      if (this.fault === 'down') return void incoming.socket.destroy();
      if (this.fault === 'hang') return;
      if (this.fault === 'slow body') return void outgoing.writeHead(200, { 'content-type': 'application/json' }).write('{"schema": ');
      if (this.fault === 'garbage') return void outgoing.writeHead(200).end('<html>');
      if (typeof this.fault === 'number') return void outgoing.writeHead(this.fault).end('{"error_code":1,"message":"as told"}');
      this.#forward(incoming, (status, headers, answer) => {
        outgoing.writeHead(status, headers);
        answer.pipe(outgoing);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/apis/ccompat/v7/`;
  }

  #forward(incoming: IncomingMessage, answer: (status: number, headers: IncomingMessage['headers'], body: IncomingMessage) => void): void {
    const target = new URL(url);
    const out = request(
      {
        host: target.hostname,
        port: target.port,
        path: incoming.url,
        method: incoming.method,
        headers: { ...incoming.headers, host: target.host },
      },
      (response) => answer(response.statusCode ?? 500, response.headers, response),
    );
    incoming.pipe(out);
  }

  finds(id: number): number {
    return this.seen.filter((line) => line === `GET /schemas/ids/${id}`).length;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

/** Monotonic time stands still until `advance`; time-outs run in real time. */
class SteppedClock implements Clock {
  #ms = 0;
  now = () => systemClock.now();
  monotonic = () => this.#ms;
  after: Clock['after'] = (ms, fn) => systemClock.after(ms, fn);
  soon: Clock['soon'] = (fn) => systemClock.soon(fn);
  advance(ms: number): void {
    this.#ms += ms;
  }
}

const schema = { type: 'record', name: 'Vitals', namespace: 'test', fields: [{ name: 'rate', type: 'int' }] };
const coded = (code: string, errorClass: string) => (thrown: unknown) =>
  thrown instanceof AortaError && thrown.code === code && thrown.class === errorClass;

describe('confluent registry under faults', () => {
  const proxy = new FaultyRegistry();
  let proxied: string;
  let directory: string;
  before(async () => {
    proxied = await proxy.start();
    directory = await mkdtemp(join(tmpdir(), 'aorta-registry-'));
  });
  after(async () => {
    proxy.stop();
    await rm(directory, { recursive: true });
  });
  const connect = (options: Partial<ConfluentOptions> = {}) => confluentRegistry({ url: proxied, requestTimeoutMs: 2_000, ...options });

  it('asks for a known id never again, and once while a request is in flight', async () => {
    const id = await (await open()).register(`${uniqueName('known')}-value`, { ...schema, doc: uniqueName('once') });
    const registry = await connect();
    await Promise.all([registry.byId(id), registry.byId(id), registry.byId(id)]);
    await registry.byId(id);
    assert.equal(proxy.finds(id), 1);
  });

  it('asks for an unknown id at most once per second', async () => {
    const clock = new SteppedClock();
    const registry = await connect({ clock });
    const unknown = 900_000_001;
    // The control: the library alone asks every time.
    const plain = new SchemaRegistry({ host: proxied.replace(/\/$/, '') });
    for (let i = 0; i < 5; i++) await plain.getSchema(unknown).catch(() => undefined);
    assert.equal(proxy.finds(unknown), 5);
    for (let second = 0; second < 30; second++) {
      for (let i = 0; i < 20; i++) await assert.rejects(registry.byId(unknown), coded('AORTA_SCHEMA_005', 'Decode'));
      clock.advance(1_000);
    }
    assert.equal(proxy.finds(unknown) - 5, 3, '30 s at one request per 10 s');
  });

  it('sees an id that was registered after it was asked for', async () => {
    const clock = new SteppedClock();
    const [registry, other] = [await connect({ clock }), await open()];
    const fresh = { ...schema, doc: uniqueName('late') };
    const next = (await other.register(`${uniqueName('late')}-value`, { ...schema, doc: uniqueName('before') })) + 1;
    await assert.rejects(registry.byId(next), coded('AORTA_SCHEMA_005', 'Decode'));
    const id = await other.register(`${uniqueName('late')}-value`, fresh);
    clock.advance(10_001);
    assert.deepEqual(await registry.byId(id), fresh);
  });

  for (const fault of ['down', 'hang', 'slow body', 'garbage', 500, 401] as const) {
    it(`registry ${fault}: known ids work, an unknown one is Transient, with at most one probe per second`, async () => {
      const clock = new SteppedClock();
      const registry = await connect({ clock });
      const subject = `${uniqueName('outage')}-value`;
      const known = await registry.register(subject, { ...schema, doc: uniqueName('known') });
      const before = proxy.seen.length;
      proxy.fault = fault;
      try {
        for (let i = 0; i < 20; i++) await assert.rejects(registry.byId(900_000_100 + i), coded('AORTA_SCHEMA_006', 'Transient'));
        assert.equal(proxy.seen.length - before, 1);
        assert.ok(await registry.byId(known));
        clock.advance(1_001);
        await assert.rejects(registry.byId(900_000_100), coded('AORTA_SCHEMA_006', 'Transient'));
        assert.equal(proxy.seen.length - before, 2);
      } finally {
        proxy.fault = 'none';
      }
      clock.advance(1_001);
      await assert.rejects(registry.byId(900_000_100), coded('AORTA_SCHEMA_005', 'Decode'), 'it recovers by itself');
    });
  }

  it('starts from its file while the registry is down, also after a torn write', async () => {
    const cacheFile = join(directory, 'ids.jsonl');
    const subject = `${uniqueName('restart')}-value`;
    const first = await connect({ cacheFile });
    const id = await first.register(subject, schema);
    await first.close();
    await writeFile(cacheFile, `${await readFile(cacheFile, 'utf8')}\n{"id": 12, "sche`);
    proxy.fault = 'down';
    try {
      const second = await connect({ cacheFile });
      assert.equal(await second.register(subject, schema), id);
      assert.deepEqual(second.cached(id), schema);
      await assert.rejects(second.register(subject, { ...schema, doc: 'never seen' }), coded('AORTA_SCHEMA_006', 'Transient'));
      await second.close();
    } finally {
      proxy.fault = 'none';
    }
  });

  it('trusts nothing of its file when the registry was replaced by another', async () => {
    const cacheFile = join(directory, 'replaced.jsonl');
    const subject = `${uniqueName('replaced')}-value`;
    const id = await (await open()).register(subject, schema);
    await writeFile(
      cacheFile,
      [
        { id, schema: 'int' },
        { id: 900_000_900, schema: 'long' },
      ]
        .map((line) => JSON.stringify(line))
        .join('\n'),
    );
    const registry = await connect({ cacheFile });
    assert.equal(registry.cached(900_000_900), 'long');
    assert.equal(await registry.register(subject, schema), id);
    assert.deepEqual(registry.cached(id), schema);
    assert.equal(registry.cached(900_000_900), undefined);
    await registry.close();
    assert.doesNotMatch(await readFile(cacheFile, 'utf8'), /900000900/);
  });

  it('goes on from memory when the file cannot be written, and says so', async () => {
    const warnings: unknown[] = [];
    await writeFile(join(directory, 'file'), '');
    const registry = await connect({
      cacheFile: join(directory, 'file', 'under-a-file.jsonl'),
      onWarning: (cause) => warnings.push(cause),
    });
    const id = await registry.register(`${uniqueName('readonly')}-value`, schema);
    await registry.close();
    assert.deepEqual(registry.cached(id), schema);
    assert.ok(warnings.length > 0);
  });

  it('leaves the retry settings that all users of the library share alone, and does not follow them', async () => {
    const registry = await connect();
    proxy.fault = 500;
    try {
      // Somebody else in the process asks for many retries: the library writes that into the shared object.
      new SchemaRegistry({ host: proxied, retry: { retries: 6, initialRetryTimeInSecs: 0.001, maxRetryTimeInSecs: 0.01 } });
      const before = proxy.seen.length;
      await assert.rejects(registry.subjects(), coded('AORTA_SCHEMA_006', 'Transient'));
      assert.equal(proxy.seen.length - before, 1);
      // Ours did not reset it: a plain instance still retries as often as the other asked.
      await new SchemaRegistry({ host: proxied.replace(/\/$/, '') }).getSchema(1).catch(() => undefined);
      assert.equal(proxy.seen.length - before, 8);
    } finally {
      proxy.fault = 'none';
      new SchemaRegistry({ host: proxied, retry: { retries: 3, initialRetryTimeInSecs: 0.1, maxRetryTimeInSecs: 5 } });
    }
  });

  it('sends its credentials, and keeps them out of its errors', async () => {
    let authorization: string | undefined;
    const server = createServer((incoming, outgoing) => {
      authorization = incoming.headers.authorization;
      outgoing.writeHead(403).end('{"message":"not allowed"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const registry = await confluentRegistry({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        auth: { username: 'aorta', password: 'hunter2' },
      });
      await assert.rejects(
        registry.subjects(),
        (thrown) => coded('AORTA_SCHEMA_010', 'Permanent')(thrown) && !String((thrown as Error).stack).includes('hunter2'),
      );
      assert.equal(authorization, `Basic ${Buffer.from('aorta:hunter2').toString('base64')}`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('keeps a subject at the level that an operator set', async () => {
    const subject = `${uniqueName('level')}-value`;
    const registry = await open();
    await registry.register(subject, schema);
    const level = async () =>
      ((await (await fetch(`${url}/config/${subject}`)).json()) as { compatibilityLevel: string }).compatibilityLevel;
    assert.equal(await level(), 'BACKWARD');
    await fetch(`${url}/config/${subject}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"compatibility":"FULL"}',
    });
    await registry.register(subject, { ...schema, fields: [...schema.fields, { name: 'unit', type: 'string', default: 'bpm' }] });
    assert.equal(await level(), 'FULL');
  });
});
