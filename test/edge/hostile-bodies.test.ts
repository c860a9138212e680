/** Rows R35 and R38 for what is posted: bodies that are nearly right, and bytes that are nothing. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { openEmbedded } from '../../src/runtime/embedded.ts';
import { openSite, type Site } from '../assist/site.ts';
import { openOnPostgres } from '../support/hospital/on-postgres.ts';
import { type Answer, ask } from '../support/http.ts';
import { damaged, wrong } from './cds/hostile-json.ts';
import { hookBody } from './cds/open.ts';
import { routeTable } from './table.ts';

/** What each route takes, with everything in it: what is damaged there gets far enough to do harm. */
const bodies = (patientId: string): Readonly<Record<string, { readonly path: string; readonly body: object }>> => {
  const redrive = { flow: 'adt-admissions', errorClass: 'Permanent', action: 'redrive', dryRun: true, force: false };
  const feedback = {
    ...{ card: '4e0a3a1e-3283-4575-ab82-028d55fe2719', outcome: 'overridden', outcomeTimestamp: '2026-11-20T10:00:00Z' },
    overrideReason: { reason: { code: 'c', system: 'https://s.example' }, userComment: 'no' },
    acceptedSuggestions: [{ id: 'e56e1945-20b3-4393-8503-a1a20fd73152' }],
  };
  const prefetch = { patient: { resourceType: 'Patient', id: patientId }, conditions: null };
  const cds = { service: 'chart-review', patientId, encounterId: 'e', prefetch: true };
  return {
    '/api/assist': { path: '/api/assist', body: { patientId, prompt: 'Any allergies?' } },
    '/api/jobs': { path: '/api/jobs', body: { type: 'clinical-draft', patientId } },
    '/api/jobs/:id/approve': { path: `/api/jobs/job-${'0'.repeat(32)}/approve`, body: {} },
    '/cds-services/:id': { path: '/cds-services/chart-review', body: hookBody(patientId, { prefetch }) },
    '/cds-services/:id/feedback': { path: '/cds-services/chart-review/feedback', body: { feedback: [feedback, feedback] } },
    '/api/sandbox/cds': { path: '/api/sandbox/cds', body: cds },
    '/api/ops/parked/redrive': { path: '/api/ops/parked/redrive', body: { ...redrive, key: patientId, head: 3 } },
    '/api/ops/dlq/redrive': { path: '/api/ops/dlq/redrive', body: { ...redrive, ids: ['0-1', '3-7'] } },
    '/api/ops/dlq/release': { path: '/api/ops/dlq/release', body: { flow: 'adt-admissions', dryRun: true } },
    '/api/ops/unmerge': { path: '/api/ops/unmerge', body: { survivor: patientId, merged: 'other', dryRun: true } },
    '/api/ops/quarantine/:id/resubmit': { path: '/api/ops/quarantine/1/resubmit', body: { dryRun: true } },
    '/api/ops/quarantine/:id/fix': { path: '/api/ops/quarantine/1/fix', body: { dryRun: true, body: 'TVNIfF5+XCZ8' } },
    '/api/ops/quarantine/:id/dismiss': { path: '/api/ops/quarantine/1/dismiss', body: { dryRun: true } },
  };
};

/** What a header may hold on the wire, and some that it may not say. */
const header = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    '9'.repeat(300),
    '__proto__',
    '%00',
    'a:b:c',
    `${'0'.repeat(26)}:1`,
    ':',
    `${'A'.repeat(26)}:-9`,
    '"',
    '*',
  ),
  fc.stringMatching(/^[\x20-\x7e]{0,80}$/),
);
/** Bytes as they come, and text that is cut off or has bytes of no character in it. */
const raw = (whole: string): fc.Arbitrary<Buffer> =>
  fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.nat(whole.length).map((end) => Buffer.from(whole.slice(0, end))),
    fc
      .tuple(fc.nat(whole.length), fc.uint8Array({ minLength: 1, maxLength: 8 }))
      .map(([at, bytes]) => Buffer.concat([Buffer.from(whole.slice(0, at)), Buffer.from(bytes), Buffer.from(whole.slice(at))])),
  );
const types = fc.constantFrom(
  'application/json',
  'application/json',
  'application/json; charset=utf-7',
  'application/fhir+json',
  'text/xml',
);

