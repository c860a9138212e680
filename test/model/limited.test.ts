import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/clock/system.ts';
import type { AortaError } from '../../src/errors/index.ts';
import { createModel, limited, type Model, type ModelRequest } from '../../src/model/index.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';

const request = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  ...{ task: 'assist', prompt: { id: 'p', version: '1', system: 'x'.repeat(400) }, facts: [], gaps: [], maxOutputTokens: 100, ...more },
});
const model: Model = {
  ...{ provider: 'https://m.example', name: 'm', version: '1' },
  async *stream() {
    yield { kind: 'text', text: 'text' };
    yield { kind: 'end', reason: 'stop', usage: { inputTokens: 100, outputTokens: 100 } };
  },
};
const read = async (asked: Model, given = request()) => {
  for await (const event of asked.stream(given, { signal: new AbortController().signal })) void event;
};
const code = (wanted: string) => (thrown: AortaError) => thrown.code === wanted;

test('the cost of a day is a cap, also for calls at the same time, and begins again at midnight UTC', async () => {
  let now = Date.UTC(2026, 10, 28, 23, 0);
  const clock = { ...systemClock, now: () => now };
  const telemetry = prometheusTelemetry({ level: 'silent' });
  // A call costs 0.2 at most, and exactly.
  const bounded = limited(model, { dailyCost: 0.5, price: { input: 1_000, output: 1_000 } }, { clock, telemetry });
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => read(bounded)));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 2);
  await assert.rejects(read(bounded), (thrown: AortaError) => thrown.code === 'AORTA_MODEL_005' && thrown.retryAfterMs === 3_600_000);
  now += 3_600_000;
  await read(bounded);
  const calls = await telemetry.read('aorta_model_calls_total');
  assert.deepEqual(
    calls.map(({ labels, value }) => [labels['outcome'], value]),
    [['stop', 3]],
  );
});

test('what a call did not use is given back', async () => {
  const cheap: Model = {
    ...model,
    async *stream() {
      yield { kind: 'end', reason: 'stop', usage: { inputTokens: 0, outputTokens: 0 } };
    },
  };
  const ports = { clock: systemClock, telemetry: prometheusTelemetry({ level: 'silent' }) };
  const bounded = limited(cheap, { dailyCost: 0.3, price: { input: 1_000, output: 1_000 } }, ports);
  for (let n = 0; n < 20; n++) await read(bounded);
});

test('a request that is too large is not sent', async () => {
  const ports = { clock: systemClock, telemetry: prometheusTelemetry({ level: 'silent' }) };
  const large = request({ question: 'x'.repeat(4_000) });
  await assert.rejects(read(limited(model, { maxInputTokens: 1_000 }, ports), large), code('AORTA_MODEL_004'));
});

test('only a listed provider is ever called', () => {
  const ports = { clock: systemClock, telemetry: prometheusTelemetry({ level: 'silent' }) };
  const provider = { baseUrl: 'https://models.example/v1', model: 'm' };
  for (const allowed of [[], ['https://models.example.org'], ['http://models.example']])
    assert.throws(() => createModel({ provider, allowed }, ports), code('AORTA_MODEL_006'));
  assert.equal(createModel({ provider, allowed: ['https://models.example'] }, ports).provider, 'https://models.example');
  assert.equal(createModel({ provider: 'builtin' }, ports).provider, 'builtin');
});
