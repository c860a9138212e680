import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AortaError } from '../../src/errors/index.ts';
import { createKeySets, decode, type HttpResponse, type Jwk, makeKey, memoryReplay, publicJwk, sign } from '../../src/smart/index.ts';
import { signingKey } from '../sandbox/ehr/open.ts';

const code = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return 'none';
  } catch (thrown) {
    return (thrown as AortaError).code;
  }
};
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A key server that holds `keys` and counts who asks. */
function keyServer(more: { cache?: string } = {}) {
  const state = { keys: [] as Jwk[], fetched: [] as string[], now: 0, down: false, hangs: false };
  const sets = createKeySets({
    clock: { monotonic: () => state.now },
    async http({ url }): Promise<HttpResponse> {
      state.fetched.push(url);
      if (state.hangs) await new Promise(() => {});
      if (state.down) throw new Error('away');
      return {
        status: 200,
        headers: more.cache ? { 'cache-control': more.cache } : {},
        text: JSON.stringify({ keys: state.keys.map(publicJwk) }),
      };
    },
  });
  return { state, sets };
}
const jku = 'https://keys.example/jwks.json';
const tokenOf = async (key: Jwk, kid = key.kid ?? '') => sign({ iss: 'x' }, { key, alg: 'ES384', kid });

test('[CDS 201, 203] none, shared secrets and algorithms that nobody agreed on are refused before any key is looked at', async () => {
  const { sets, state } = keyServer();
  const { key } = await signingKey('RS384');
  state.keys = [key];
  for (const alg of ['none', 'NONE', 'HS256', 'HS384', 'HS512', 'RS256', 'PS384', 'ES256', 'EdDSA', '', undefined]) {
    const input = `${part({ alg, kid: key.kid, typ: 'JWT' })}.${part({ iss: 'x' })}`;
    // The public key as an HMAC secret: the classic confusion.
    const signature = createHmac('sha384', JSON.stringify(publicJwk(key)))
      .update(input)
      .digest('base64url');
    for (const token of [`${input}.${signature}`, `${input}.`])
      assert.equal(await code(() => sets.verify(token, { jku })), 'AORTA_SMART_009', String(alg));
  }
  assert.deepEqual(state.fetched, []);
});

test('an unknown kid is looked for once more in a fresh set, and not again before ten seconds have passed', async () => {
  const { sets, state } = keyServer();
  const [first, second] = [await makeKey('ES384', 'first'), await makeKey('ES384', 'second')];
  state.keys = [first];
  await sets.verify(await tokenOf(first), { jku });
  await sets.verify(await tokenOf(first), { jku });
  assert.equal(state.fetched.length, 1);
  state.now += 10_000;
  state.keys = [first, second];
  await sets.verify(await tokenOf(second), { jku });
  assert.equal(state.fetched.length, 2);
  for (let i = 0; i < 50; i++)
    assert.equal(await code(async () => sets.verify(await tokenOf(second, `made-up-${i}`), { jku })), 'AORTA_SMART_009');
  assert.equal(state.fetched.length, 2);
});

test('keys of two types may have one kid: each token is verified by the one of its type, given by hand or fetched', async () => {
  const { sets, state } = keyServer();
  const [ec, rsa] = [await makeKey('ES384', 'k'), await makeKey('RS384', 'k')];
  for (const keys of [
    [ec, rsa],
    [rsa, ec],
  ]) {
    state.keys = keys;
    state.now += 24 * 3_600_000;
    for (const origin of [{ jku }, { keys: keys.map(publicJwk) }]) {
      for (const [key, alg] of [
        [ec, 'ES384'],
        [rsa, 'RS384'],
      ] as const)
        assert.equal((await sets.verify(await sign({ iss: 'x' }, { key, alg, kid: 'k' }), origin)).header.alg, alg);
      assert.equal(sets.fits(await sign({ iss: 'x' }, { key: rsa, alg: 'RS384', kid: 'k' }), origin), true);
    }
  }
});

