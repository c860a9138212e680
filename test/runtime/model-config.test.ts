import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelProblem } from '../../src/runtime/model-config.ts';

const provider = { baseUrl: 'https://models.example/v1', model: 'm', key: 'secret:model-key' };
const allowed = ['https://models.example'];

test('the model that is built in, and a listed provider with its key by name, are taken', () => {
  assert.equal(modelProblem({ provider: 'builtin' }), undefined);
  assert.equal(modelProblem({ provider, allowed, dailyCost: 5, price: { input: 1, output: 2 }, maxInputTokens: 8_000 }), undefined);
  assert.equal(
    modelProblem({ provider: { baseUrl: 'http://127.0.0.1:8080/v1', model: 'm' }, allowed: ['http://127.0.0.1:8080'] }),
    undefined,
  );
});

test('a provider that is not listed, an address that is not secure, a key that is written down and a cap without a price are refused', () => {
  for (const [value, says] of [
    [{ provider }, /not in allowed/],
    [{ provider, allowed: ['https://other.example'] }, /not in allowed/],
    [{ provider: { ...provider, baseUrl: 'http://models.example/v1' }, allowed: ['http://models.example'] }, /not reached over TLS/],
    [{ provider: { ...provider, key: 'sk-very-secret' }, allowed }, /secret:<name>/],
    [{ provider, allowed: ['https://models.example/v1'] }, /origins/],
    [{ provider, allowed, dailyCost: 5 }, /needs price/],
    [{ provider: 'other' }, /builtin/],
    [{ provider: 'builtin', temperature: 1 }, /temperature is not known/],
    ['x', /object/],
  ] as const) {
    assert.match(modelProblem(value) ?? 'taken', says, JSON.stringify(value));
  }
  assert.doesNotMatch(modelProblem({ provider: { ...provider, key: 'sk-very-secret' }, allowed }) ?? '', /sk-very/);
});
