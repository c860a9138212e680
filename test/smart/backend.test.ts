import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../src/clock/system.ts';
import type { AortaError } from '../../src/errors/index.ts';
import { type BackendOptions, createBackend, decode, type HttpRequest, type HttpResponse } from '../../src/smart/index.ts';
import { openEhr, signingKey, sixScopes } from '../sandbox/ehr/open.ts';

const rejection = async (work: Promise<unknown>): Promise<AortaError> => {
  const thrown = await work.then(
    () => assert.fail('it did not reject'),
    (reason: AortaError) => reason,
  );
  return thrown;
};
const code = async (work: Promise<unknown>) => (await rejection(work)).code;

/** An authorization server that is told what to answer, on a clock that is told the time. */
async function scripted(
  answers: { configuration?: object; token?: (form: URLSearchParams) => Partial<HttpResponse> } = {},
  more: Partial<BackendOptions> = {},
) {
  let now = Date.UTC(2026, 10, 28);
  const requests: HttpRequest[] = [];
  const forms: URLSearchParams[] = [];
  const backend = createBackend({
    fhirBase: 'https://ehr.example/fhir',
    clientId: 'c',
    keys: { keys: async () => [await signingKey('ES384'), await signingKey('RS384')] },
    clock: { now: () => now },
    random: systemRandom,
    async http(request) {
      requests.push(request);
      const ok = (body: object) => ({ status: 200, headers: {}, text: JSON.stringify(body) });
      if (request.method === 'GET') return ok({ token_endpoint: 'https://auth.example/token', ...answers.configuration });
      const form = new URLSearchParams(request.body);
      forms.push(form);
      const token = { access_token: `t${forms.length}`, token_type: 'bearer', expires_in: 300, scope: form.get('scope') };
      return { ...ok(token), ...answers.token?.(form) };
    },
    ...more,
  });
  return { backend, requests, forms, tick: (ms: number) => (now += ms), now: () => now };
}
const six = sixScopes;

test('[SMART 29, 225, 226, 227, 233, 234, 264, 290, 291, 293, 317] discovery, one signed request, and a token that the EHR takes', async (t) => {
  const { ehr, sent, client } = await openEhr(t);
  const fhir = await client();
  const patient = ehr.store.search('Patient', new URLSearchParams())[0];
  assert.equal((await fhir.read(`Patient/${patient?.id}`, { deadlineMs: 5_000 }))?.id, patient?.id);
  assert.deepEqual(sent.slice(0, 2), ['GET /fhir/.well-known/smart-configuration', 'POST /token']);
});

test('[SMART 235, 236, 237, 238, 319, 321, 322, 323, 327, 328, 329, 330, 331, 332, 333, 334] the token request is what the standard asks for', async () => {
  const { backend, requests, forms, now } = await scripted();
  await backend.token(six);
  const [discovery, post] = requests;
  assert.deepEqual(
    [discovery?.url, discovery?.headers['accept']],
    ['https://ehr.example/fhir/.well-known/smart-configuration', 'application/json'],
  );
  assert.deepEqual(
    [post?.method, post?.url, post?.headers['content-type']],
    ['POST', 'https://auth.example/token', 'application/x-www-form-urlencoded'],
  );
  const { client_assertion: assertion = '', ...rest } = Object.fromEntries(forms[0] ?? []);
  assert.deepEqual(rest, {
    grant_type: 'client_credentials',
    scope: six.join(' '),
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });
  const { header, claims } = decode(assertion);
  assert.deepEqual(header, { alg: 'ES384', kid: 'test-ES384' });
  assert.equal(JSON.parse(Buffer.from(assertion.split('.')[0] ?? '', 'base64url').toString()).typ, 'JWT');
  const { jti, ...named } = claims;
  const seconds = now() / 1000;
  assert.deepEqual(named, { iss: 'c', sub: 'c', aud: 'https://auth.example/token', iat: seconds, exp: seconds + 240 });
  assert.ok(typeof jti === 'string' && Buffer.from(jti, 'base64url').length === 16);
});

test('a jti is never used twice, also when the same request is made again after a failure', async () => {
  let fail = true;
  const { backend, forms, tick } = await scripted({ token: () => (fail ? { status: 503 } : {}) });
  assert.equal(await code(backend.token(six)), 'AORTA_SMART_007');
  fail = false;
  tick(1_000);
  await backend.token(six);
  tick(400_000);
  await backend.token(six);
  const jtis = forms.map((form) => decode(form.get('client_assertion') ?? '').claims['jti']);
  assert.equal(new Set(jtis).size, 3);
});