test('a key that the set no longer has is refused with the call after the first one of a stale set; Cache-Control says when', async () => {
  for (const [cache, ageMs] of [
    ['max-age=60', 60_000],
    [undefined, 300_000],
  ] as const) {
    const { sets, state } = keyServer(cache ? { cache } : {});
    const key = await makeKey('ES384', 'k');
    state.keys = [key];
    await sets.verify(await tokenOf(key), { jku });
    state.keys = [];
    state.now += ageMs - 1;
    await sets.verify(await tokenOf(key), { jku });
    state.now += 1;
    // It is used at once, and the set is fetched beside.
    await sets.verify(await tokenOf(key), { jku });
    await new Promise(setImmediate);
    assert.equal(state.fetched.length, 2);
    assert.equal(await code(async () => sets.verify(await tokenOf(key), { jku })), 'AORTA_SMART_009');
  }
});

test('a key that the set no longer has is refused at once where nobody has called for five minutes after the set went stale', async () => {
  const { sets, state } = keyServer();
  const key = await makeKey('ES384', 'k');
  state.keys = [key];
  await sets.verify(await tokenOf(key), { jku });
  state.keys = [];
  state.now += 600_000;
  assert.equal(await code(async () => sets.verify(await tokenOf(key), { jku })), 'AORTA_SMART_009');
});

test('a key server that hangs: who brings a known key does not wait for it', async () => {
  const { sets, state } = keyServer();
  const key = await makeKey('ES384', 'k');
  state.keys = [key];
  const token = await tokenOf(key);
  await sets.verify(token, { jku });
  state.hangs = true;
  state.now += 400_000;
  // Otherwise this never ends.
  for (let call = 0; call < 3; call++) await sets.verify(token, { jku });
  assert.equal(state.fetched.length, 2, 'asked once, beside');
});

test('a key server that stays away: a known key is good for a day after its set ended, no longer', async () => {
  const { sets, state } = keyServer();
  const key = await makeKey('ES384', 'k');
  state.keys = [key];
  const call = () => code(async () => sets.verify(await tokenOf(key), { jku }));
  await call();
  state.down = true;
  for (let hour = 0; hour < 24; hour++) {
    assert.equal(await call(), 'none', `after ${hour} hours`);
    state.now += 3_600_000;
  }
  state.now += 300_000;
  assert.equal(await call(), 'AORTA_SMART_010');
  assert.equal(await call(), 'AORTA_SMART_010', 'also by who does not ask again');
  state.down = false;
  state.now += 1_000;
  assert.equal(await call(), 'none');
});

test('a key server that is away: known keys stay good, unknown ones are AORTA_SMART_010', async () => {
  const { sets, state } = keyServer();
  const key = await makeKey('ES384', 'k');
  state.keys = [key];
  await sets.verify(await tokenOf(key), { jku });
  state.down = true;
  state.now += 400_000;
  await sets.verify(await tokenOf(key), { jku });
  state.now += 10_000;
  assert.equal(await code(async () => sets.verify(await tokenOf(key, 'other'), { jku })), 'AORTA_SMART_010');
  const asked = state.fetched.length;
  for (let n = 0; n < 5; n++) assert.equal(await code(async () => sets.verify(await tokenOf(key, 'other'), { jku })), 'AORTA_SMART_010');
  assert.equal(state.fetched.length, asked, 'not asked by every caller');
  state.down = false;
  state.now += 1_000;
  assert.equal(await code(async () => sets.verify(await tokenOf(key, 'other'), { jku })), 'AORTA_SMART_009', 'noticed a second later');
});

test('a signature is said to fit at once where its key is here, until an hour after it should have been asked for again', async () => {
  const { sets, state } = keyServer();
  const { key } = await signingKey('RS384');
  state.keys = [key];
  const token = await sign({ iss: 'x' }, { key, alg: 'RS384', kid: key.kid ?? '' });
  const unknown = await sign({ iss: 'x' }, { key, alg: 'RS384', kid: 'unknown' });
  assert.equal(sets.fits(token, { jku }), false);
  await sets.verify(token, { jku });
  assert.deepEqual([sets.fits(token, { jku }), sets.fits(unknown, { jku }), sets.fits(`${token}A`, { jku })], [true, false, false]);
  state.now += 300_000 + 3_599_999;
  assert.equal(sets.fits(token, { jku }), true);
  state.now += 1;
  assert.equal(sets.fits(token, { jku }), false);
  assert.deepEqual([sets.fits(token, { keys: [publicJwk(key)] }), sets.fits(token, { keys: [] })], [true, false]);
  assert.equal(state.fetched.length, 1);
});

