import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { admitted, documents, eventually, type Job, openSite, type Site } from '../../assist/site.ts';
import { post } from '../../support/http.ts';

/** A Provenance as the EHR has it. */
interface Written {
  readonly id: string;
  readonly target: [{ readonly reference: string }];
  readonly reason: [{ readonly coding: [{ readonly code: string }] }];
  readonly agent: [{ readonly who: { readonly reference?: string } }];
  readonly contained: [{ readonly resourceType: string; readonly type: { readonly text: string } }];
  readonly entity: { readonly what: { readonly reference?: string; readonly identifier?: { readonly value: string } } }[];
}

const granted = 'system/Provenance.c';

describe('Provenance at an EHR that grants it', () => {
  const ends: (() => Promise<void>)[] = [];
  let site: Site;
  let patientId = '';
  before(async () => {
    site = await openSite({ after: (end) => void ends.push(end) }, ({ config: { sandbox } }) => {
      const { drafts } = sandbox?.clients ?? {};
      assert.ok(sandbox && drafts);
      const clients = { ...sandbox.clients, drafts: { ...drafts, scopes: [...drafts.scopes, granted] } };
      return { ehrs: { sandbox: { ...sandbox, clients } } };
    });
    patientId = (site.sandbox.ehr.patients()[0] as { id: string }).id;
  });
  after(async () => {
    for (const end of ends) await end();
  });
  const register = (...more: string[]) => {
    const scopes = [...(site.sandbox.config['sandbox']?.clients?.['drafts']?.scopes ?? []), ...more];
    site.sandbox.ehr.register({ id: 'aorta-drafts', scopes, keys: { jku: `${site.worker.http}/.well-known/jwks.json` } });
  };
  const drafted = async (patient = patientId) =>
    site.poll(((await post(site.worker.http, '/api/jobs', { type: 'clinical-draft', patientId: patient })).json<unknown>() as Job).id);
  const written = () => site.sandbox.ehr.store.search('Provenance', new URLSearchParams()) as unknown as Written[];
  const failed = (times: number) =>
    eventually('it fails', () => site.lines.filter((line) => line.includes('draft.provenance.failed')).length >= times || undefined);
  const route = '/fhir/Provenance';

  test('one that has the scope in its configuration only drafts as ever: what is not granted after all fails nothing', async () => {
    const job = await drafted();
    await failed(1);
    assert.deepEqual([job.status, job.result?.provenanceAtEhr, written().length], ['succeeded', undefined, 0]);
  });

  test('it says who wrote the document and from what, by references that lead somewhere there', async () => {
    register(granted);
    // A refusal of the token endpoint stands for a second: until then nobody asks again.
    await sleep(1_500);
    site.sandbox.ehr.store.create({ resourceType: 'Patient', identifier: [{ system: 'urn:id:HOSP', value: 'MRN78' }] } as never);
    const job = await drafted(await admitted(site, { mrn: 'MRN78', authority: 'HOSP', name: 'Meier^Urs' }));
    assert.equal(job.status, 'succeeded', job.code);
    // It comes after the document, which nobody waits longer for.
    const attested = await eventually('it is told', async () => (await site.poll(job.id)).result?.provenanceAtEhr);
    const [made, ...more] = written();
    assert.equal(more.length, 0);
    assert.deepEqual([attested.reference, made?.target[0].reference], [`Provenance/${made?.id}`, job.result?.document.reference]);
    assert.deepEqual([made?.reason[0].coding[0].code, made?.agent[0].who.reference], ['AIAST', '#ai']);
    assert.deepEqual([made?.contained[0].resourceType, made?.contained[0].type.text], ['Device', 'Artificial-Intelligence']);
    for (const { what } of made?.entity ?? []) {
      const [type = '', id = ''] = (what.reference ?? '').split('/');
      assert.ok(what.identifier ?? site.sandbox.ehr.store.read(type, id), JSON.stringify(what));
    }
    assert.ok(
      made?.entity.some(({ what }) => what.identifier?.value.startsWith('Condition/')),
      'what was read here is named, too',
    );
  });

  test('an EHR that fails for it, for a while or for good, fails no draft', async () => {
    const before = [documents(site).length, written().length] as const;
    for (const [index, status] of [422, 503].entries()) {
      site.sandbox.ehr.faults.add({ route, kind: 'status', status });
      const job = await drafted();
      await failed(index + 2);
      site.sandbox.ehr.faults.clear();
      assert.deepEqual([job.status, job.result?.provenanceAtEhr], ['succeeded', undefined], `${status}`);
      assert.equal(job.result?.provenance.reason[0]?.coding[0]?.code, 'AIAST', 'ours is there');
    }
    assert.deepEqual([documents(site).length, written().length], [before[0] + 2, before[1]]);
  });
});