test('[SMART 307, 308, 309, 320] RS384 and ES384 are signed, whichever the server verifies, and a token endpoint takes them', async (t) => {
  const ehr = await openEhr(t);
  for (const alg of ['RS384', 'ES384'] as const) {
    const { backend, forms } = await scripted({ configuration: { token_endpoint_auth_signing_alg_values_supported: [alg] } });
    await backend.token(six);
    assert.equal(decode(forms[0]?.get('client_assertion') ?? '').header.alg, alg);
    const key = await signingKey(alg);
    const real = await ehr.backend({ keys: { keys: async () => [key] } });
    assert.deepEqual((await real.token(six)).scopes.toSorted(), six);
  }
});

test('concurrent callers share one request; another scope set is another token', async () => {
  const { backend, forms } = await scripted();
  const tokens = await Promise.all(Array.from({ length: 20 }, () => backend.token(six)));
  assert.deepEqual([forms.length, new Set(tokens.map(({ value }) => value)).size], [1, 1]);
  await backend.token(['system/DocumentReference.c']);
  await backend.token([...six].reverse());
  assert.equal(forms.length, 2);
});

for (const [lifetime, margin] of [
  [3600, 60],
  [300, 60],
  [30, 6],
] as const) {
  test(`a token of ${lifetime} s is refreshed ${margin} s before its end, while the old one is still handed out`, async () => {
    const { backend, forms, tick } = await scripted({
      token: (form) => ({
        text: JSON.stringify({ access_token: `t${forms.length}`, token_type: 'Bearer', expires_in: lifetime, scope: form.get('scope') }),
      }),
    });
    assert.equal((await backend.token(six)).value, 't1');
    tick((lifetime - margin) * 1000 - 1);
    assert.equal((await backend.token(six)).value, 't1');
    assert.equal(forms.length, 1);
    tick(1);
    assert.equal((await backend.token(six)).value, 't1');
    let value = 't1';
    for (let i = 0; i < 1_000 && value === 't1'; i++) {
      await new Promise(setImmediate);
      value = (await backend.token(six)).value;
    }
    assert.equal(value, 't2');
    assert.equal(forms.length, 2);
  });
}