test('[CDS 199] keys given by hand are used, and nothing is fetched', async () => {
  const { sets, state } = keyServer();
  const key = await makeKey('ES384', 'k');
  await sets.verify(await tokenOf(key), { keys: [publicJwk(key)] });
  assert.equal(await code(async () => sets.verify(await tokenOf(key, 'other'), { keys: [publicJwk(key)] })), 'AORTA_SMART_009');
  assert.deepEqual(state.fetched, []);
});

test('a signature of another key, a changed claim, or a key of another kind is refused', async () => {
  const { sets } = keyServer();
  const [key, other, rsa] = [await makeKey('ES384', 'k'), await makeKey('ES384', 'k'), (await signingKey('RS384')).key];
  const token = await tokenOf(key);
  const [head, , signature] = token.split('.');
  for (const [given, keys] of [
    [token, [publicJwk(other)]],
    [`${head}.${part({ iss: 'y' })}.${signature}`, [publicJwk(key)]],
    [token, [{ ...publicJwk(rsa), kid: 'k' }]],
    [token, [{ kty: 'oct', k: 'c2VjcmV0', kid: 'k' }]],
  ] as const)
    assert.equal(await code(() => sets.verify(given, { keys })), 'AORTA_SMART_009');
});

test('whatever is sent as a token is refused with one code and is not repeated', async () => {
  const key = await makeKey('ES384', 'k');
  const good = await tokenOf(key);
  const { sets } = keyServer();
  const anything = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc
      .tuple(fc.json(), fc.json(), fc.string())
      .map(([a, b, c]) => [a, b, c].map((each) => Buffer.from(each).toString('base64url')).join('.')),
    fc
      .tuple(fc.nat(good.length - 1), fc.constantFrom('A', '.', '=', '\u0000'))
      .map(([at, char]) => good.slice(0, at) + char + good.slice(at + 1)),
    fc.constant('a'.repeat(20_000)),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (token) => {
      if (token === good) return;
      const outcome = await code(() => sets.verify(token, { keys: [publicJwk(key)] }));
      // A flipped last bit of base64url may mean the same bytes.
      if (outcome === 'none') assert.deepEqual(decode(token).claims, { iss: 'x' });
      else assert.equal(outcome, 'AORTA_SMART_009');
    }),
    { numRuns: 300 },
  );
});

test('a one-time name is taken once, forgotten when its time is over, and refused when the memory is full', async () => {
  let now = 0;
  const replay = memoryReplay({ clock: { now: () => now }, most: 3 });
  assert.deepEqual(
    [replay.claim('a', 100), replay.claim('a', 100), replay.claim('b', 20_000), replay.claim('c', 20_000)],
    [true, false, true, true],
  );
  assert.equal(await code(() => replay.claim('d', 200)), 'AORTA_CDS_006');
  now = 10_001;
  assert.deepEqual([replay.claim('d', 20_000), replay.claim('b', 20_000)], [true, false]);
});

test('names that are no longer good are forgotten a few at a time, beside the claims', async () => {
  let now = 0;
  const replay = memoryReplay({ clock: { now: () => now }, most: 1_000 });
  for (let n = 0; n < 1_000; n++) await replay.claim(`old ${n}`, 100);
  now = 101;
  await replay.claim('one', 10_000);
  const left = [...replay.names()].length;
  assert.ok(left > 900 && left < 1_000, `${left}`);
  for (let n = 0; n < 100; n++) await replay.claim(`new ${n}`, 10_000);
  assert.equal([...replay.names()].filter(([, until]) => until === 100).length, 0);
  assert.equal(await replay.claim('one', 10_000), false);
});
