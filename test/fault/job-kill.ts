import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { header } from '../../src/log/port.ts';
import { makeKey } from '../../src/smart/index.ts';
import { hangsAfter, openProvider, says } from '../model/provider.ts';
import { openEhr, type Scope, sixScopes } from '../sandbox/ehr/open.ts';
import { post } from '../support/http.ts';
import { eventually, type Product, startProduct } from './support/product.ts';
import { site } from './support/site.ts';

interface Job {
  readonly id: string;
  readonly status: string;
  readonly result?: { readonly document: { readonly reference: string } };
}
interface Told {
  readonly records: readonly {
    readonly headers: Readonly<Record<string, string>>;
    readonly value: { readonly jobId: string; readonly status: string; readonly document: string };
  }[];
}

/** The name of the one secret that a development server has. */
const keyName = 'sandbox-ehr-key';
const scopes = [...sixScopes, 'system/DocumentReference.c'];

/**
 * A worker in a process of its own, with an EHR and a model that outlive it. It is killed while the model writes, and
 * while the EHR creates the document; what was asked for twice under one key ends once, is told once, and is one document.
 */
export async function killJobs(scope: Scope, profile: 'embedded' | 'kafka'): Promise<void> {
  const { ehr } = await openEhr(scope);
  const provider = await openProvider(scope);
  const here = profile === 'kafka' ? await site('kafka') : undefined;
  const dir = mkdtempSync(join(tmpdir(), `aorta-job-kill-${profile}-`));
  const products: Product[] = [];
  scope.after(async () => {
    for (const product of products) await product.dispose();
    await here?.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const [config, data] = [join(dir, 'aorta.config.ts'), join(dir, 'data')];
  const client = { id: 'ours', key: `secret:${keyName}`, scopes };
  const configuration = {
    engine: { sessionTimeoutMs: 3_000 },
    ehrs: { outer: { fhirBase: ehr.fhirBase, clients: { drafts: client } } },
    model: { provider: { baseUrl: provider.baseUrl, model: 'm' }, allowed: [provider.origin] },
  };
  writeFileSync(config, `export default ${JSON.stringify(configuration)};\n`);
  mkdirSync(join(data, 'secrets'), { recursive: true, mode: 0o700 });
  writeFileSync(join(data, 'secrets', keyName), JSON.stringify(await makeKey('ES384', 'k1')), { mode: 0o600 });
  const start = async (): Promise<Product> => {
    const product = await startProduct(
      here?.services ? { data, services: here.services, arguments: ['--config', config] } : { data, project: dir },
    );
    products.push(product);
    // A new address each time: the development server makes a new key at each start.
    ehr.register({ id: 'ours', scopes, keys: { jku: `${product.http}/.well-known/jwks.json` } });
    return product;
  };
  const [patientId = ''] = ehr.store.search('Patient', new URLSearchParams()).map(({ id }) => id);
  const ask = async (product: Product, key: string): Promise<Job> => {
    const answer = await post(product.http, '/api/jobs', { type: 'clinical-draft', patientId }, { 'idempotency-key': key });
    assert.equal(answer.status, 202, answer.text);
    return answer.json<unknown>() as Job;
  };
  const killed = async (product: Product) => {
    product.kill('SIGKILL');
    assert.equal((await product.exited).signal, 'SIGKILL');
  };

  // The first kill: the model has begun to speak.
  provider.answer = hangsAfter('Sta');
  let product = await start();
  const first = await ask(product, 'one');
  await eventually('the model is asked', () => provider.asked.length > 0);
  await killed(product);
  await eventually('the call of the dead process is gone', () => provider.left() > 0);

  // The second: the EHR has the document, or will have it in a moment, and nobody heard its answer.
  provider.answer = says('Stable patient ', '[1].');
  ehr.faults.add({ route: '/fhir/DocumentReference', kind: 'latency', ms: 400 });
  product = await start();
  assert.equal((await ask(product, 'one')).id, first.id, 'the same key is the same job, also after a restart');
  await eventually(
    'the draft is on its way to the EHR',
    async () => {
      const { phase } = await product.get<{ phase?: string }>(`/api/jobs/${first.id}`);
      return phase === 'writing';
    },
    60_000,
    20,
  );
  await killed(product);
  ehr.faults.clear();

  product = await start();
  const [again, other] = [await ask(product, 'one'), await ask(product, 'two')];
  assert.equal(again.id, first.id);
  const ended = new Map<string, Job>();
  for (const { id } of [again, other]) {
    await eventually(`job ${id} ends`, async () => {
      const job = await product.get<Job>(`/api/jobs/${id}`);
      ended.set(id, job);
      return !['queued', 'running'].includes(job.status);
    });
    assert.equal(ended.get(id)?.status, 'succeeded', JSON.stringify(ended.get(id)));
  }
  // A kill between the append and its mark may leave a record twice in the topic: with one event id, by which readers drop it.
  const told = async () => {
    const { records } = await product.get<Told>('/api/ops/topics/job.status/tail?limit=100');
    return [...new Map(records.map((record) => [record.headers[header.eventId], record.value])).values()];
  };
  await eventually('both are told', async () => new Set((await told()).map(({ jobId }) => jobId)).size === 2);
  await killed(product);

  // A third life finds nothing left to do.
  product = await start();
  assert.deepEqual([(await ask(product, 'one')).status, (await ask(product, 'two')).status], ['succeeded', 'succeeded']);
  const documents = ehr.store.search('DocumentReference', new URLSearchParams());
  const references = documents.map(({ id }) => `DocumentReference/${id}`).sort();
  assert.deepEqual([...ended.values()].map(({ result }) => result?.document.reference).sort(), references, 'one document for each job');
  assert.deepEqual(
    (await told()).map(({ jobId, status, document }) => [jobId, status, document]).sort(),
    [...ended.values()].map(({ id, status, result }) => [id, status, result?.document.reference]).sort(),
    'each end is told once, and says what the job says',
  );
  product.kill('SIGTERM');
  await product.exited;
}