test('a refresh that fails leaves the old token in use until it expires, and is not tried at every call', async () => {
  let fail = false;
  const { backend, forms, tick } = await scripted({ token: () => (fail ? { status: 500 } : {}) });
  await backend.token(six);
  fail = true;
  tick(250_000);
  for (let i = 0; i < 10; i++) assert.equal((await backend.token(six)).value, 't1');
  // The assertion is signed on another thread.
  for (let i = 0; i < 3_000 && forms.length < 2; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  for (let i = 0; i < 10; i++) assert.equal((await backend.token(six)).value, 't1');
  assert.equal(forms.length, 2);
  tick(60_000);
  assert.equal(await code(backend.token(six)), 'AORTA_SMART_007');
});

test('a token endpoint that fails is not asked with every request: not for a second, nor before its Retry-After, in seconds or as a date', async () => {
  for (const [retryAfter, pauseMs] of [
    [undefined, 1_000],
    ['20', 20_000],
    ['Sat, 28 Nov 2026 00:00:20 GMT', 20_000],
  ] as const) {
    let fail = true;
    const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
    const { backend, forms, tick } = await scripted({ token: () => (fail ? { status: 503, headers } : {}) });
    for (let i = 0; i < 5; i++) assert.equal(await code(backend.token(six)), 'AORTA_SMART_007');
    tick(pauseMs - 1);
    assert.equal(await code(backend.token(six)), 'AORTA_SMART_007');
    assert.equal(forms.length, 1, retryAfter ?? 'no Retry-After');
    fail = false;
    tick(1);
    assert.equal((await backend.token(six)).value, 't2');
  }
});

test('an EHR that refuses every token is given a new one once a second, not with each request', async () => {
  const { backend, forms, tick } = await scripted();
  const refusedOnce = async () => backend.refused(await backend.token(six));
  assert.equal(await refusedOnce(), true);
  for (let i = 0; i < 5; i++) assert.equal(await refusedOnce(), false);
  assert.equal((await backend.token(six)).value, 't2');
  assert.equal(forms.length, 2);
  assert.equal(backend.refused({ value: 't1', scopes: [], expiresAt: 0 }), true, 'there is another one already');
  tick(1_000);
  assert.equal(await refusedOnce(), true);
  assert.equal((await backend.token(six)).value, 't3');
});

test('less than is needed is an error that names what is missing; the v1 form of it is enough', async () => {
  const granting = (scope: string) =>
    scripted({ token: () => ({ text: JSON.stringify({ access_token: 't', token_type: 'bearer', expires_in: 60, scope }) }) });
  const narrow = await granting(six.slice(1).join(' '));
  const thrown = await rejection(narrow.backend.token(six));
  assert.deepEqual([thrown.code, thrown.class, thrown.details['missing']], ['AORTA_SMART_003', 'Permanent', six[0]]);
  const old = await granting(six.map((scope) => scope.replace('.rs', '.read')).join(' '));
  await old.backend.token(six);
});

test('a server that knows v1 scopes only is asked in v1 syntax', async (t) => {
  const { backend } = await openEhr(t, { permission: 'v1', scopes: sixScopes.map((scope) => scope.replace('.rs', '.read')) });
  const granted = (await (await backend()).token(six)).scopes;
  assert.ok(granted.every((scope) => scope.endsWith('.read')) && granted.length === 6, String(granted));
});

test('a server that names no version is asked in v1 syntax where all scopes that it knows are of v1', async () => {
  const asked = async (configuration: object) => {
    const { backend, forms } = await scripted({ configuration });
    await backend.token(['system/Patient.rs']);
    return forms[0]?.get('scope');
  };
  const capabilities = ['client-confidential-asymmetric', 'permission-user'];
  assert.equal(await asked({ capabilities, scopes_supported: ['openid', 'system/*.read', 'system/Patient.write'] }), 'system/Patient.read');
  assert.equal(await asked({ capabilities, scopes_supported: ['system/*.read', 'system/*.rs'] }), 'system/Patient.rs');
  assert.equal(await asked({ capabilities: ['permission-v2'], scopes_supported: ['system/*.read'] }), 'system/Patient.rs');
  assert.equal(await asked({ capabilities, scopes_supported: ['openid'] }), 'system/Patient.rs');
});

test('[SMART 1, 230, 232, 318] credentials never go over plain http, but on loopback', async () => {
  const { backend, requests } = await scripted({ configuration: { token_endpoint: 'http://auth.example/token' } });
  assert.equal(await code(backend.token(six)), 'AORTA_SMART_011');
  assert.equal(requests.length, 1);
  for (const fhirBase of ['http://ehr.example/fhir', 'https://user:pass@ehr.example/fhir', 'ftp://ehr.example', 'nonsense']) {
    const plain = await scripted({}, { fhirBase });
    assert.equal(await code(plain.backend.token(six)), 'AORTA_SMART_011', fhirBase);
    assert.equal(plain.requests.length, 0);
  }
});

test('[SMART 379] a relative token endpoint is below the FHIR base', async () => {
  const { backend, requests } = await scripted({ configuration: { token_endpoint: 'oauth/token' } });
  await backend.token(six);
  assert.equal(requests[1]?.url, 'https://ehr.example/fhir/oauth/token');
});

test('refusals, failures and nonsense have their codes, and no answer of a server is quoted', async () => {
  const cases: readonly (readonly [Partial<HttpResponse>, string])[] = [
    [{ status: 401, text: '{"error":"invalid_client","error_description":"SECRET"}' }, 'AORTA_SMART_006'],
    [{ status: 400, text: 'SECRET' }, 'AORTA_SMART_006'],
    [{ status: 400, text: '{"error":"<SECRET>"}' }, 'AORTA_SMART_006'],
    [{ status: 302, text: '' }, 'AORTA_SMART_006'],
    [{ status: 503, text: 'SECRET', headers: { 'retry-after': '7' } }, 'AORTA_SMART_007'],
    [{ status: 429, text: '' }, 'AORTA_SMART_007'],
    [{ text: 'SECRET' }, 'AORTA_SMART_007'],
    [{ text: 'null' }, 'AORTA_SMART_007'],
    [{ text: '{"access_token":"a\\nb","token_type":"bearer","expires_in":5}' }, 'AORTA_SMART_007'],
    [{ text: '{"access_token":"SECRET","token_type":"mac","expires_in":5}' }, 'AORTA_SMART_007'],
    [{ text: '{"access_token":"SECRET","token_type":"bearer","expires_in":"soon"}' }, 'AORTA_SMART_007'],
  ];
  for (const [answer, expected] of cases) {
    const thrown = await rejection((await scripted({ token: () => answer })).backend.token(six));
    assert.equal(thrown.code, expected, JSON.stringify(answer));
    assert.doesNotMatch(thrown.message, /SECRET/);
  }
  const busy = await rejection(
    (await scripted({ token: () => ({ status: 503, text: '', headers: { 'retry-after': '7' } }) })).backend.token(six),
  );
  assert.equal(busy.retryAfterMs, 7_000);
  for (const configuration of [
    { token_endpoint: undefined },
    { grant_types_supported: ['authorization_code'] },
    { token_endpoint_auth_methods_supported: ['client_secret_basic'] },
    { token_endpoint_auth_signing_alg_values_supported: ['RS256'] },
  ])
    assert.equal(await code((await scripted({ configuration })).backend.token(six)), 'AORTA_SMART_005', JSON.stringify(configuration));
});

test('a wildcard or a scope of another level is never asked for', async () => {
  const { backend, requests } = await scripted();
  assert.equal(await code(backend.token(['system/*.rs'])), 'AORTA_SMART_002');
  assert.equal(await code(backend.token(['user/Patient.rs'])), 'AORTA_SMART_001');
  assert.equal(requests.length, 0);
});
