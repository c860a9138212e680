import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { AortaError } from '../../src/errors/index.ts';
import { openSite, type Site } from '../support/hospital/site.ts';
import { type Answer, ask, post } from '../support/http.ts';
import { openEdge } from './edge.ts';

const isProblem = (answer: Answer, status: number): void => {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.type, /^application\/problem\+json/);
  assert.equal(answer.json()['status'], status);
};

/** Whatever is written on a connection, and everything that comes back until it is closed. */
function talk(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname, () => socket.write(text));
    let back = '';
    socket.setEncoding('utf8').on('data', (part) => {
      back += part;
    });
    socket.on('close', () => resolve(back));
    socket.on('error', reject);
  });
}

describe('problems', () => {
  let site: Site;
  before(async () => {
    site = await openSite();
  });
  after(() => site.close());

  it('have their form also where no route is', async () => {
    isProblem(await ask(site.url, '/nothing'), 404);
    isProblem(await ask(site.url, '/api/wards', { method: 'DELETE' }), 404);
    isProblem(await ask(site.url, '/api/patients//timeline'), 404);
    isProblem(await ask(site.url, '/fhirstorm'), 404);
  });

  it('tell of bodies that are too large, not JSON, or of another type', async () => {
    const redrive = (body: string, type = 'application/json') =>
      ask(site.url, '/api/ops/parked/redrive', { method: 'POST', headers: { 'content-type': type }, body });
    isProblem(await redrive(JSON.stringify({ flow: 'x'.repeat(1024 * 1024) })), 413);
    isProblem(await redrive('{"flow":'), 400);
    isProblem(await redrive(''), 400);
    isProblem(await redrive('{"__proto__":{"x":1},"flow":"y"}'), 400);
    isProblem(await redrive('<flow/>', 'application/xml'), 415);
    isProblem(await redrive('flow=x', 'application/x-www-form-urlencoded'), 415);
    isProblem(await redrive('{"flow":"adt-admissions"}', 'text/plain'), 400);
  });

  it('tell of paths that cannot be read', async () => {
    isProblem(await ask(site.url, '/api/patients/%zz/timeline'), 400);
    isProblem(await ask(site.url, '/api/patients/%ff/timeline'), 400);
    isProblem(await ask(site.url, '/api/patients/a%00b/timeline'), 400);
    isProblem(await ask(site.url, '/api/ops/parked?flow=%00'), 400);
    isProblem(await ask(site.url, `/api/patients/${'x'.repeat(300)}/timeline`), 414);
  });

  it('tell of what is no HTTP, and close', async () => {
    const junk = await talk(site.url, 'MSH|^~\\&|not http\r\n\r\n');
    assert.match(junk, /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json/);
    const long = await talk(site.url, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`);
    assert.match(long, /^HTTP\/1\.1 431 /);
    assert.match(long, /"status":431/);
  });

  it('come once, also when bytes follow the last request of a connection', async () => {
    const back = await talk(site.url, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n{"and":"more"}');
    assert.equal(back.match(/HTTP\/1\.1 /g)?.length, 1, back);
    assert.match(back, /^HTTP\/1\.1 200 /);
  });

  it('name foreign errors, and do not quote them', async (t) => {
    const edge = await openEdge(t, { canonical: { wards: () => Promise.reject(new Error('Max Muster, 4W')) } as never });
    const answer = await ask(edge.url, '/api/wards');
    isProblem(answer, 500);
    assert.doesNotMatch(answer.text, /Muster/);
  });

  it('say when to come back if the store is away', async (t) => {
    const away = new AortaError('AORTA_STATE_001', 'Transient', 'The store does not answer.', {}, { retryAfterMs: 12_300 });
    const edge = await openEdge(t, { canonical: { wards: () => Promise.reject(away), readResource: () => Promise.reject(away) } as never });
    const answer = await ask(edge.url, '/api/wards');
    isProblem(answer, 503);
    assert.equal(answer.headers['retry-after'], '13');
    const fhir = await ask(edge.url, '/fhir/Patient/1');
    assert.deepEqual([fhir.status, fhir.json<{ issue: { code: string }[] }>().issue[0]?.code], [503, 'transient']);
  });

  it('are all there is, whatever the parameters are', async () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom(
        '',
        '0',
        '-1',
        '1e9',
        "' OR 1=1 --",
        '../..',
        '%',
        '\u0000',
        '\ud800',
        'Patient/1',
        'a|b|c',
        '|',
        'null',
        '[]',
        'W10',
        'x'.repeat(300),
      ),
    );
    const encode = (text: string) => encodeURIComponent(text.toWellFormed());
    const path = fc.oneof(
      fc.tuple(
        fc.constantFrom('/fhir/Patient', '/fhir/Encounter', '/fhir/Location'),
        fc.constantFrom('identifier', 'patient', '_count', 'cursor', '_format'),
      ),
      fc.tuple(fc.constant('/api/ops/why'), fc.constantFrom('patient', 'partition', 'flow')),
      fc.tuple(fc.constant('/api/ops/parked'), fc.constantFrom('flow', 'limit')),
      fc.tuple(fc.constant('/api/ops/quarantine'), fc.constantFrom('limit', 'before')),
    );
    const request = fc.oneof(
      fc.tuple(path, value, value).map(([[base, name], one, other]) => `${base}?${name}=${encode(one)}${other === '' ? `&${name}=` : ''}`),
      fc
        .tuple(
          fc.constantFrom('/fhir/Patient/', '/fhir/', '/api/ops/parked/ward-letters/', '/api/ops/quarantine/', '/api/ops/flows/'),
          value,
        )
        .map(([base, id]) => `${base}${encode(id)}`),
      value.map((id) => `/api/patients/${encode(id)}/timeline`),
      value.map((cursor) => `/api/patients/x/timeline?cursor=${encode(Buffer.from(cursor).toString('base64url'))}`),
      fc.jsonValue().map((cursor) => `/fhir/Patient?cursor=${Buffer.from(JSON.stringify(cursor)).toString('base64url')}`),
    );
    await fc.assert(
      fc.asyncProperty(request, async (asked) => {
        const answer = await ask(site.url, asked);
        assert.ok([200, 400, 404, 414].includes(answer.status), `${answer.status} ${asked}`);
        assert.match(answer.type, answer.status === 200 ? /json/ : asked.startsWith('/fhir/') ? /fhir\+json/ : /problem\+json/);
        answer.json();
      }),
      { numRuns: 300 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.jsonValue(),
          fc.record({ flow: fc.constant('ward-letters'), key: fc.string({ unit: 'binary' }) }),
          fc.dictionary(fc.constantFrom('flow', 'key', 'errorClass', 'action', 'dryRun'), fc.jsonValue()),
        ),
        async (body) => {
          const answer = await post(site.url, '/api/ops/parked/redrive', body);
          assert.ok([200, 202, 400, 404].includes(answer.status), `${answer.status} ${JSON.stringify(body)}`);
        },
      ),
      { numRuns: 100 },
    );
    assert.equal((await ask(site.url, '/healthz')).status, 200);
  });
});