for (const [stores, open] of Object.entries({ SQLite: openEmbedded, PostgreSQL: openOnPostgres }))
  describe(`what is posted, stores in ${stores}`, () => {
    const ends: (() => Promise<void>)[] = [];
    let site: Site;
    let patientId = '';
    const rejected: unknown[] = [];
    const onRejection = (cause: unknown) => void rejected.push(cause);
    before(async () => {
      site = await openSite({ after: (end) => void ends.push(end) }, { open });
      patientId = (site.sandbox.ehr.patients()[0] as { id: string }).id;
      process.on('unhandledRejection', onRejection);
    });
    after(async () => {
      process.off('unhandledRejection', onRejection);
      for (const end of ends) await end();
    });
    const alive = async () => {
      assert.equal((await ask(site.worker.http, '/healthz')).status, 200);
      assert.deepEqual(rejected, []);
      assert.doesNotMatch(site.lines.join(''), /unhandled/i);
    };

    test('every route that takes a body stands in the list', async () => {
      const posted = (await routeTable()).filter(({ method }) => method === 'POST' || method === 'PUT' || method === 'PATCH');
      assert.deepEqual(posted.map(({ path }) => path).toSorted(), Object.keys(bodies('p')).toSorted());
    });

    for (const route of Object.keys(bodies('p'))) {
      test(`POST ${route}: damaged bodies, bytes of any kind and headers of any kind are answered, never with a 500`, async () => {
        const { path, body } = bodies(patientId)[route] as { path: string; body: object };
        const content = fc.oneof(
          { weight: 3, arbitrary: damaged(body).map((text) => Buffer.from(text)) },
          { weight: 1, arbitrary: wrong.map((value) => Buffer.from(JSON.stringify(value))) },
          { weight: 2, arbitrary: raw(JSON.stringify(body)) },
        );
        const seen = new Map<number, number>();
        await fc.assert(
          fc.asyncProperty(content, types, fc.option(header), async (bytes, type, value) => {
            const named = value === null ? {} : { 'idempotency-key': value, 'last-event-id': value, 'if-none-match': value };
            const answer: Answer | undefined = await ask(site.worker.http, path, {
              method: 'POST',
              headers: { 'content-type': type, ...named },
              body: bytes,
            }).catch((thrown: NodeJS.ErrnoException) => {
              assert.match(String(thrown.code), /EPIPE|ECONNRESET/);
              return undefined;
            });
            if (!answer) return;
            seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
            // 503 with its code: on a machine that stops for a moment an EHR or a store is late.
            assert.ok(answer.status < 500 || answer.status === 503, `${answer.status} ${answer.text.slice(0, 300)}`);
            if (answer.status >= 400) assert.match(answer.type, /json/);
          }),
          { numRuns: 80 },
        );
        assert.ok(seen.size > 0 && [...seen.keys()].some((status) => status >= 400), `answers: ${JSON.stringify([...seen])}`);
        await alive();
      });
    }

    test('bytes that are no HTTP are answered with 400 or a closed connection, and cost nobody else anything', async () => {
      const { hostname, port } = new URL(site.worker.http);
      const begun = fc.constantFrom(
        '',
        'GET / HTTP/1.1\r\n',
        'POST /api/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n',
        'POST /api/jobs HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n',
        'POST /cds-services/chart-review HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\n',
        'OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n',
        'GET http://other.example/ HTTP/1.0\r\n\r\n',
      );
      await fc.assert(
        fc.asyncProperty(begun, fc.uint8Array({ maxLength: 400 }), async (start, bytes) => {
          const text = await new Promise<string>((resolve, reject) => {
            const parts: Buffer[] = [];
            const socket = connect({ host: hostname, port: Number(port) }, () => socket.end(Buffer.concat([Buffer.from(start), bytes])));
            socket.on('data', (part) => parts.push(part));
            socket.on('error', (thrown: NodeJS.ErrnoException) =>
              /EPIPE|ECONNRESET/.test(String(thrown.code)) ? resolve(Buffer.concat(parts).toString()) : reject(thrown),
            );
            socket.on('close', () => resolve(Buffer.concat(parts).toString()));
          });
          for (const [, status] of text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) assert.ok(Number(status) < 500, text.slice(0, 300));
        }),
        { numRuns: 60 },
      );
      await alive();
    });
  });
