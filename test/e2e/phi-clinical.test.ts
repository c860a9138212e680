import { deepStrictEqual, equal, ok } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { Resource } from '../../src/fhir/r4.ts';
import { eventually, startProduct } from '../fault/support/product.ts';
import { openProvider, says } from '../model/provider.ts';
import { openEhr, sixScopes } from '../sandbox/ehr/open.ts';
import { type Answer, ask, post } from '../support/http.ts';

const scopes = [...sixScopes, 'system/DocumentReference.c'];
/** In the data of one patient, in what is asked about them, and in what the model says; nowhere else. */
const canaries = [
  'ZZCANARYFAMILY',
  'ZZCANARYGIVEN',
  'ZZCANARYMRN',
  'ZZCANARYSTREET',
  'ZZCANARYDRUG',
  'ZZCANARYPROMPT',
  'ZZCANARYSAID',
  'zzcanary-id',
];

const chart: readonly Resource[] = [
  {
    ...{ resourceType: 'Patient', id: 'zzcanary-id', birthDate: '1950-03-02', gender: 'female' },
    name: [{ family: 'ZZCANARYFAMILY', given: ['ZZCANARYGIVEN'] }],
    identifier: [{ system: 'urn:id:HOSP', value: 'ZZCANARYMRN' }],
    address: [{ line: ['ZZCANARYSTREET 7'] }],
  },
  ...['MedicationRequest', 'AllergyIntolerance', 'Condition'].map((resourceType, n) => ({
    ...{ resourceType, id: `zz${n}`, status: 'active', intent: 'order' },
    ...(n === 0
      ? { subject: { reference: 'Patient/zzcanary-id' } }
      : { patient: { reference: 'Patient/zzcanary-id' }, subject: { reference: 'Patient/zzcanary-id' } }),
    ...{ code: { text: 'ZZCANARYDRUG' }, medicationCodeableConcept: { text: 'ZZCANARYDRUG' } },
    clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] },
  })),
] as unknown as Resource[];

