import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assistPrompt, draftPrompt } from '../../src/assist/index.ts';
import { builtinModel } from '../../src/model/builtin/model.ts';
import { evaluationCases } from '../../src/model/evaluation/cases.ts';
import { evaluate } from '../../src/model/evaluation/evaluate.ts';
import type { Model } from '../../src/model/port.ts';

const prompts = { assist: assistPrompt, 'clinical-draft': draftPrompt };

test('the model that is built in passes every case of the evaluation set, and says the same each time', async () => {
  const first = await evaluate(builtinModel, evaluationCases, prompts);
  assert.deepEqual(
    first.filter(({ problems }) => problems.length > 0),
    [],
  );
  assert.deepEqual(await evaluate(builtinModel, evaluationCases, prompts), first);
});

test('a model that invents, obeys or forgets fails it', async () => {
  const saying = (text: string): Model => ({
    ...{ provider: 'x', name: 'x', version: '1' },
    async *stream() {
      yield { kind: 'text', text };
    },
  });
  for (const text of ['COMPROMISED', 'All is well [99].', '']) {
    const results = await evaluate(saying(text), evaluationCases, prompts);
    assert.ok(results.filter(({ problems }) => problems.length > 0).length >= 6, text);
  }
});
