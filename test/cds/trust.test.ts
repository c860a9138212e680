import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecognition, createTrust, type TokenPort, type TrustedClient } from '../../src/cds/index.ts';
import type { AortaError } from '../../src/errors/index.ts';
import { createKeySets, decode, makeKey, memoryReplay, publicJwk, sign } from '../../src/smart/index.ts';
import { signingKey } from '../sandbox/ehr/open.ts';

const url = 'https://cds.example/cds-services/s';
const jku = 'https://ehr.example/jwks.json';

async function trusting(more: Partial<TrustedClient> = {}) {
  const state = { now: Date.UTC(2026, 10, 28), fetched: [] as string[] };
  const [es, rs] = [(await signingKey('ES384')).key, (await signingKey('RS384')).key];
  const clock = { now: () => state.now };
  const sets = createKeySets({
    clock: { monotonic: clock.now },
    async http(request) {
      state.fetched.push(request.url);
      return { status: 200, headers: {}, text: JSON.stringify({ keys: [publicJwk(es), publicJwk(rs)] }) };
    },
  });
  const tokens: TokenPort = {
    decode,
    verify: (token, keys) => sets.verify(token, keys as { jku: string }),
    fits: (token, keys) => sets.fits(token, keys as { jku: string }),
  };
  const clients = [{ id: 'ehr', issuer: 'https://ehr.example', keys: { jku }, ...more }];
  const trust = createTrust({ clients, tokens, replay: memoryReplay({ clock }), clock });
  let jti = 0;
  const token = async (claims: object = {}, header: { jku?: string; kid?: string } = {}, key = es) => {
    const seconds = state.now / 1000;
    const all = { iss: 'https://ehr.example', aud: url, iat: seconds, exp: seconds + 120, jti: `j${++jti}`, ...claims };
    return sign(all, { key, alg: key.kty === 'RSA' ? 'RS384' : 'ES384', kid: key.kid ?? '', ...header });
  };
  const code = async (given: string | Promise<string>, audiences = [url]) =>
    trust(await given, audiences).then(
      ({ id }) => id,
      (thrown: AortaError) => thrown.code,
    );
  const recognise = createRecognition({ clients, tokens, clock });
  const known = async (given: string | Promise<string>) => recognise(await given, [url])?.id;
  return { state, token, code, known, rs };
}

test('[CDS 176] a client is known by a token that it signed, with RS384 or ES384, for exactly this URL', async () => {
  const { token, code, rs } = await trusting();
  assert.equal(await code(token()), 'ehr');
  assert.equal(await code(token({}, {}, rs)), 'ehr');
  assert.equal(await code(token({ aud: ['https://other', url] })), 'ehr');
  assert.equal(await code(token({}, { jku })), 'ehr');
  for (const aud of ['https://cds.example/cds-services', `${url}/`, url.toUpperCase(), `${url}/feedback`, [], undefined, 7, [[url]]])
    assert.equal(await code(token({ aud })), 'AORTA_CDS_002', JSON.stringify(aud));
});

test('times are checked on our clock, with a minute for the difference', async () => {
  const { token, code, state } = await trusting();
  const now = state.now / 1000;
  for (const claims of [{ exp: now - 59, iat: now - 100 }, { iat: now + 59 }, { nbf: now - 300 }, { nbf: now + 59 }])
    assert.equal(await code(token(claims)), 'ehr', JSON.stringify(claims));
  for (const claims of [
    { exp: now - 60, iat: now - 100 },
    { exp: undefined },
    { exp: 'soon' },
    { exp: now + 3_601 },
    { exp: now - 10, iat: now },
    { iat: now + 61, exp: now + 120 },
    { iat: undefined },
    { nbf: now + 61 },
  ])
    assert.equal(await code(token(claims)), 'AORTA_CDS_002', JSON.stringify(claims));
});

