/** FHIR JSON from outside (rows R35 and R38): the request of a CDS client, the answers of an EHR and of its token endpoint. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { patientsOf, type Scope, sixScopes } from '../../sandbox/ehr/open.ts';
import { type Answer, ask } from '../../support/http.ts';
import { grownSince } from '../../support/memory.ts';
import { bombs, damaged, wrong } from './hostile-json.ts';
import { hookBody, openCds } from './open.ts';

const mebibyte = 1024 * 1024;
const path = '/cds-services/chart-review';
/** CPU time of this thread so far, milliseconds. */
const cpuMs = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/**
 * No turn of the event loop may take longer, milliseconds: 50, or on a slow machine what it takes there to parse the largest
 * body three times (the least of several).
 */
const allowedMs = (() => {
  const text = bombs['as many resources as there may be'] ?? '';
  const took = Array.from({ length: 8 }, () => {
    const began = cpuMs();
    JSON.parse(text);
    return cpuMs() - began;
  });
  return Math.max(50, 3 * Math.min(...took));
})();

/** Something that answers as it is told, on every path. */
async function speaker(scope: Scope) {
  const state = { answer: (_url: string): string => '{}', asked: 0 };
  const server = createServer((request, response) => {
    state.asked++;
    response.writeHead(200, { 'content-type': 'application/fhir+json' }).end(state.answer(request.url ?? ''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/**
 * CPU time of this thread, milliseconds, in the longest turn of the event loop while `work` runs; of several times the least,
 * as what else the turn did is not meant. Clients are in the same turns: it is more than the server's. A machine that others
 * use makes some turns longer and none shorter: what seems too long is looked at again.
 */
async function longestTurn(work: () => Promise<unknown>, tries = 3): Promise<number> {
  const found: number[] = [];
  for (let n = 0; n < tries || (n < 12 && Math.min(...found) >= allowedMs); n++) {
    let [longest, last, over] = [0, cpuMs(), false];
    const watch = () => {
      const now = cpuMs();
      longest = Math.max(longest, now - last);
      last = now;
      if (!over) setImmediate(watch);
    };
    setImmediate(watch);
    await work();
    over = true;
    await new Promise((resolve) => setImmediate(resolve));
    found.push(longest);
  }
  return Math.min(...found);
}

describe('FHIR JSON from outside', () => {
  const ends: (() => Promise<void>)[] = [];
  const scope: Scope = { after: (end) => void ends.push(end) };
  let ehr: Awaited<ReturnType<typeof speaker>>;
  let site: Awaited<ReturnType<typeof openCds>>;
  let patientId = '';
  let whole: Readonly<Record<string, object>> = {};
  before(async () => {
    ehr = await speaker(scope);
    site = await openCds(scope, { ehr: { fhirBase: `${ehr.url}/fhir` } });
    patientId = patientsOf(site.ehr)[0] ?? '';
    // What the sandbox would prefetch is what is damaged here.
    const call = await site.ehr.cds.call({ base: site.url, service: 'chart-review', patientId });
    whole = call.request['prefetch'] as Record<string, object>;
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  const send = (body: string | Buffer): Promise<Answer | undefined> =>
    ask(site.url, path, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).catch(
      (thrown: NodeJS.ErrnoException) => {
        // Larger than it may be: answered, and closed while it was still sent.
        assert.match(String(thrown.code), /EPIPE|ECONNRESET/);
        return undefined;
      },
    );
  const withAccess = () => ({
    fhirServer: `${ehr.url}/fhir`,
    fhirAuthorization: { access_token: 't', token_type: 'Bearer', expires_in: 60, scope: 'user/*.rs', subject: 's' },
  });
  const answered = (answer: Answer | undefined, allowed: readonly number[], what: string) => {
    if (!answer) return;
    assert.ok(allowed.includes(answer.status), `${answer.status} ${answer.text.slice(0, 300)} of ${what.slice(0, 600)}`);
    const body = answer.json<{ cards?: unknown; resourceType?: string }>();
    if (answer.status === 200) assert.ok(Array.isArray(body.cards));
    else assert.equal(body.resourceType, 'OperationOutcome');
  };

  test('a prefetch or a context with something wrong in it is answered: 200 with what is left, or 400 or 412, never 500', async () => {
    const complete = { ...hookBody(patientId), prefetch: whole };
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 4, arbitrary: damaged(complete) }, { weight: 1, arbitrary: wrong.map((value) => JSON.stringify(value)) }),
        async (body) => answered(await send(body), [200, 400, 412], body),
      ),
      { numRuns: 200 },
    );
  });

  test('an EHR whose answers have something wrong in them never blocks the clinician: 200, with what could be read', async () => {
    const keys = Object.keys(whole);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...keys),
        fc.oneof({ weight: 4, arbitrary: fc.nat() }, { weight: 1, arbitrary: wrong }),
        fc.gen(),
        async (key, other, gen) => {
          const bad = typeof other === 'number' ? gen(damaged, whole[key] ?? {}) : JSON.stringify(other);
          const typed = (url: string) => keys.find((each) => url.includes(typeOf[each] ?? each)) ?? '';
          ehr.answer = (url) => (typed(url) === key ? bad : JSON.stringify(whole[typed(url)] ?? {}));
          // 412: the patient, which is mandatory, is somebody else or refused.
          answered(await send(JSON.stringify(hookBody(patientId, withAccess()))), [200, 412], bad);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('next links that lead round in circles, elsewhere, or nowhere end', async () => {
    for (const next of [`${ehr.url}/fhir/Condition?page=1`, '/fhir/Condition', 'http://169.254.169.254/', 'x:', '', 5, null, {}, ['a']]) {
      ehr.asked = 0;
      ehr.answer = (url) =>
        JSON.stringify(
          url.includes('/Patient/')
            ? whole['patient']
            : { resourceType: 'Bundle', type: 'searchset', link: [{ relation: 'next', url: next }] },
        );
      answered(await send(JSON.stringify(hookBody(patientId, withAccess()))), [200], String(next));
      assert.ok(ehr.asked <= 1 + 5 * 10, `${ehr.asked} requests`);
    }
  });

  test('what is made to be expensive is refused, or read, without holding anybody up for 50 ms, and its memory is given back', async () => {
    const before = process.memoryUsage().rss;
    for (const [name, body] of Object.entries(bombs)) {
      const bytes = Buffer.from(body);
      const asPrefetch = Buffer.concat([
        Buffer.from(JSON.stringify({ ...hookBody(patientId), prefetch: { patient: 0 } }).slice(0, -3)),
        bytes,
        Buffer.from('}}'),
      ]);
      const turn = await longestTurn(async () => answered(await send(asPrefetch), [200, 400, 412, 413], name));
      assert.ok(turn < allowedMs, `${name} in a request: a turn of ${turn} ms`);
      // Of the answers of an EHR one at a time: six at once would be six turns in one.
      ehr.answer = (url) => (url.includes('/Condition?') ? body : '{}');
      const request = JSON.stringify(hookBody(patientId, { prefetch: { ...whole, conditions: undefined }, ...withAccess() }));
      const read = await longestTurn(async () => answered(await send(request), [200], name));
      assert.ok(read < allowedMs, `${name} as an answer: a turn of ${read} ms`);
    }
    const grown = (await grownSince(before, 300 * mebibyte)) / mebibyte;
    assert.ok(grown < 300, `${grown} MiB more`);
    assert.equal((await ask(site.url, '/healthz')).status, 200);
  });

  test('a token endpoint, a SMART configuration and a key set that answer anything are errors with a code, soon', async (t) => {
    const { createBackend, createKeySets } = await import('../../../src/smart/index.ts');
    const { signingKey } = await import('../../sandbox/ehr/open.ts');
    const { systemClock, systemRandom } = await import('../../../src/clock/system.ts');
    const { createHttp } = await import('../../../src/fhir/client/index.ts');
    const server = await speaker(t);
    const http = createHttp({ timeoutMs: 20_000 });
    t.after(() => http.close());
    const key = await signingKey();
    const configuration = JSON.stringify({ token_endpoint: `${server.url}/token` });
    const code = (work: Promise<unknown>) =>
      work.then(
        () => 'none',
        (thrown: { code?: string }) => String(thrown.code),
      );
    const token = () =>
      createBackend({
        ...{ fhirBase: `${server.url}/fhir`, clientId: 'c', keys: { keys: async () => [key] }, clock: systemClock, random: systemRandom },
        http: (request) => http.send(request),
      }).token(sixScopes);
    const good = { access_token: 't', token_type: 'bearer', expires_in: 60, scope: sixScopes.join(' ') };
    const check = async (body: string) => {
      server.answer = (url) => (url.startsWith('/token') ? body : configuration);
      assert.match(await code(token()), /^(none|AORTA_(SMART|EHR)_\d+)$/, `token ${body.slice(0, 300)}`);
      server.answer = () => body;
      assert.match(await code(token()), /^(none|AORTA_(SMART|EHR)_\d+)$/, `configuration ${body.slice(0, 300)}`);
      const sets = createKeySets({ http: (request) => http.send(request), clock: systemClock });
      const { sign } = await import('../../../src/smart/index.ts');
      const signed = await sign({ iss: 'x' }, key);
      assert.match(
        await code(sets.verify(signed, { jku: `${server.url}/jwks` })),
        /^AORTA_(SMART|EHR)_\d+$/,
        `key set ${body.slice(0, 300)}`,
      );
    };
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          damaged(good),
          damaged({ token_endpoint: `${server.url}/token`, capabilities: ['permission-v2'] }),
          damaged({ keys: [{ kty: 'EC', kid: key.kid }] }),
          wrong.map((value) => JSON.stringify(value)),
        ),
        check,
      ),
      { numRuns: 60 },
    );
    for (const body of Object.values(bombs)) {
      const turn = await longestTurn(() => check(body), 2);
      assert.ok(turn < allowedMs, `a turn of ${turn} ms`);
    }
  });
});

const typeOf: Readonly<Record<string, string>> = {
  ...{ patient: '/Patient/', encounter: '/Encounter?', conditions: '/Condition?' },
  ...{ medications: '/MedicationRequest?', labs: '/Observation?', allergies: '/AllergyIntolerance?' },
};
