import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { type AortaError, error } from '../../src/errors/index.ts';
import { createGuards } from '../../src/guard/index.ts';
import { defineTarget } from '../../src/guard/target.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import { createModel, type ModelChoice } from '../../src/model/index.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { modelGuard, modelTarget } from '../../src/runtime/model-guard.ts';
import { hangsAfter, openProvider, says } from '../model/provider.ts';
import type { Scope } from '../sandbox/ehr/open.ts';

const request = { task: 'assist', prompt: { id: 'p', version: '1', system: 'x' }, facts: [], gaps: [], maxOutputTokens: 100 } as const;

async function behindGuard(t: Scope, limits: Omit<ModelChoice, 'provider'> = {}, target = modelTarget) {
  const provider = await openProvider(t);
  const telemetry = prometheusTelemetry({ level: 'silent' });
  const keyed = await createMemoryKeyed({ clock: systemClock });
  const guards = await createGuards({ clock: systemClock, random: systemRandom, telemetry, keyed, worker: 'w' });
  t.after(async () => guards.close());
  const { baseUrl, origin } = provider;
  const model = createModel(
    { provider: { baseUrl, model: 'm' }, allowed: [origin], ...limits },
    { clock: systemClock, telemetry, shared: { keyed, worker: 'w' }, guard: modelGuard(guards, target) },
  );
  /** The text, or the code of what went wrong. */
  const says = async (signal: AbortSignal = new AbortController().signal): Promise<string> => {
    let text = '';
    try {
      for await (const event of model.stream(request, { signal })) if (event.kind === 'text') text += event.text;
      return text;
    } catch (thrown) {
      return (thrown as AortaError).code;
    }
  };
  return { provider, says, guards };
}

test('a provider that fails opens its breaker: no more are sent until a probe, and one that works closes it', async (t) => {
  const target = defineTarget('model', { breaker: { openMs: 3_000 } });
  const { provider, says: ask } = await behindGuard(t, {}, target);
  assert.equal(await ask(), 'Hello world.');
  provider.answer = (_request, response) => response.writeHead(500).end();
  const codes: string[] = [];
  for (let n = 0; n < 5; n++) codes.push(await ask());
  assert.deepEqual(codes, Array(5).fill('AORTA_MODEL_001'));
  const asked = provider.asked.length;
  assert.deepEqual([await ask(), await ask()], ['AORTA_GUARD_001', 'AORTA_GUARD_001']);
  assert.equal(provider.asked.length, asked, 'it is not asked');
  provider.answer = says('Back.');
  await sleep(3_050);
  for (let tries = 0; ; tries++) {
    const text = await ask();
    if (text === 'Back.') break;
    assert.ok(tries < 100 && text === 'AORTA_GUARD_001', text);
    await sleep(50);
  }
});

test('a provider that asks to slow down is left alone for its Retry-After, in seconds or as a date', async (t) => {
  for (const wait of ['30', new Date(Date.now() + 30_000).toUTCString()]) {
    const { provider, says: ask } = await behindGuard(t);
    provider.answer = (_request, response) => response.writeHead(429, { 'retry-after': wait }).end();
    assert.deepEqual([await ask(), await ask()], ['AORTA_MODEL_003', 'AORTA_GUARD_002'], wait);
    assert.equal(provider.asked.length, 1);
  }
});

test('a caller that leaves says nothing about the provider; a caller whose time runs out before a first word does', async (t) => {
  const { provider, says: ask, guards } = await behindGuard(t);
  provider.answer = () => {};
  for (let n = 0; n < 7; n++) {
    const leaves = new AbortController();
    setTimeout(() => leaves.abort(error('AORTA_ASSIST_004')), 20);
    assert.equal(await ask(leaves.signal), 'AORTA_ASSIST_004');
  }
  assert.equal(guards.states()[0]?.breaker, 'closed');
  provider.answer = hangsAfter('one ');
  await Promise.all(
    Array.from({ length: 7 }, async () => {
      const late = new AbortController();
      setTimeout(() => late.abort(error('AORTA_ASSIST_002', { ms: 1 })), 2_400);
      assert.equal(await ask(late.signal), 'AORTA_ASSIST_002');
    }),
  );
  assert.equal(guards.states()[0]?.breaker, 'closed', 'it was speaking');
  provider.answer = () => {};
  await Promise.all(
    Array.from({ length: 7 }, async () => {
      const late = new AbortController();
      setTimeout(() => late.abort(error('AORTA_ASSIST_001', { ms: 1 })), 2_400);
      assert.equal(await ask(late.signal), 'AORTA_ASSIST_001');
    }),
  );
  assert.equal(guards.states()[0]?.breaker, 'open');
});

test('a call that was not sent costs nothing', async (t) => {
  // Each costs 1 token in and up to 100 out: the third would pass the cap if the second were paid.
  const limits = { dailyCost: 0.000_15, price: { input: 1, output: 1 } };
  const { provider, says: ask } = await behindGuard(t, limits, defineTarget('model', { breaker: { failures: 1, openMs: 60_000 } }));
  provider.answer = (_request, response) => response.writeHead(500).end();
  assert.equal(await ask(), 'AORTA_MODEL_001');
  for (let n = 0; n < 200; n++) assert.equal(await ask(), 'AORTA_GUARD_001');
});
