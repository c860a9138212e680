/** Row R37 of the fault table on the running edge: what is wrong with a token is 401, cheaply, whatever the key server does. */
import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { makeKey, publicJwk, sign } from '../../../src/smart/index.ts';
import { patientsOf, type Scope, signingKey } from '../../sandbox/ehr/open.ts';
import { ask } from '../../support/http.ts';
import { grownSince } from '../../support/memory.ts';
import { hookBody, openCds } from './open.ts';

const issuer = 'https://ehr.example';
const path = '/cds-services/chart-review';

/** A key server that counts who asks, and an edge that knows it. */
async function open(scope: Scope) {
  const state = { asked: [] as string[], down: false };
  const key = (await signingKey('RS384')).key;
  const server = createServer((request, response) => {
    state.asked.push(request.url ?? '');
    if (state.down) return void response.writeHead(503).end();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [publicJwk(key)] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jku = `${origin}/jwks.json`;
  const site = await openCds(scope, { ehr: { cdsClient: { issuer, jku } } });
  const [patientId = ''] = patientsOf(site.ehr);
  const prefetch = { patient: { resourceType: 'Patient', id: patientId } };
  const body = JSON.stringify(hookBody(patientId, { prefetch }));
  const call = (token: string, base = site.url) =>
    ask(base, path, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` }, body });
  let jti = 0;
  const claims = (more: object = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: issuer, aud: `${site.url}${path}`, iat: now, exp: now + 120, jti: `j${++jti}`, ...more };
  };
  const token = (more: object = {}, header: { kid?: string; jku?: string } = {}) =>
    sign(claims(more), { key, alg: 'RS384', kid: key.kid ?? '', ...header });
  return { ...site, state, key, jku, origin, call, claims, token };
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('R37: alg none, HS256 with the public key, a jku elsewhere, a kid that is a path, expired, from the future, another aud, a jti again: each is 401 and asks nobody', async (t) => {
  const { call, claims, token, key, state, origin, edge } = await open(t);
  assert.equal((await call(await token())).status, 200);
  assert.deepEqual(state.asked, ['/jwks.json']);
  const now = Math.floor(Date.now() / 1000);
  const forged = (header: object, secret?: string | Buffer) => {
    const input = `${part({ typ: 'JWT', kid: key.kid, ...header })}.${part(claims())}`;
    const signature = secret === undefined ? '' : createHmac('sha256', secret).update(input).digest('base64url');
    return `${input}.${signature}`;
  };
  const pem = createPublicKey({ key: publicJwk(key) as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const once = await token({ jti: 'once' });
  assert.equal((await call(once)).status, 200);
  const wrong: Readonly<Record<string, string>> = {
    'alg none': forged({ alg: 'none' }),
    'alg None with a signature': forged({ alg: 'None' }, 'x'),
    'HS256 with the public key as PEM': forged({ alg: 'HS256' }, pem),
    'HS256 with the public key as JWK': forged({ alg: 'HS256' }, JSON.stringify(publicJwk(key))),
    'a jku of an attacker': await token({}, { jku: `${origin}/attacker.json` }),
    'a jku of the metadata service': await token({}, { jku: 'http://169.254.169.254/latest/meta-data' }),
    'a kid that is a path': await token({}, { kid: '../../../../etc/passwd' }),
    'a kid that is a statement': await token({}, { kid: "x' OR '1'='1" }),
    'a kid of Object.prototype': await token({}, { kid: '__proto__' }),
    'another constructor': await token({}, { kid: 'constructor' }),
    expired: await token({ iat: now - 300, exp: now - 120 }),
    'iat in the future': await token({ iat: now + 90, exp: now + 200 }),
    'another aud': await token({ aud: 'https://other.example/cds-services/chart-review' }),
    'the discovery as aud': await token({ aud: `${edge.url}/cds-services` }),
    'another issuer': await token({ iss: 'https://evil.example' }),
    'a jti again': once,
    'a jti again, in a new token': await token({ jti: 'once' }),
    "an attacker's key": await sign(claims(), { key: await makeKey('RS384', key.kid ?? ''), alg: 'RS384', kid: key.kid ?? '' }),
  };
  for (const [name, given] of Object.entries(wrong)) {
    const { status, headers, text } = await call(given);
    assert.deepEqual([status, headers['www-authenticate']], [401, 'Bearer'], `${name}: ${text}`);
  }
  assert.deepEqual(state.asked, ['/jwks.json'], 'no token makes a request go anywhere');
});

test('R37: a token of 10 MB costs no more than its header line may have', async (t) => {
  const { call, token, url } = await open(t);
  const huge = `${'a'.repeat(5_000_000)}.${'b'.repeat(5_000_000)}.c`;
  const before = process.memoryUsage().rss;
  const answer = await call(huge).catch((thrown: NodeJS.ErrnoException) => {
    // Answered and closed while it was still being sent.
    assert.match(String(thrown.code), /EPIPE|ECONNRESET/);
    return undefined;
  });
  if (answer) assert.ok([401, 431].includes(answer.status), String(answer.status));
  const long = await call('a'.repeat(15_000));
  assert.equal(long.status, 401);
  const most = 128 * 1024 * 1024;
  const grown = await grownSince(before, most);
  assert.ok(grown < most, `${grown} bytes more`);
  assert.equal((await ask(url, '/healthz')).status, 200);
  assert.equal((await call(await token())).status, 200, 'others are served');
});

test('R37: a refused token costs less than 5 ms of CPU time, client included', async (t) => {
  const { call, token } = await open(t);
  await call(await token());
  const round = async () => {
    const wrong = await Promise.all(Array.from({ length: 60 }, (_, n) => token(n % 2 === 0 ? { aud: 'x' } : { iss: 'x' })));
    const costs: number[] = [];
    for (const given of wrong) {
      const before = process.cpuUsage();
      assert.equal((await call(given)).status, 401);
      const { user, system } = process.cpuUsage(before);
      costs.push((user + system) / 1000);
    }
    return costs.sort((a, b) => a - b)[costs.length / 2] ?? 0;
  };
  // Code that is not compiled yet, and neighbours in the caches of the processor, can only make it more: the least counts.
  const medians = [await round()];
  while (Math.min(...medians) >= 5 && medians.length < 6) medians.push(await round());
  assert.ok(Math.min(...medians) < 5, `the medians are ${medians} ms`);
});

test('R37: keys are asked for once, again at most every ten seconds for kids that nobody knows, and not needed while the server is away', async (t) => {
  const { call, token, state } = await open(t);
  await Promise.all(Array.from({ length: 10 }, async () => assert.equal((await call(await token())).status, 200)));
  assert.equal(state.asked.length, 1, 'many at once ask once');
  for (let n = 0; n < 20; n++) assert.equal((await call(await token({}, { kid: `made-up-${n}` }))).status, 401);
  assert.equal(state.asked.length, 1, 'made-up kids do not make us flood the key server');
  state.down = true;
  assert.equal((await call(await token())).status, 200, 'keys that were seen stay good');
});

test('R37: a key server that is away from the beginning is no fault of the caller: 503 with Retry-After, and one request for many callers', async (t) => {
  const { call, token, state } = await open(t);
  state.down = true;
  const answers = await Promise.all(Array.from({ length: 10 }, async () => call(await token())));
  for (const { status, headers } of answers) {
    assert.equal(status, 503);
    assert.ok(Number(headers['retry-after']) >= 1);
  }
  assert.equal(state.asked.length, 1);
});

test('R37: a jti is taken once however many bring it at the same moment', async (t) => {
  const { call, token } = await open(t);
  await call(await token());
  const once = await token({ jti: 'at-once' });
  const statuses = (await Promise.all(Array.from({ length: 8 }, () => call(once)))).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, ...Array.from({ length: 7 }, () => 401)]);
});
