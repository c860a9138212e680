import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { createGzip } from 'node:zlib';
import type { AortaError } from '../../../src/errors/index.ts';
import { createHttp, type HttpOptions } from '../../../src/fhir/client/index.ts';
import { grownSince } from '../../support/memory.ts';

const pem = (name: string) => readFileSync(new URL(`./certs/${name}`, import.meta.url), 'utf8');
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (thrown: AortaError) => thrown.code ?? thrown.message,
  );

async function serving(t: TestContext, server: http.Server | https.Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `${server instanceof https.Server ? 'https' : 'http'}://localhost:${(server.address() as AddressInfo).port}`;
}
function client(t: TestContext, options: HttpOptions = {}) {
  const made = createHttp({ timeoutMs: 5_000, ...options });
  t.after(() => made.close());
  return (url: string, signal?: AbortSignal, maxBytes?: number) =>
    made.send({
      method: 'GET',
      url,
      headers: {},
      what: 'w',
      ...(signal ? { signal } : {}),
      ...(maxBytes === undefined ? {} : { maxBytes }),
    });
}

test('mutual TLS: both sides show a certificate of their authority, or nothing is exchanged', async (t) => {
  const server = https.createServer(
    { cert: pem('server.pem'), key: pem('server.key'), ca: pem('ca.pem'), requestCert: true, rejectUnauthorized: true },
    (request, response) =>
      response.end((request.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate().subject.CN),
  );
  const url = await serving(t, server);
  const both = { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') };
  assert.equal((await client(t, { tls: both })(url)).text, 'client');
  assert.equal(await code(client(t, { tls: { ca: pem('ca.pem') } })(url)), 'AORTA_EHR_002', 'without our certificate');
  assert.equal(
    await code(client(t, { tls: { cert: both.cert, key: both.key } })(url)),
    'AORTA_EHR_002',
    'a server of an authority that we do not know',
  );
});

test('[SMART 230] TLS older than 1.2 is refused', async (t) => {
  const server = https.createServer(
    { cert: pem('server.pem'), key: pem('server.key'), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
    (_request, response) => response.end('old'),
  );
  assert.equal(await code(client(t, { tls: { ca: pem('ca.pem') } })(await serving(t, server))), 'AORTA_EHR_002');
});

test('a redirect is an answer, never followed: a token goes nowhere else', async (t) => {
  const seen: string[] = [];
  const server = http.createServer((request, response) => {
    seen.push(request.url ?? '');
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  assert.deepEqual([(await client(t)(`${await serving(t, server)}/a?b=c`)).status, seen], [302, ['/a?b=c']]);
});

test('an answer in pieces, with a byte order mark or without a body is its text', async (t) => {
  const server = http.createServer((request, response) => {
    if (request.url === '/empty') return void response.writeHead(204).end();
    if (request.url === '/mark') return void response.end('\ufeff{"a":"ä"}');
    const bytes = Buffer.from('{"a":"ä€"}');
    for (const byte of bytes) response.write(Buffer.from([byte]));
    return void response.end();
  });
  const url = await serving(t, server);
  const send = client(t);
  const texts = await Promise.all(['/empty', '/mark', '/pieces'].map(async (path) => (await send(`${url}${path}`)).text));
  assert.deepEqual(texts, ['', '{"a":"ä"}', '{"a":"ä€"}']);
});

test('an answer that is too large, too slow or never whole is cut off', async (t) => {
  const server = http.createServer((request, response) => {
    if (request.url === '/large') return void response.end('x'.repeat(200_000));
    if (request.url === '/silent') return undefined;
    response.writeHead(200);
    // A byte now and then keeps time-outs of silence from ever running out.
    const dripping = setInterval(() => response.write('x'), 20);
    response.once('close', () => clearInterval(dripping));
    return undefined;
  });
  const url = await serving(t, server);
  assert.equal(await code(client(t, { largest: 100_000 })(`${url}/large`)), 'AORTA_EHR_006');
  assert.equal(await code(client(t, { timeoutMs: 200 })(`${url}/silent`)), 'AORTA_EHR_001');
  assert.equal(await code(client(t, { timeoutMs: 200 })(`${url}/drip`)), 'AORTA_EHR_001');
});

test('an answer is read up to its bound and no further, whatever it says of its length: its connection is closed', async (t) => {
  const maxBytes = 64 * 1024;
  const closed: { readonly path: string; readonly written: number }[] = [];
  const server = http.createServer((request, response) => {
    const { socket } = request;
    const path = request.url ?? '';
    const before = socket.bytesWritten;
    socket.once('close', () => closed.push({ path, written: socket.bytesWritten - before }));
    if (path === '/fits') return void response.end('x'.repeat(maxBytes));
    if (path === '/declared') return void response.writeHead(200, { 'content-length': maxBytes + 1 }).flushHeaders();
    if (path === '/lying') {
      // Less than what comes: the rest would be the next answer on this connection.
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n${'x'.repeat(200_000)}`);
      return undefined;
    }
    const piece = Buffer.alloc(16 * 1024, 0x20);
    const gzip = path === '/compressed' ? createGzip({ level: 1 }) : undefined;
    if (path === '/no-length') {
      socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n');
      forEver(socket, () => piece);
      return undefined;
    }
    response.writeHead(200, gzip ? { 'content-encoding': 'gzip' } : {});
    if (!gzip) forEver(response, () => piece);
    else {
      gzip.pipe(response);
      // It is the bytes on the wire that count: nobody inflates them.
      forEver(gzip, () => randomBytes(4 * 1024));
    }
    return undefined;
  });
  const url = await serving(t, server);
  const send = client(t, { timeoutMs: 60_000 });
  assert.equal((await send(`${url}/fits`, undefined, maxBytes)).text.length, maxBytes);
  const memory = process.memoryUsage().rss;
  for (const path of ['/declared', '/chunked', '/no-length', '/compressed'])
    assert.equal(await code(send(`${url}${path}`, undefined, maxBytes)), 'AORTA_EHR_006', path);
  const lying = await code(send(`${url}/lying`, undefined, maxBytes));
  assert.ok(['none', 'AORTA_EHR_002'].includes(lying), lying);
  assert.equal((await send(`${url}/fits`, undefined, maxBytes)).text.length, maxBytes, 'what came after it is nobody’s answer');
  for (let tries = 0; closed.length < 5 && tries < 2_400; tries++) await new Promise((resolve) => setTimeout(resolve, 25));
  for (const path of ['/declared', '/chunked', '/no-length', '/compressed']) {
    const found = closed.find((each) => each.path === path);
    assert.ok(found && found.written < 32 * 1024 * 1024, `${path}: ${JSON.stringify(found)}`);
  }
  const most = 200 * 1024 * 1024;
  const grown = await grownSince(memory, most);
  assert.ok(grown < most, `${grown} bytes more`);
});

/** Writes as long as somebody reads. */
function forEver(to: Writable, piece: () => Buffer): void {
  to.on('error', () => {});
  const more = () => {
    while (!to.destroyed && to.write(piece()));
    if (!to.destroyed) to.once('drain', more);
  };
  more();
}

test('no more requests are under way than the bound; who leaves gives its place back', async (t) => {
  const server = http.createServer(() => {});
  const url = await serving(t, server);
  const send = client(t, { inFlight: 2 });
  const controller = new AbortController();
  const waiting = [send(url, controller.signal), send(url, controller.signal)].map(code);
  assert.equal(await code(send(url)), 'AORTA_EHR_007');
  controller.abort(new Error('left'));
  assert.deepEqual(await Promise.all(waiting), ['left', 'left']);
  const last = new AbortController();
  const again = code(send(url, last.signal));
  last.abort(new Error('left'));
  assert.equal(await again, 'left', 'it was sent');
});

test('a server that is not there, and one that hangs up, are connection errors by code, without what was sent', async (t) => {
  const server = http.createServer((request) => request.socket.destroy());
  const url = await serving(t, server);
  for (const address of [`${url}/SECRET`, 'http://127.0.0.1:9/SECRET']) {
    const thrown = await client(t)(address).then(
      () => assert.fail('it answered'),
      (reason: AortaError) => reason,
    );
    assert.equal(thrown.code, 'AORTA_EHR_002');
    assert.doesNotMatch(thrown.message, /SECRET/);
  }
});
