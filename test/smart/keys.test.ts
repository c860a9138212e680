import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AortaError } from '../../src/errors/index.ts';
import { keysFromSecret, makeKey, parseKeys, publicJwk, publicKeySet } from '../../src/smart/index.ts';
import { signingKey } from '../sandbox/ehr/open.ts';

const problem = (text: string): string => {
  try {
    parseKeys(text);
    return 'none';
  } catch (thrown) {
    assert.equal((thrown as AortaError).code, 'AORTA_SMART_008');
    return String((thrown as AortaError).details['problem']);
  }
};

test('[SMART 294, 313, 314, 315, 322] the published set has the public members of every key, each with kty, kid and alg', async () => {
  const [es, rs] = [(await signingKey('ES384')).key, (await signingKey('RS384')).key];
  const set = await publicKeySet([{ keys: async () => parseKeys(JSON.stringify({ keys: [es, rs] })) }]);
  assert.deepEqual(
    set.keys.map((key) => Object.keys(key)),
    [
      ['kty', 'kid', 'alg', 'use', 'crv', 'x', 'y'],
      ['kty', 'kid', 'alg', 'use', 'n', 'e'],
    ],
  );
  assert.equal(new Set(set.keys.map(({ kid }) => kid)).size, 2);
});

test('[SMART 295] no private member is ever published, whatever the key holds', async () => {
  const key = { ...(await signingKey('RS384')).key, invented: 'PRIVATE' };
  const text = JSON.stringify(await publicKeySet([{ keys: async () => [{ key, kid: 'k', alg: 'RS384' }] }]));
  assert.doesNotMatch(text, /PRIVATE/);
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi']) assert.equal(text.includes(`"${member}":`), false, member);
});

test('a JWK, a set and a PEM are taken; a key without a kid is named by its thumbprint', async () => {
  const es = await makeKey('ES384', 'k');
  assert.deepEqual(
    parseKeys(JSON.stringify(es)).map(({ kid, alg }) => [kid, alg]),
    [['k', 'ES384']],
  );
  const pem = createPrivateKey({ key: es as never, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' });
  const [fromPem] = parseKeys(String(pem));
  assert.match(fromPem?.kid ?? '', /^[\w-]{43}$/);
  assert.equal(parseKeys(String(pem))[0]?.kid, fromPem?.kid);
});

test('what cannot sign is refused without being quoted', async () => {
  const { key } = await signingKey('ES384');
  const open = publicJwk(key);
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'jwk' });
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  assert.match(problem(JSON.stringify(open)), /private part/);
  assert.match(problem(JSON.stringify(weak)), /2048/);
  assert.match(problem(JSON.stringify(p256)), /P-384/);
  assert.match(problem(JSON.stringify({ kty: 'oct', k: 'c2VjcmV0' })), /neither RSA/);
  assert.match(problem('{"keys":[]}'), /empty/);
  assert.match(problem(JSON.stringify({ keys: [key, key] })), /same kid/);
});

test('any text is either keys or AORTA_SMART_008', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((json) => `{"keys":[${json}]}`),
        fc.constant('-----BEGIN PRIVATE KEY-----\nx'),
      ),
      (text) => {
        problem(text);
      },
    ),
  );
});

test('[SMART 322] identities whose keys are different and have the same kid are told, not published as one; the same key stands there once', async () => {
  const [one, other] = [await makeKey('ES384', 'key-1'), await makeKey('ES384', 'key-1')];
  const source = (key: typeof one) => ({ keys: async () => [{ key, kid: 'key-1', alg: 'ES384' as const }] });
  await assert.rejects(publicKeySet([source(one), source(other)]), { code: 'AORTA_SMART_014' });
  assert.equal((await publicKeySet([source(one), source(one)])).keys.length, 1);
});

test('a key that cannot be read takes no other out of the published set, and is told; where none can, there is no set', async () => {
  const gone = { keys: () => Promise.reject(new Error('no such secret')) };
  const key = await makeKey('ES384', 'k');
  const told: unknown[] = [];
  const { keys } = await publicKeySet([gone, { keys: async () => [{ key, kid: 'k', alg: 'ES384' }] }], (thrown) => told.push(thrown));
  assert.deepEqual([keys.map(({ kid }) => kid), told.length], [['k'], 1]);
  await assert.rejects(
    publicKeySet([gone], () => {}),
    /no such secret/,
  );
});

test('a rotated secret is in use without a restart: the new first key signs, both are published', async () => {
  const [old, fresh] = [await makeKey('ES384', 'old'), await makeKey('ES384', 'new')];
  let text = JSON.stringify(old);
  const source = keysFromSecret({ get: async () => text }, 'secret:key');
  assert.deepEqual(
    (await source.keys()).map(({ kid }) => kid),
    ['old'],
  );
  text = JSON.stringify({ keys: [fresh, old] });
  assert.deepEqual(
    (await source.keys()).map(({ kid }) => kid),
    ['new', 'old'],
  );
  assert.deepEqual(
    (await publicKeySet([source])).keys.map(({ kid }) => kid),
    ['new', 'old'],
  );
});
