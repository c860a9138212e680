import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { openEmbedded } from '../../../src/runtime/embedded.ts';
import { openKafka, serviceAddresses } from '../../../src/runtime/kafka.ts';
import { admitted, documents, eventually, type Job, openSite, type Site } from '../../assist/site.ts';
import { ask, post } from '../../support/http.ts';

/** A draft as the EHR has it. */
interface Written {
  readonly status: string;
  readonly docStatus: string;
  readonly type: { readonly coding: [{ readonly system: string; readonly code: string }] };
  readonly extension: [{ readonly url: string; readonly valueBoolean: boolean }];
  readonly meta: { readonly security: [{ readonly code: string }] };
  readonly contained: [{ readonly resourceType: string }];
  readonly content: [{ readonly attachment: { readonly contentType: string; readonly data: string } }];
  readonly subject: { readonly reference?: string };
  readonly identifier: [{ readonly system: string }];
}

describe('jobs', () => {
  const ends: (() => Promise<void>)[] = [];
  let site: Site;
  let patientId = '';
  before(async () => {
    site = await openSite({ after: (end) => void ends.push(end) });
    patientId = (site.sandbox.ehr.patients()[0] as { id: string }).id;
  });
  after(async () => {
    for (const end of ends) await end();
  });
  const request = (body: object, key?: string) =>
    post(site.worker.http, '/api/jobs', body, key === undefined ? {} : { 'idempotency-key': key });
  const draft = (patient = patientId, key?: string) => request({ type: 'clinical-draft', patientId: patient }, key);

  test('a job is taken with 202 and Location, runs, and its result is one labelled preliminary document at the EHR', async () => {
    const answer = await draft(patientId, 'first');
    assert.equal(answer.status, 202);
    assert.equal(answer.headers['retry-after'], '1');
    const { id, status } = answer.json<unknown>() as Job;
    assert.equal(answer.headers.location, `/api/jobs/${id}`);
    assert.equal(status, 'queued');
    const job = await site.poll(id);
    assert.deepEqual([job.status, job.progress, job.code], ['succeeded', 100, undefined]);
    const [document, ...more] = documents(site);
    assert.equal(more.length, 0);
    assert.equal(job.result?.document.reference, `DocumentReference/${document?.id}`);
    const { status: current, docStatus, type, extension, meta, contained, content, subject, identifier } = document as never as Written;
    assert.deepEqual(
      [current, docStatus, type.coding[0].system, type.coding[0].code],
      ['current', 'preliminary', 'http://loinc.org', '18842-5'],
    );
    assert.ok(/ai-generated$/.test(extension[0].url) && extension[0].valueBoolean === true);
    assert.equal(meta.security[0].code, 'AIAST');
    assert.equal(contained[0].resourceType, 'Device');
    assert.deepEqual(site.sandbox.ehr.store.search('Provenance', new URLSearchParams()), [], 'there is no scope for it');
    assert.equal(job.result?.provenanceAtEhr, undefined);
    assert.equal(content[0].attachment.contentType, 'text/plain');
    assert.equal(Buffer.from(content[0].attachment.data, 'base64').toString(), job.result?.text);
    assert.match(job.result?.text ?? '', /Discharge summary[\s\S]*Active problems:[\s\S]*\[\d+\][\s\S]*Sources:\n\[1\] Patient\//);
    assert.deepEqual([subject.reference, identifier[0].system], [`Patient/${patientId}`, 'urn:aorta:clinical-draft']);
    const last = await ask(site.worker.http, `/jobs/${id}`);
    assert.deepEqual(
      [last.status, last.headers['retry-after'], (last.json<unknown>() as Job).status],
      [200, undefined, 'succeeded'],
      'by its other name',
    );
  });

  test('the same key is the same job, however often and at once; another patient under it is refused; other keys are other jobs', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => draft(patientId, 'second')));
    const ids = new Set(answers.map((answer) => (answer.json<unknown>() as Job).id));
    assert.deepEqual([ids.size, ...new Set(answers.map(({ status }) => status))], [1, 202]);
    const [id = ''] = ids;
    const job = await site.poll(id);
    assert.equal(((await draft(patientId, 'second')).json<unknown>() as Job).status, 'succeeded');
    assert.equal(documents(site).filter((each) => job.result?.document.reference.endsWith(each.id)).length, 1);
    const refused = await draft('somebody-else', 'second');
    assert.deepEqual([refused.status, refused.json()['code']], [422, 'AORTA_JOB_001']);
    const before = documents(site).length;
    const [one, two] = await Promise.all([draft(), draft()]);
    for (const answer of [one, two]) await site.poll((answer.json<unknown>() as Job).id);
    assert.equal(documents(site).length, before + 2);
  });

  test('an approval adds a verifier and never removes the label', async () => {
    const { id } = (await draft(patientId, 'approve')).json<unknown>() as Job;
    const done = await site.poll(id);
    assert.equal(done.result?.reviewed, false);
    assert.deepEqual(
      done.result?.provenance.agent.map(({ type }) => type.coding[0]?.code),
      ['author'],
    );
    assert.ok((done.result?.provenance.entity.length ?? 0) > 3, 'what it was made from');
    const answer = await post(site.worker.http, `/api/jobs/${id}/approve`, {});
    assert.equal(answer.status, 200, answer.text);
    const { result } = answer.json<unknown>() as Job;
    assert.equal(result?.reviewed, true);
    assert.deepEqual(
      result?.provenance.agent.map(({ type }) => type.coding[0]?.code),
      ['author', 'verifier'],
    );
    assert.equal(result?.provenance.reason[0]?.coding[0]?.code, 'AIAST');
    const document = documents(site).find((each) => result?.document.reference.endsWith(each.id)) as never as Written;
    assert.equal(document.meta.security[0].code, 'AIAST');
  });

  test('a patient of the canonical store is found at the EHR by identifier, else the document names the identifier', async () => {
    const nowhere = await admitted(site, { mrn: 'MRN77', authority: 'HOSP', name: 'Keller^Vreni' });
    const { id } = (await draft(nowhere)).json<unknown>() as Job;
    const job = await site.poll(id);
    assert.equal(job.status, 'succeeded', job.code);
    const document = documents(site).find((each) => job.result?.document.reference.endsWith(each.id)) as never as Written;
    assert.deepEqual(document.subject, { type: 'Patient', identifier: { system: 'urn:id:HOSP', value: 'MRN77' } });
    assert.match(job.result?.text ?? '', /Penicillin/);
    assert.match(job.result?.text ?? '', /Not read completely: the EHR \(no such patient\)/);

    site.sandbox.ehr.store.create({ resourceType: 'Patient', identifier: [{ system: 'urn:id:HOSP', value: 'MRN78' }] } as never);
    const both = await admitted(site, { mrn: 'MRN78', authority: 'HOSP', name: 'Meier^Urs' });
    const second = await site.poll(((await draft(both)).json<unknown>() as Job).id);
    const found = documents(site).find((each) => second.result?.document.reference.endsWith(each.id)) as never as Written;
    const [there] = site.sandbox.ehr.store.search('Patient', new URLSearchParams('identifier=MRN78'));
    assert.equal(found.subject.reference, `Patient/${there?.id}`);
  });

  test('fails with a reason and no document: a patient that nobody knows, an EHR that refuses', async () => {
    const before = documents(site).length;
    const unknown = await site.poll(((await draft('nobody')).json<unknown>() as Job).id);
    assert.deepEqual([unknown.status, unknown.code], ['failed', 'AORTA_JOB_005']);
    site.sandbox.ehr.faults.add({ route: '/fhir/DocumentReference', kind: 'status', status: 422 });
    const refused = await site.poll(((await draft()).json<unknown>() as Job).id);
    site.sandbox.ehr.faults.clear();
    assert.deepEqual([refused.status, refused.code], ['failed', 'AORTA_EHR_005']);
    assert.equal(documents(site).length, before);
    const after = await site.poll(((await draft()).json<unknown>() as Job).id);
    assert.equal(after.status, 'succeeded', 'the next job of the patient is not held up');
  });

  test('an EHR that fails for a moment is tried again, and still gets one document', async () => {
    const before = documents(site).length;
    site.sandbox.ehr.faults.add({ route: '/fhir/DocumentReference', kind: 'status', status: 503 });
    const { id } = (await draft()).json<unknown>() as Job;
    await eventually('it writes', async () => {
      const { phase } = (await ask(site.worker.http, `/api/jobs/${id}`)).json();
      return phase === 'writing' ? true : undefined;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(((await ask(site.worker.http, `/api/jobs/${id}`)).json<unknown>() as Job).status, 'running');
    site.sandbox.ehr.faults.clear();
    assert.equal((await site.poll(id)).status, 'succeeded');
    assert.equal(documents(site).length, before + 1);
  });

  test('an answer of the EHR that is lost after it wrote is asked for again, and makes no twin', async () => {
    const before = documents(site).length;
    site.sandbox.ehr.faults.add({ route: '/fhir/DocumentReference', kind: 'lost-answer' });
    const { id } = (await draft()).json<unknown>() as Job;
    await eventually('it is written', () => (documents(site).length === before + 1 ? true : undefined));
    site.sandbox.ehr.faults.clear();
    const job = await site.poll(id);
    assert.equal(job.status, 'succeeded', job.code);
    assert.equal(documents(site).length, before + 1);
  });

  test('DELETE cancels what is not being written: no document comes, and DELETE again says the same; what ended stays', async () => {
    const before = documents(site).length;
    site.sandbox.ehr.faults.add({ route: '/fhir/Condition', kind: 'hang' });
    const { id } = (await draft()).json<unknown>() as Job;
    await eventually('it runs', async () =>
      ((await ask(site.worker.http, `/api/jobs/${id}`)).json<unknown>() as Job).status === 'running' ? true : undefined,
    );
    for (let times = 0; times < 2; times++) {
      const answer = await ask(site.worker.http, `/api/jobs/${id}`, { method: 'DELETE' });
      assert.deepEqual([answer.status, (answer.json<unknown>() as Job).status], [200, 'cancelled']);
    }
    site.sandbox.ehr.faults.clear();
    const ended = await site.poll(((await draft()).json<unknown>() as Job).id);
    assert.equal(ended.status, 'succeeded', 'the aborted one makes way at once');
    assert.equal(documents(site).length, before + 1);
    const late = await ask(site.worker.http, `/api/jobs/${ended.id}`, { method: 'DELETE' });
    assert.deepEqual([late.status, late.json()['code']], [409, 'AORTA_JOB_002']);
    for (const method of ['GET', 'DELETE']) assert.equal((await ask(site.worker.http, '/api/jobs/none', { method })).status, 404);
    assert.equal((await post(site.worker.http, `/api/jobs/${id}/approve`, {})).status, 409);
  });

  test('what is wrong is refused before anything is stored', async () => {
    for (const body of [
      {},
      { type: 'clinical-draft' },
      { type: 'other', patientId },
      { type: 'clinical-draft', patientId: 1 },
      { type: 'clinical-draft', patientId: 'a/../b' },
      { type: 'clinical-draft', patientId, url: 'http://x' },
      [],
    ])
      assert.equal((await request(body)).status, 400, JSON.stringify(body));
    assert.equal((await draft(patientId, 'k'.repeat(256))).status, 400);
    assert.equal(
      (await ask(site.worker.http, '/api/jobs', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } })).status,
      400,
    );
  });

  test('a crash between the row and the log, and a request that comes again after its row is gone or its text forgotten, end in one document', async () => {
    const { id } = (await draft(patientId, 'replayed')).json<unknown>() as Job;
    const first = await site.poll(id);
    const old = await site.poll(((await draft(patientId, 'old')).json<unknown>() as Job).id);
    const before = documents(site).length;
    await site.restart(async () => {
      const { DatabaseSync } = await import('node:sqlite');
      const { readdirSync } = await import('node:fs');
      const file = readdirSync(site.data).find((name) => /\.(db|sqlite)$/.test(name)) ?? '';
      const database = new DatabaseSync(`${site.data}/${file}`);
      // Forgotten after its time, and asked for again under the same id; its append never happened.
      database.exec(`DELETE FROM aorta_job WHERE id = '${id}'`);
      database.exec(`UPDATE aorta_job SET updated_at = 1 WHERE id = '${old.id}'`);
      const insert = database.prepare(
        "INSERT INTO aorta_job (id, type, patient, client, fingerprint, requested_at, updated_at, appended, status, progress) VALUES (?, 'clinical-draft', ?, 'local-developer', ?, 1, 1, 0, 'queued', 0)",
      );
      for (const each of [id, 'job-0123456789abcdef0123456789abcdef']) insert.run(each, patientId, `clinical-draft ${patientId}`);
      database.close();
    });
    const again = await site.poll(id);
    assert.deepEqual(
      [again.status, again.result?.document.reference],
      ['succeeded', first.result?.document.reference],
      'found, not written twice',
    );
    assert.equal((await site.poll('job-0123456789abcdef0123456789abcdef')).status, 'succeeded', 'it was owed to the log');
    const tail = await ask(site.worker.http, '/api/ops/topics/job.status/tail?limit=100');
    const told = tail.json<{ records: { value?: { jobId?: string } }[] }>().records.filter(({ value }) => value?.jobId === id);
    assert.equal(told.length, 1, 'told once, though the request stands in the log twice');
    assert.equal(documents(site).length, before + 1);

    // Its text went with its time: the same key finds the document, and tells no other text as that one's.
    const kept = (await draft(patientId, 'old')).json<unknown>() as Job;
    assert.deepEqual([kept.id, kept.status, kept.result?.document.reference], [old.id, 'succeeded', old.result?.document.reference]);
    assert.deepEqual([kept.result?.text, kept.result?.textForgotten], [undefined, true]);
    assert.deepEqual(kept.result?.provenance.entity, old.result?.provenance.entity);
    assert.equal(documents(site).length, before + 1);
  });
});

