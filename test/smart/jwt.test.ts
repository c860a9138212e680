import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign as rawSign } from 'node:crypto';
import { test } from 'node:test';
import type { AortaError } from '../../src/errors/index.ts';
import { type Algorithm, algorithms, fitsRsa, type Jwk, makeKey, publicJwk, sign, verifySignature } from '../../src/smart/jwt.ts';

const refusal = (thrown: AortaError) => thrown.code === 'AORTA_SMART_009' && !/eyJ/.test(thrown.message);
const other = (alg: Algorithm): Algorithm => (alg === 'RS384' ? 'ES384' : 'RS384');
const tokenOf = (key: Jwk, alg: Algorithm) => sign({ iss: 'a', jti: 'b' }, { key, alg, kid: 'k' });

for (const alg of algorithms) {
  test(`${alg}: a signature fits its key, its text and its algorithm, and nothing else`, async () => {
    const [key, wrong, foreign] = await Promise.all([makeKey(alg, 'k'), makeKey(alg, 'k'), makeKey(other(alg), 'k')]);
    const token = await tokenOf(key, alg);
    const [head = '', claims = '', signature = ''] = token.split('.');
    await verifySignature(token, publicJwk(key), alg);
    await verifySignature(token, publicJwk(key), alg);
    await verifySignature(token, { ...publicJwk(key), use: 'sig', key_ops: ['verify'] }, alg);
    const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    const bytes = Buffer.from(signature, 'base64url');
    const refused: Readonly<Record<string, readonly [string, Jwk, Algorithm]>> = {
      'another key': [token, publicJwk(wrong), alg],
      'a key of the other kind': [token, publicJwk(foreign), alg],
      'the other algorithm': [token, publicJwk(key), other(alg)],
      'a key that is said to be for the other algorithm': [token, { ...publicJwk(key), alg: other(alg) }, alg],
      'claims of another token': [`${head}.${claims.slice(0, -2)}.${signature}`, publicJwk(key), alg],
      'another signature': [`${head}.${claims}.${flipped}`, publicJwk(key), alg],
      'no signature': [`${head}.${claims}.`, publicJwk(key), alg],
      'half a signature': [`${head}.${claims}.${bytes.subarray(0, bytes.length / 2).toString('base64url')}`, publicJwk(key), alg],
      'a byte more': [`${head}.${claims}.${Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url')}`, publicJwk(key), alg],
      'base64 in place of base64url': [`${head}.${claims}.${bytes.toString('base64')}==`, publicJwk(key), alg],
      'a line break in it': [`${head}.${claims}.${signature.slice(0, 9)}\n${signature.slice(9)}`, publicJwk(key), alg],
      'a padding': [`${head}.${claims}.${signature}=`, publicJwk(key), alg],
      zeros: [`${head}.${claims}.${Buffer.alloc(bytes.length).toString('base64url')}`, publicJwk(key), alg],
      'a key to encrypt with': [token, { ...publicJwk(key), use: 'enc' }, alg],
      'a key that signs only': [token, { ...publicJwk(key), key_ops: ['sign'] }, alg],
      'a key for nothing': [token, { ...publicJwk(key), key_ops: [] }, alg],
      'key_ops that are no list': [token, { ...publicJwk(key), key_ops: 'verify' }, alg],
      'a key that is none': [token, { kty: key.kty, kid: 'k' }, alg],
    };
    for (const [name, given] of Object.entries(refused)) await assert.rejects(verifySignature(...given), refusal, name);
  });
}

test('RS384: PKCS #1 v1.5 with SHA-384 and 2048 bits; not PSS, not SHA-256, not 1024 bits, not the public key as a secret', async () => {
  const signed = 'eyJhbGciOiJSUzM4NCJ9.eyJiIjoyfQ';
  const pair = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
  const { privateKey, publicKey } = pair(2048);
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k' } as Jwk;
  const by = (signature: Buffer) => `${signed}.${signature.toString('base64url')}`;
  const good = by(rawSign('sha384', Buffer.from(signed), privateKey));
  await verifySignature(good, jwk, 'RS384');
  assert.ok(fitsRsa(good, jwk));
  const pss = rawSign('sha384', Buffer.from(signed), { key: privateKey, padding: 6 });
  await assert.rejects(verifySignature(by(pss), jwk, 'RS384'), refusal, 'PSS');
  await assert.rejects(verifySignature(by(rawSign('sha256', Buffer.from(signed), privateKey)), jwk, 'RS384'), refusal, 'SHA-256');
  const secret = publicKey.export({ type: 'spki', format: 'pem' });
  await assert.rejects(verifySignature(by(createHmac('sha384', secret).update(signed).digest()), jwk, 'RS384'), refusal, 'HMAC');
  const weak = pair(1024);
  const weakJwk = { ...weak.publicKey.export({ format: 'jwk' }), kid: 'k' } as Jwk;
  await assert.rejects(
    verifySignature(by(rawSign('sha384', Buffer.from(signed), weak.privateKey)), weakJwk, 'RS384'),
    refusal,
    '1024 bits',
  );
  assert.ok(!fitsRsa(by(rawSign('sha384', Buffer.from(signed), weak.privateKey)), weakJwk), '1024 bits');
});

test('ES384: P-384 with r and s as they are; not DER, not another curve', async () => {
  const signed = 'eyJhbGciOiJFUzM4NCJ9.eyJiIjoyfQ';
  const key = await makeKey('ES384', 'k');
  const privateKey = createPrivateKey({ key: key as never, format: 'jwk' });
  const plain = rawSign('sha384', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  await verifySignature(`${signed}.${plain.toString('base64url')}`, publicJwk(key), 'ES384');
  const der = rawSign('sha384', Buffer.from(signed), privateKey);
  await assert.rejects(verifySignature(`${signed}.${der.toString('base64url')}`, publicJwk(key), 'ES384'), refusal, 'DER');
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const raw = rawSign('sha384', Buffer.from(signed), { key: p256.privateKey, dsaEncoding: 'ieee-p1363' });
  const jwk = createPublicKey(p256.privateKey).export({ format: 'jwk' }) as Jwk;
  await assert.rejects(verifySignature(`${signed}.${raw.toString('base64url')}`, jwk, 'ES384'), refusal, 'P-256');
});