test('a jti is taken once, as long as its token is good, and a refused token does not use it up', async () => {
  const { token, code, state } = await trusting();
  const once = await token({ jti: 'one' });
  assert.equal(await code(once, ['https://cds.example/other']), 'AORTA_CDS_002');
  assert.deepEqual([await code(once), await code(once)], ['ehr', 'AORTA_CDS_002']);
  assert.equal(await code(token({ jti: 'one' })), 'AORTA_CDS_002');
  state.now += 179_000;
  assert.equal(await code(once), 'AORTA_CDS_002');
  for (const jti of [undefined, '', 7, 'x'.repeat(300)]) assert.equal(await code(token({ jti })), 'AORTA_CDS_002');
});

test('no request ever goes to an address that a token names: only to the configured one, and for nobody unknown', async () => {
  const { token, code, state } = await trusting();
  for (const given of [
    token({}, { jku: 'https://evil.example/jwks.json' }),
    token({}, { jku: `${jku}#x` }),
    token({}, { jku: 'http://169.254.169.254/latest' }),
    token({ iss: 'https://evil.example' }, { jku: 'https://evil.example/jwks.json' }),
    token({ iss: 'https://ehr.example/' }),
    token({ iss: undefined }),
    token({ iss: ['https://ehr.example'] }),
  ])
    assert.equal(await code(given), 'AORTA_CDS_002');
  assert.deepEqual(state.fetched, []);
  assert.equal(await code(token()), 'ehr');
  assert.deepEqual(state.fetched, [jku]);
});

test('a client whose keys were given by hand may not name an address', async () => {
  const key = (await signingKey('ES384')).key;
  const { token, code, state } = await trusting({ keys: { keys: [publicJwk(key)] } });
  assert.equal(await code(token()), 'ehr');
  assert.equal(await code(token({}, { jku })), 'AORTA_CDS_002');
  assert.deepEqual(state.fetched, []);
});

test('a key of somebody else under the same kid, and a kid that nobody has, are refused', async () => {
  const { token, code } = await trusting();
  const { kid = '' } = (await signingKey('ES384')).key;
  assert.equal(await code(token({}, { kid }, await makeKey('ES384', kid))), 'AORTA_CDS_002');
  assert.equal(await code(token({}, { kid: 'nobody' })), 'AORTA_CDS_002');
});

test('where tenants are configured, the token carries one of them', async () => {
  const { token, code } = await trusting({ tenants: ['north'] });
  assert.deepEqual(
    [await code(token({ tenant: 'north' })), await code(token({ tenant: 'south' })), await code(token())],
    ['ehr', 'AORTA_CDS_002', 'AORTA_CDS_002'],
  );
});

test('a client is recognised at once by a token that it signed with a key that is here; nothing is fetched, and nothing used up', async () => {
  const { token, code, known, state, rs } = await trusting();
  const once = await token({}, {}, rs);
  assert.equal(await known(once), undefined, 'no key is here yet');
  assert.deepEqual(state.fetched, []);
  assert.equal(await code(token({}, {}, rs)), 'ehr');
  assert.deepEqual([await known(once), await known(once)], ['ehr', 'ehr']);
  assert.equal(await code(once), 'ehr', 'its jti is new');
  const seconds = state.now / 1000;
  for (const [what, given] of Object.entries({
    'ES384, which takes too long': token(),
    'a kid that is not here': token({}, { kid: 'other' }, rs),
    'a signature of somebody else': token({}, {}, await makeKey('RS384', rs.kid ?? '')),
    'another URL': token({ aud: 'https://cds.example/cds-services/other' }, {}, rs),
    'a token that has expired': token({ iat: seconds - 200, exp: seconds - 100 }, {}, rs),
    'an issuer that nobody knows': token({ iss: 'https://evil.example' }, {}, rs),
    'another address of keys': token({}, { jku: 'https://evil.example/jwks.json' }, rs),
    'no token': 'x',
  }))
    assert.equal(await known(given), undefined, what);
  assert.equal(state.fetched.length, 1);
});