test('on the real services: one document for a key, and how it ended stands on job.status once', async () => {
  const ends: (() => Promise<void>)[] = [];
  const open: typeof openEmbedded = (options) => openKafka(serviceAddresses(process.env), options);
  const site = await openSite({ after: (end) => void ends.push(end) }, { open });
  try {
    const patientId = (site.sandbox.ehr.patients()[0] as { id: string }).id;
    const key = { 'idempotency-key': `key-${process.pid}-${Date.now()}` };
    const body = { type: 'clinical-draft', patientId };
    const answers = await Promise.all(Array.from({ length: 4 }, () => post(site.worker.http, '/api/jobs', body, key)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [202]);
    const [first] = answers.map((answer) => answer.json<unknown>() as Job);
    const job = await site.poll(first?.id ?? '');
    assert.equal(job.status, 'succeeded', job.code);
    assert.equal(documents(site).length, 1);
    const records = await eventually('the status', async () => {
      const answer = await ask(site.worker.http, '/api/ops/topics/job.status/tail?limit=100');
      const { records: all = [] } = answer.json<{ records?: { value?: { jobId?: string; status?: string } }[] }>();
      const own = all.filter(({ value }) => value?.jobId === job.id);
      return own.length > 0 ? own : undefined;
    });
    assert.deepEqual(
      records.map(({ value }) => value?.status),
      ['succeeded'],
    );
  } finally {
    for (const end of ends) await end();
  }
});
