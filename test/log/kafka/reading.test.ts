import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect as connectPlain, createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';

import fc from 'fast-check';
import { type Connect, openCluster } from '../../../src/log/kafka/cluster.ts';
import { connectOnce } from '../../../src/log/kafka/connecting.ts';
import { quietIdleQueues } from '../../../src/log/kafka/idle.ts';
import { Encoder, type OpenSocket, type ProtocolPair } from '../../../src/log/kafka/internals.ts';
import { reasonOf } from '../../../src/log/kafka/problems.ts';
import { openInPlace, takeWholeAnswers } from '../../../src/log/kafka/reading.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { authority } from '../../support/certificates.ts';
import { services } from '../../support/services.ts';
import { day, fresh, openLog, removeTopics } from './support.ts';

connectOnce();
quietIdleQueues();
takeWholeAnswers();

const ca = authority('kafka');
const own = ca.issue('broker');
const tls = { ca: ca.certificate };
const topic = fresh('reading');
const servers: Server[] = [];
after(async () => {
  ca.close();
  for (const server of servers) server.close();
  await removeTopics([topic]);
});

async function listen(secure: boolean, serve: (client: Socket) => void): Promise<number> {
  const greet = (client: Socket) => {
    client.on('error', () => undefined);
    serve(client);
  };
  const server = secure ? createTlsServer({ cert: own.certificate, key: own.key }, greet) : createServer({ noDelay: true }, greet);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function answerOf(length: number, seed: number): Buffer {
  const whole = Buffer.alloc(4 + length, seed + 1);
  whole.writeInt32BE(length);
  return whole;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

for (const [kind, host, secure] of [
  ['TCP', '127.0.0.1', false],
  ['TCP by name', 'localhost', false],
  ['TLS', '127.0.0.1', true],
  ['TLS by name', 'localhost', true],
] as const) {
  test(`${kind}: answers come whole and in order, however they are cut on their way`, async () => {
    const sizes = fc.oneof(fc.nat(60), fc.nat(400_000), fc.constantFrom(65_532, 65_536));
    const lengths = fc.array(sizes, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.array(fc.nat(500_000), { maxLength: 12 }), async (lengths, places) => {
        const sent = lengths.map(answerOf);
        const stream = Buffer.concat(sent);
        const cuts = places.map((place) => place % stream.length).sort((a, b) => a - b);
        const port = await listen(secure, async (client) => {
          let at = 0;
          for (const end of [...cuts, stream.length]) {
            client.write(stream.subarray(at, end));
            at = end;
            await turn();
            await turn();
          }
          client.end();
        });
        const got: Buffer[] = [];
        const socket = openInPlace({ host, port, ...(secure ? { ssl: tls } : {}), onConnect() {} });
        socket.on('data', (answer: Buffer) => got.push(answer));
        await once(socket, 'end');
        assert.deepEqual(
          got.map(({ length }) => length),
          sent.map(({ length }) => length),
        );
        assert.ok(got.every((answer, i) => answer.equals(sent[i] as Buffer)));
      }),
      { numRuns: 30 },
    );
  });
}

/** The body of the answer; the API key of a token without a header is -1. */
type Serve = (apiKey: number, request: Buffer, client: Socket) => Buffer | undefined;
/** A broker that knows what `serve` knows. With `tokens` a handshake is followed by tokens without a header. */
async function broker(secure: boolean, serve: Serve, tokens = false): Promise<number> {
  return listen(secure, (client) => {
    let waiting = Buffer.alloc(0);
    let raw = false;
    client.on('data', (data) => {
      waiting = Buffer.concat([waiting, data]);
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readInt32BE()) {
        const request = waiting.subarray(4, 4 + waiting.readInt32BE());
        waiting = waiting.subarray(4 + request.length);
        const apiKey = raw ? -1 : request.readInt16BE();
        const body = serve(apiKey, request, client);
        raw = tokens && apiKey === 17;
        if (!body) continue;
        const head = Buffer.alloc(apiKey === -1 ? 4 : 8);
        head.writeInt32BE(head.length - 4 + body.length);
        if (apiKey !== -1) request.copy(head, 4, 4, 8);
        // The tokens of an old broker too come in two pieces.
        const answer = Buffer.concat([head, body]);
        client.write(answer.subarray(0, 2));
        setImmediate(() => client.write(answer.subarray(2)));
      }
    });
  });
}

/** ApiVersions: these keys, in the first version of each. */
function versions(keys: readonly number[]): Buffer {
  const body = Buffer.alloc(6 + keys.length * 6 + 4);
  body.writeInt32BE(keys.length, 2);
  for (const [i, key] of keys.entries()) body.writeInt16BE(key, 6 + i * 6);
  return body;
}

const echo: ProtocolPair<string> = {
  request: { apiKey: 3, apiVersion: 0, apiName: 'Echo', encode: async () => new Encoder() },
  response: { decode: async (data) => ({ text: data.toString() }), parse: async (decoded) => (decoded as { text: string }).text },
};

