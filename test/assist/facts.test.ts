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

test('a name, a number or a date at the place where a long text is cut is not told in half', async () => {
  const own = {
    name: [{ family: 'Zzfamilyname' }],
    identifier: [{ system: 'urn:x', value: 'Zznumber-4711' }],
    address: [{ line: ['Zzstreet 7'] }],
  };
  for (const secret of ['Zzfamilyname', 'Zznumber-4711', 'Zzstreet 7', '031 555 77 88', '1950-03-02'])
    for (let at = 270; at < 300; at++) {
      const { facts } = await told([{ resourceType: 'Condition', id: 'c', code: { text: `${'x'.repeat(at)} ${secret} and more` } }], own);
      assert.doesNotMatch(facts[0]?.text ?? '', /Zz|031|555|1950|\[[A-Z]*-?\d*$/, `${secret} at ${at}`);
    }
});

test('a name is found however its accents are written', async () => {
  const text = 'Asthma of Zoë Žižka'.normalize('NFD');
  for (const form of ['NFC', 'NFD'] as const) {
    const own = { name: [{ family: 'Žižka'.normalize(form), given: ['Zoë'.normalize(form)] }] };
    const { facts } = await told([{ resourceType: 'Condition', id: 'c', code: { text } }], own);
    assert.equal(facts[0]?.text, 'Asthma of [NAME-1] [NAME-2]', form);
  }
});
