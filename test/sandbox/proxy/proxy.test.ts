import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import test, { after, afterEach, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFaultProxy, type FaultProxy } from '../../../src/sandbox/proxy/index.ts';

/** Answers every piece with `=` and the same bytes, and remembers what arrived. */
let server: Server;
let arrived: Buffer[] = [];
let proxy: FaultProxy;
const clients: Socket[] = [];

before(async () => {
  server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      arrived.push(bytes);
      socket.write(Buffer.concat([Buffer.from('='), bytes]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await createFaultProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
});
afterEach(() => {
  proxy.suffer();
  for (const client of clients.splice(0)) client.destroy();
  arrived = [];
});
after(async () => {
  await proxy.close();
  server.close();
});

async function client(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: proxy.port, noDelay: true });
  clients.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Sends, and resolves with the answer; rejects with the connection's error. */
async function ask(socket: Socket, text: string | Buffer): Promise<Buffer> {
  const size = Buffer.byteLength(text) + 1;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let got = Buffer.alloc(0);
  const listen = (bytes: Buffer) => {
    got = Buffer.concat([got, bytes]);
    if (got.length >= size) resolve(got);
  };
  socket.on('data', listen).on('error', reject);
  socket.on('close', () => reject(new Error('closed')));
  socket.write(text);
  try {
    return await promise;
  } finally {
    socket.off('data', listen);
  }
}
const within = (work: Promise<unknown>, ms: number) => Promise.race([work.then(() => 'answered'), sleep(ms, 'silent', { ref: false })]);

test('without a fault bytes pass both ways, unchanged and whole', async () => {
  const socket = await client();
  const big = Buffer.alloc(3_000_000, 'x');
  const text = `${await ask(socket, 'hello')}`;
  strictEqual(text, '=hello');
  socket.write(big);
  let count = 0;
  socket.on('data', (bytes: Buffer) => {
    count += bytes.length - bytes.filter((byte) => byte === 0x3d).length;
  });
  while (count < big.length) await sleep(5);
  strictEqual(count, big.length);
});

test('latency makes every piece late, in both directions, and keeps the order', async () => {
  const socket = await client();
  proxy.suffer({ latency: { ms: 60, jitterMs: 50 } });
  const begun = performance.now();
  await ask(socket, 'a');
  ok(performance.now() - begun >= 20, 'late twice by 10 ms at least');
  proxy.suffer({ latency: { ms: 20, jitterMs: 20 } });
  for (let n = 0; n < 40; n++) {
    socket.write(`${String(n).padStart(3, '0')};`);
    await sleep(1);
  }
  const numbers = () => Buffer.concat(arrived).toString().slice(1).split(';').filter(Boolean).map(Number);
  while (numbers().length < 40) await sleep(5);
  deepStrictEqual(
    numbers(),
    Array.from({ length: 40 }, (_, n) => n),
  );
});

test('bandwidth bounds what a connection carries in a second', async () => {
  const socket = await client();
  proxy.suffer({ bandwidth: 100_000 });
  const begun = performance.now();
  socket.write(Buffer.alloc(30_000, 'b'));
  while (Buffer.concat(arrived).length < 30_000) await sleep(10);
  ok(performance.now() - begun >= 180, `30,000 bytes at 100,000 a second took ${performance.now() - begun} ms`);
});

test('slices: a message arrives in many pieces', async () => {
  const socket = await client();
  proxy.suffer({ slice: { bytes: 2, gapMs: 3 } });
  socket.write('0123456789');
  while (Buffer.concat(arrived).length < 10) await sleep(5);
  strictEqual(Buffer.concat(arrived).toString(), '0123456789');
  ok(arrived.length > 1, `${arrived.length} pieces`);
});

test('a black hole accepts and keeps silent; what it held passes when it is gone', async () => {
  const early = await client();
  proxy.suffer({ blackHole: true });
  const late = await client();
  const answers = [ask(early, 'one'), ask(late, 'two')];
  for (const answer of answers) strictEqual(await within(answer, 80), 'silent');
  deepStrictEqual(arrived, []);
  proxy.suffer();
  deepStrictEqual((await Promise.all(answers)).map(String), ['=one', '=two']);
});

test('reset ends every connection with ECONNRESET on both sides', async () => {
  const socket = await client();
  await ask(socket, 'x');
  const failed = once(socket, 'error');
  // A reset is seen by the one who reads.
  socket.resume();
  proxy.reset();
  await failed.catch((thrown: NodeJS.ErrnoException) => strictEqual(thrown.code, 'ECONNRESET'));
  while (proxy.open > 0) await sleep(5);
});

test('refuse resets new connections and leaves the open ones', async () => {
  const open = await client();
  proxy.suffer({ refuse: true });
  const refused = connect({ host: '127.0.0.1', port: proxy.port });
  clients.push(refused);
  await rejects(ask(refused, 'x'));
  strictEqual(String(await ask(open, 'y')), '=y');
});

test('a lost reply: the server has the request, the client gets a reset and not one byte', async () => {
  const before = proxy.lost;
  proxy.loseReplies({ when: (bytes) => bytes.includes('commit') });
  const socket = await client();
  strictEqual(String(await ask(socket, 'begin')), '=begin');
  await rejects(ask(socket, 'commit'));
  ok(Buffer.concat(arrived).includes('commit'));
  strictEqual(proxy.lost, before + 1);
  strictEqual(String(await ask(await client(), 'commit')), '=commit', 'once only');
});

test('lost replies by count and by bytes', async () => {
  const before = proxy.lost;
  proxy.loseReplies({ every: 3 }, 2);
  let lost = 0;
  for (let n = 0; n < 9; n++) await ask(await client(), 'r').catch(() => lost++);
  strictEqual(lost, 2);
  proxy.loseReplies({ bytes: 10 });
  const socket = await client();
  strictEqual(String(await ask(socket, '12345')), '=12345');
  await rejects(ask(socket, '67890'));
  strictEqual(proxy.lost, before + 3);
});

test('an orderly end passes behind the bytes before it', async () => {
  const socket = await client();
  proxy.suffer({ latency: { ms: 30 } });
  const got: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => got.push(bytes));
  socket.end('last words');
  await once(socket, 'close');
  strictEqual(Buffer.concat(arrived).toString(), 'last words');
});