test('no PHI in logs, metrics, refusals and URLs of CDS calls, answers, jobs and drafts, when they work and when they fail, every log line written', {
  timeout: 400_000,
}, async (t) => {
  const { ehr } = await openEhr(t, { resources: chart });
  const provider = await openProvider(t);
  const dir = mkdtempSync(join(tmpdir(), 'aorta-phi-clinical-'));
  const client = { key: 'secret:sandbox-ehr-key', scopes: sixScopes };
  const configuration = {
    ehrs: {
      outer: {
        fhirBase: ehr.fhirBase,
        cdsClient: { issuer: ehr.url, jku: `${ehr.url}/.well-known/jwks.json` },
        clients: { cds: { ...client, id: 'c' }, assist: { ...client, id: 'a' }, drafts: { ...client, id: 'd', scopes } },
      },
    },
    model: { provider: { baseUrl: provider.baseUrl, model: 'm' }, allowed: [provider.origin] },
  };
  writeFileSync(join(dir, 'aorta.config.ts'), `export default ${JSON.stringify(configuration)};\n`);
  const product = await startProduct({ data: join(dir, 'data'), project: dir, env: { LOG_LEVEL: 'debug' } });
  t.after(async () => {
    await product.dispose();
    rmSync(dir, { recursive: true, force: true });
  });
  for (const id of ['c', 'a', 'd']) ehr.register({ id, scopes, keys: { jku: `${product.http}/.well-known/jwks.json` } });
  provider.answer = says('ZZCANARYSAID of ', 'ZZCANARYFAMILY [1].');

  // Shown to who may see it: what these say is no leak.
  const shown: Answer[] = [];
  /** Refusals and errors: they say nothing of a patient. */
  const refusals: string[] = [];
  const patientId = 'zzcanary-id';
  const cds = async (more: object = {}) => {
    const { status, body } = await ehr.cds.call({ base: product.http, service: 'chart-review', patientId, ...more });
    if (status !== 200) refusals.push(JSON.stringify(body));
    return { status, cards: (body as { cards?: unknown[] }).cards ?? [] };
  };
  const assist = (prompt: string, id = patientId) => post(product.http, '/api/assist', { patientId: id, prompt });
  const job = async (key: string) => {
    const answer = await post(product.http, '/api/jobs', { type: 'clinical-draft', patientId }, { 'idempotency-key': key });
    equal(answer.status, 202, answer.text);
    const { id } = answer.json<{ id: string }>();
    let status = '';
    await eventually(
      'the job ends',
      async () => {
        ({ status } = await product.get<{ status: string }>(`/api/jobs/${id}`));
        return !['queued', 'running'].includes(status);
      },
      120_000,
    );
    return { id, status };
  };

  ok((await cds()).cards.length > 0, 'a card of the canary');
  equal((await cds({ prefetch: 'none' })).status, 200);
  equal(
    (
      await cds({
        service: 'order-allergies',
        context: { draftOrders: { resourceType: 'Bundle', type: 'collection', entry: [{ resource: chart[1] }] } },
      })
    ).status,
    200,
  );
  shown.push(await assist('What about ZZCANARYPROMPT?'));
  ok(shown[0]?.text.includes('ZZCANARYSAID'), 'the model was heard');
  const done = await job('ZZCANARYMRN-key');
  equal(done.status, 'succeeded');
  equal(ehr.store.search('DocumentReference', new URLSearchParams()).length, 1);

  // Everything that can go wrong with the data in it.
  equal((await cds({ claims: { aud: 'ZZCANARYFAMILY' } })).status, 401);
  equal((await cds({ prefetch: 'none', patientId: 'ZZCANARYFAMILY' })).status, 412);
  const path = '/cds-services/chart-review';
  for (const body of [
    { hook: 'ZZCANARYFAMILY' },
    { hook: 'patient-view', hookInstance: 'ZZCANARYFAMILY', context: { patientId, userId: 'ZZCANARYGIVEN' } },
    {
      hook: 'patient-view',
      hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
      context: { patientId: 'ZZCANARYFAMILY' },
      fhirServer: 'ZZCANARYSTREET',
    },
    '{"context":"ZZCANARYFAMILY',
  ]) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await ask(product.http, path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: text });
    equal(answer.status, 400);
    refusals.push(answer.text);
  }
  refusals.push(
    (await post(product.http, '/cds-services/ZZCANARYFAMILY', {})).text,
    (await post(product.http, '/api/assist', { patientId, prompt: 1, name: 'ZZCANARYFAMILY' })).text,
  );
  refusals.push((await assist('ZZCANARYPROMPT', 'ZZCANARYMRN')).text, (await ask(product.http, '/jobs/ZZCANARYMRN')).text);
  refusals.push((await post(product.http, '/api/jobs', { type: 'ZZCANARYFAMILY', patientId })).text);
  for (const kind of ['invalid-json', 'reset', 'status'] as const) {
    ehr.faults.add({ route: '/fhir/*', kind, status: 500 });
    equal((await cds({ prefetch: 'none' })).status, 200);
    ehr.faults.clear();
  }
  provider.answer = (_request, response) => void response.writeHead(500).end('ZZCANARYFAMILY ZZCANARYSAID');
  const failed = await assist('ZZCANARYPROMPT');
  refusals.push(failed.text);

  const scrape = (await product.status('/metrics')).body;
  const trace = await product.status(`/api/ops/trace/${done.id}`);
  deepStrictEqual([trace.status, trace.body.includes(done.id)], [200, true]);
  ok(scrape.includes('aorta_cds_calls_total') && scrape.includes('aorta_assist_answers_total'));
  const places: Readonly<Record<string, string>> = {
    ...{ '/metrics': scrape, stdout: product.stdout(), stderr: product.stderr(), refusals: refusals.join('\n') },
    'list of flows': (await product.status('/api/ops/flows')).body,
    'list of the quarantine': (await product.status('/api/ops/quarantine')).body,
    // The EHR's id of the patient is the key here: metadata, as in the audit chain.
    'trace of a job': trace.body.replaceAll(patientId, ''),
    'counts of CDS': (await product.status('/api/ops/cds')).body,
    'requests at the model': provider.asked.map((text) => text.replaceAll('ZZCANARYPROMPT', '').replaceAll('ZZCANARYDRUG', '')).join('\n'),
  };
  ok(product.stderr().length + product.stdout().length > 500, 'it logs');
  const found = Object.entries(places).flatMap(([where, text]) =>
    canaries.flatMap((canary) => {
      const at = text.indexOf(canary);
      return at < 0 ? [] : [`${canary} in ${where}: …${text.slice(Math.max(0, at - 150), at + 60)}…`];
    }),
  );
  deepStrictEqual(found, []);
});
