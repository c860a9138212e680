import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compose, type Retrieved } from '../../src/assist/index.ts';
import type { Model, ModelRequest } from '../../src/model/index.ts';

const now = Date.UTC(2026, 10, 29);

/** What a model is told of these resources. */
async function told(resources: readonly object[], own: object = {}): Promise<ModelRequest> {
  const asked: ModelRequest[] = [];
  const model: Model = {
    ...{ provider: 'p', name: 'm', version: '1' },
    async *stream(request) {
      asked.push(request);
      yield { kind: 'end', reason: 'stop', usage: { inputTokens: 0, outputTokens: 0 } };
    },
  };
  const retrieved: Retrieved = {
    ...{ patientId: 'p', atEhr: undefined, gaps: [], events: [], provenance: { at: now, base: undefined, reads: [] } },
    own: { resourceType: 'Patient', id: 'p', ...own },
    resources: resources.map((resource) => ({ resource: resource as never, source: 'ehr' })),
  };
  const signal = new AbortController().signal;
  for await (const _ of compose({ task: 'assist', question: 'x', retrieved, model, now, maxOutputTokens: 10, signal }));
  return asked[0] as ModelRequest;
}
const allergy = (text: string, security: unknown) => ({ resourceType: 'AllergyIntolerance', id: text, code: { text }, meta: { security } });

test('what an AI said is no fact; what a clinician stands for is one, whatever the label looks like', async () => {
  const label = (code: string) => [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code }];
  const { facts } = await told([
    allergy('Latex', undefined),
    allergy('Penicillin', label('CLINAST')),
    allergy('Iodine', label('CLINAST_AIRPT')),
    allergy('Nuts', { code: 'N' }),
    ...['AIAST', 'AIRPT', 'AIAST_CLINRPT'].map((code) => allergy(code, label(code))),
  ]);
  assert.deepEqual(facts.map(({ text }) => text).toSorted(), ['Iodine', 'Latex', 'Nuts', 'Penicillin']);
});