async function talking<T>(port: number, more: Partial<Connect>, work: (send: () => Promise<string>) => Promise<T>): Promise<T> {
  const brokers = [`127.0.0.1:${port}`];
  const cluster = openCluster({ brokers, clientId: 'reading', requestTimeoutMs: 3000, connectTimeoutMs: 2000, ...more }, silentTelemetry);
  await cluster.connect();
  try {
    return await work(() => (cluster.brokerPool.seedBroker as NonNullable<typeof cluster.brokerPool.seedBroker>).connectionPool.send(echo));
  } finally {
    await cluster.disconnect();
  }
}

test('an answer with a length that none has ends the connection with a coded error; the next one works', async () => {
  const broken = Buffer.alloc(4);
  for (const length of [-7, 2, 2 ** 31 - 1]) {
    let asked = 0;
    const port = await broker(false, (apiKey, _request, client) => {
      if (apiKey === 18) return versions([3, 18]);
      if (asked++ > 0) return Buffer.from('good');
      broken.writeInt32BE(length);
      client.write(Buffer.concat([broken, Buffer.alloc(100)]));
      return undefined;
    });
    await talking(port, {}, async (send) => {
      await assert.rejects(send(), (thrown) => reasonOf(thrown) === 'KafkaJSConnectionError AORTA_LOG_019');
      assert.equal(await send(), 'good');
    });
  }
});

for (const secure of [false, true]) {
  test(`${secure ? 'TLS' : 'TCP'}: a connection that ends inside an answer fails its request, and nothing of it is left for the next one`, async () => {
    let asked = 0;
    const port = await broker(secure, (apiKey, request, client) => {
      if (apiKey === 18) return versions([3, 18]);
      if (asked++ > 0) return Buffer.from('whole');
      const part = Buffer.alloc(200_000);
      part.writeInt32BE(1_000_000);
      request.copy(part, 4, 4, 8);
      client.end(part);
      return undefined;
    });
    await talking(port, secure ? { tls } : {}, async (send) => {
      await assert.rejects(send(), { name: 'KafkaJSConnectionClosedError' });
      assert.equal(await send(), 'whole');
    });
  });
}

for (const [how, keys] of [
  ['in requests', [3, 17, 18, 36]],
  ['in tokens without a header, as before Kafka 1.0', [3, 17, 18]],
] as const satisfies readonly (readonly [string, readonly number[]])[]) {
  test(`SASL ${how}: the authenticator gets its answers, and the requests behind it theirs`, async () => {
    const tokens: string[] = [];
    const port = await broker(
      false,
      (apiKey, request) => {
        if (apiKey === 18) return versions(keys);
        if (apiKey === 17) return Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1, 0, 5]), Buffer.from('PLAIN')]);
        if (apiKey === 3) return Buffer.from('inside');
        tokens.push(request.toString().slice(-11));
        // No error, no message, no bytes; or a token of no bytes.
        return apiKey === 36 ? Buffer.from([0, 0, 255, 255, 0, 0, 0, 0]) : Buffer.alloc(0);
      },
      !keys.some((key) => key === 36),
    );
    const sasl = { mechanism: 'plain', username: 'nurse', password: 'ward4' } as const;
    assert.equal(await talking(port, { sasl }, (send) => send()), 'inside');
    assert.deepEqual(tokens, ['nurse\0ward4']);
  });
}

test('a socket that `openSocket` makes is read by its `data` events', async () => {
  const port = await broker(false, (apiKey) => (apiKey === 18 ? versions([3, 18]) : Buffer.alloc(300_000, 'x')));
  const openSocket: OpenSocket = ({ host, port, onConnect }) => connectPlain({ host, port }, onConnect);
  assert.equal((await talking(port, { openSocket }, (send) => send())).length, 300_000);
});

test('TLS over a socket of the caller, which cannot be read in place, is read by its `data` events', async () => {
  const port = await broker(true, (apiKey) => (apiKey === 18 ? versions([3, 18]) : Buffer.alloc(300_000, 'x')));
  const openSocket: OpenSocket = ({ host, port, onConnect }) =>
    openInPlace({ host, port, ssl: { ...tls, socket: connectPlain({ host, port }) }, onConnect });
  assert.equal((await talking(port, { openSocket }, (send) => send())).length, 300_000);
});

test('Kafka behind TLS: what is written is read', async () => {
  const [host, brokerPort] = (services().kafkaBrokers[0] as string).split(':') as [string, string];
  const port = await listen(true, (client) => {
    const kafka = connectPlain({ host, port: Number(brokerPort) });
    kafka.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.on('close', () => kafka.destroy());
    client.pipe(kafka).pipe(client);
  });
  const log = openLog({ tls, openSocket: (to) => openInPlace({ ...to, host: '127.0.0.1', port }) });
  await log.ensureTopics([{ name: topic, partitions: 1, retentionMs: 8 * day }]);
  const values = Array.from({ length: 40 }, (_, i) => Buffer.alloc(100_000, i));
  for (const value of values) await log.append([{ topic, key: 'k', value }]);
  const read = await log.read({ topic, partition: 0 }, 0, 100);
  assert.deepEqual(
    read.map(({ value }) => value?.[0]),
    values.map((value) => value[0]),
  );
  assert.ok(read.every(({ value }, i) => value?.equals(values[i] as Buffer)));
  await log.close();
});
