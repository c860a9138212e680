import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../../src/clock/system.ts';
import { createMemoryKeyed } from '../../../src/keyed/memory/index.ts';
import { limited } from '../../../src/model/limited.ts';
import { openAiModel } from '../../../src/model/openai/model.ts';
import type { ModelEvent, ModelRequest } from '../../../src/model/port.ts';
import { prometheusTelemetry } from '../../../src/ops/telemetry.ts';
import { damaged, wrong } from '../../edge/cds/hostile-json.ts';
import type { Scope } from '../../sandbox/ehr/open.ts';
import { openProvider } from '../provider.ts';

const request: ModelRequest = {
  ...{ task: 'assist' as const, prompt: { id: 'p', version: '1', system: 'Rules.' }, question: 'What now?', facts: [], gaps: [] },
  maxOutputTokens: 50,
};

/** A model with a budget, as a worker has it, whose provider says what it is told. */
async function open(scope: Scope) {
  const provider = await openProvider(scope);
  const telemetry = prometheusTelemetry({ level: 'silent' });
  const keyed = await createMemoryKeyed({ clock: systemClock });
  scope.after(() => keyed.close());
  const model = limited(
    openAiModel({ baseUrl: provider.baseUrl, model: 'm', clock: systemClock }),
    { dailyCost: 1_000_000, price: { input: 1, output: 1 } },
    { clock: systemClock, telemetry, shared: { keyed, worker: 'w' } },
  );
  const ask = async (): Promise<ModelEvent[]> => {
    const events: ModelEvent[] = [];
    for await (const event of model.stream(request, { signal: AbortSignal.timeout(20_000) })) events.push(event);
    return events;
  };
  const counted = async (direction: string) =>
    (await telemetry.read('aorta_model_tokens_total')).find(({ labels }) => labels['direction'] === direction)?.value ?? 0;
  return { provider, ask, counted };
}

test('a provider that counts less than nothing, or more than there is, is not believed: the answer is whole and costs what it was estimated to', async (t) => {
  const { provider, ask, counted } = await open(t);
  for (const odd of [-5, 1.5, 1e300, 9e15, '7', null, {}]) {
    const [before, out] = [await counted('input'), await counted('output')];
    provider.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: 'Hello there' }, finish_reason: 'stop' }] })}\n\n`);
      response.write(`data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: odd, completion_tokens: odd } })}\n\n`);
      response.end('data: [DONE]\n\n');
    };
    const end = (await ask()).at(-1);
    assert.ok(end?.kind === 'end' && end.usage.inputTokens > 0 && end.usage.inputTokens < 100, JSON.stringify(end));
    assert.equal(end.usage.outputTokens, 3);
    assert.deepEqual([await counted('input'), await counted('output')], [before + end.usage.inputTokens, out + 3]);
  }
});

test('an answer with anything in it is events as they are declared, or an error with a code', async (t) => {
  const { provider, ask } = await open(t);
  const chunk = { id: 'c', model: 'm-1', choices: [{ index: 0, delta: { role: 'assistant', content: 'Text.' }, finish_reason: null }] };
  const last = { choices: [{ delta: {}, finish_reason: 'stop' }], usage: { prompt_tokens: 12, completion_tokens: 3 } };
  const line = fc.oneof(
    { weight: 4, arbitrary: damaged(chunk).map((text) => `data: ${text}`) },
    { weight: 2, arbitrary: damaged(last).map((text) => `data: ${text}`) },
    fc.constantFrom(`data: ${JSON.stringify(chunk)}`, 'data: [DONE]', 'data:', ': comment', 'event: x', 'data: {', '\r', 'data', '\u2028'),
    wrong.map((value) => `data: ${JSON.stringify(value)}`),
  );
  const ends = fc.constantFrom('\n\n', '\r\n\r\n', '\n', '\r\r');
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(line, ends), { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 5 }), async (lines, cuts) => {
      const bytes = Buffer.from(lines.flat().join(''));
      provider.answer = (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        let from = 0;
        for (const at of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
          response.write(bytes.subarray(from, at));
          from = Math.max(from, at);
        }
        response.end();
      };
      const events = await ask().catch((thrown: { code?: string }) => {
        assert.match(String(thrown.code), /^AORTA_MODEL_\d+$/, String(thrown));
        return undefined;
      });
      outcomes.add(events === undefined ? 'refused' : 'answered');
      if (events === undefined) return;
      const end = events.at(-1);
      assert.ok(end?.kind === 'end' && events.slice(0, -1).every((event) => event.kind === 'text' && typeof event.text === 'string'));
      for (const count of [end.usage.inputTokens, end.usage.outputTokens]) assert.ok(Number.isSafeInteger(count) && count >= 0);
    }),
    { numRuns: 200 },
  );
  assert.deepEqual([...outcomes].sort(), ['answered', 'refused']);
});
