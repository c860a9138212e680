import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/clock/system.ts';
import { clinicalReads, contextEncounter, dated, fill, gather, vitalSigns } from '../../../src/fhir/client/index.ts';
import { openEhr, patientsOf } from '../../sandbox/ehr/open.ts';

const six = Object.values(clinicalReads);
const base = { perReadMs: 3_000, clock: systemClock };

test('the six reads are made at once and give what the EHR has, with their provenance', async (t) => {
  const { ehr, sent, client } = await openEhr(t);
  const fhir = await client();
  const [, patientId = ''] = patientsOf(ehr);
  const { reads, incomplete, provenance } = await gather({ ...base, reads: six, context: { patientId }, client: fhir });
  assert.deepEqual(incomplete, []);
  assert.equal(reads.patient.resources[0]?.id, patientId);
  const active = new URLSearchParams({ patient: patientId, 'clinical-status': 'active' });
  assert.equal(reads.conditions.resources.length, ehr.store.search('Condition', active).length);
  assert.deepEqual(
    sent
      .slice(2, 8)
      .map((line) => line.split('/')[2])
      .toSorted(),
    ['AllergyIntolerance', 'Condition', 'Encounter', 'MedicationRequest', 'Observation', 'Patient'],
  );
  assert.equal(provenance.base, ehr.fhirBase);
  assert.deepEqual(provenance.reads[0]?.entities, [`Patient/${patientId}/_history/1`]);
  assert.ok(provenance.reads.every(({ query }) => !query.includes(patientId)));
});

test('only results of the last 30 days are used, whoever sent them, and vital signs come when they are asked for', async (t) => {
  const { ehr, client } = await openEhr(t);
  const old = Date.now() - 30 * 86_400_000;
  const time = (each: object) => Date.parse((each as { effectiveDateTime: string }).effectiveDateTime);
  const labsOf = (patient: string) => ehr.store.search('Observation', new URLSearchParams({ patient, category: 'laboratory' }));
  const patientId = patientsOf(ehr).find((patient) => labsOf(patient).some((each) => time(each) < old)) ?? '';
  const fetched = await gather({ ...base, reads: [clinicalReads.labs, vitalSigns], context: { patientId }, client: await client() });
  assert.ok(fetched.reads.labs.resources.length > 0 && fetched.reads.labs.resources.every((each) => time(each) >= old));
  assert.equal(fetched.reads.vitals.status, 'complete');
  const all = labsOf(patientId);
  const labs = { resourceType: 'Bundle', entry: all.map((resource) => ({ resource })) };
  const sent = await gather({ ...base, reads: [clinicalReads.labs], context: { patientId }, prefetch: { labs } });
  assert.deepEqual([sent.reads.labs.resources.length, sent.reads.labs.source], [fetched.reads.labs.resources.length, 'prefetch']);
  assert.ok(all.length > sent.reads.labs.resources.length);
});

test('prefetched data needs no request; a next page is followed when there is access, and else it is partial', async (t) => {
  const { ehr, sent, client } = await openEhr(t);
  const [patientId = ''] = patientsOf(ehr);
  const fhir = await client();
  const all = ehr.store.search('Condition', new URLSearchParams({ patient: patientId }));
  const link = [{ relation: 'next', url: `${ehr.fhirBase}/Condition?patient=${patientId}&_page=1` }];
  const prefetch = {
    patient: { resourceType: 'Patient', id: patientId },
    conditions: { resourceType: 'Bundle', link, entry: [{ resource: all[0] }] },
  };
  const reads = [clinicalReads.patient, clinicalReads.conditions];
  const whole = await gather({ ...base, reads, context: { patientId }, prefetch, client: fhir });
  assert.deepEqual(
    [whole.reads.conditions.status, whole.reads.conditions.source, whole.reads.conditions.resources.length],
    ['complete', 'both', all.length],
  );
  assert.equal(sent.filter((line) => line.includes('/Patient')).length, 0);
  const part = await gather({ ...base, reads, context: { patientId }, prefetch });
  assert.deepEqual([part.incomplete, part.reads.conditions.resources.length], [['conditions'], 1]);
});

test('one read that hangs, fails or sends nonsense leaves the others alone', async (t) => {
  const { ehr, client } = await openEhr(t);
  const [patientId = ''] = patientsOf(ehr);
  const fhir = await client();
  // Warm: a token is there, so that the short time below is for the reads alone.
  await gather({ ...base, perReadMs: 30_000, reads: [clinicalReads.patient], context: { patientId }, client: fhir });
  for (const [kind, problem] of [
    ['hang', 'AORTA_EHR_001'],
    ['reset', 'AORTA_EHR_002'],
    ['truncate', 'AORTA_EHR_002'],
    ['invalid-json', 'AORTA_EHR_006'],
    ['status', 'AORTA_EHR_004'],
  ] as const) {
    ehr.faults.clear();
    ehr.faults.add({ route: '/fhir/Condition', kind });
    const { reads, incomplete } = await gather({
      ...base,
      perReadMs: kind === 'hang' ? 1_000 : 30_000,
      reads: six,
      context: { patientId },
      client: fhir,
    });
    assert.deepEqual([incomplete, reads.conditions.status, reads.conditions.problem], [['conditions'], 'failed', problem], kind);
  }
});

test('days of a template are said by their date, in our own requests too', async (t) => {
  const now = Date.parse('2026-03-01T00:30:00Z');
  for (const [template, wanted] of [
    ['date=ge{{today() - 30 days}}', 'date=ge2026-01-30'],
    ['date=le{{today()}}&x={{context.x}}', 'date=le2026-03-01&x={{context.x}}'],
    ['date=lt{{ today()+1 day }}', 'date=lt2026-03-02'],
    ['date=lt{{tomorrow()}}', 'date=lt{{tomorrow()}}'],
  ] as const)
    assert.equal(dated(template, now), wanted);
  const { ehr, client } = await openEhr(t);
  const fhir = await client();
  const [patientId = ''] = patientsOf(ehr);
  let asked = '';
  const listening: typeof fhir = {
    ...fhir,
    search(query, call) {
      asked = query;
      return fhir.search(query, call);
    },
  };
  const before = Date.now();
  await gather({ ...base, reads: [clinicalReads.labs], context: { patientId }, client: listening });
  const days = [before, Date.now()].map((at) => new Date(at - 30 * 86_400_000).toISOString().slice(0, 10));
  assert.ok(
    days.some((day) => asked.includes(`date=ge${day}&_sort=-date&_count=100`)),
    asked,
  );
});

test('pages are read up to the first one that ends with a result that is too old, also behind what was prefetched', async (t) => {
  const { ehr, sent, client } = await openEhr(t);
  const fhir = await client();
  const [patientId = ''] = patientsOf(ehr);
  const next = `${ehr.fhirBase}/Observation?patient=${patientId}&category=laboratory&_sort=-date&_count=1`;
  const [newest] = ehr.store.search('Observation', new URLSearchParams({ patient: patientId, category: 'laboratory' }));
  const labs = { resourceType: 'Bundle', link: [{ relation: 'next', url: next }], entry: [{ resource: newest }] };
  const read = { ...clinicalReads.labs, youngerThanMs: 1 };
  // The first of the next pages ends with one that is too old already: the second is not asked for.
  const young = { ...newest, effectiveDateTime: new Date(Date.now() + 60_000).toISOString() };
  const prefetch = { labs: { ...labs, entry: [{ resource: young }] } };
  const { reads } = await gather({ ...base, reads: [read], context: { patientId }, prefetch, client: fhir });
  assert.deepEqual([reads.labs.status, reads.labs.pages, reads.labs.resources.length], ['complete', 2, 1]);
  assert.equal(sent.filter((line) => line.includes('/Observation')).length, 1);
});

test('an EHR that does not sort is read to its end: the newest may be on its last page', async (t) => {
  const { client } = await openEhr(t);
  const fhir = await client();
  const day = 86_400_000;
  const lab = (id: string, days: number) => ({
    ...{ resourceType: 'Observation', id, subject: { reference: 'Patient/p' } },
    effectiveDateTime: new Date(Date.now() - days * day).toISOString(),
  });
  let pages = 0;
  // Oldest first, filters ignored: three pages at the EHR, or the first one prefetched.
  const all = [
    [lab('a', 90), lab('b', 60)],
    [lab('c', 50), lab('d', 40)],
    [lab('e', 2), lab('f', 1)],
  ];
  const searching = (from: number): typeof fhir => ({
    ...fhir,
    async search(_query, { until }) {
      const resources: object[] = [];
      for (const page of all.slice(from)) {
        pages++;
        resources.push(...page);
        if (until?.(page)) break;
      }
      return { resources: resources as never, complete: true, pages };
    },
  });
  const { labs } = clinicalReads;
  const link = [{ relation: 'next', url: `${fhir.base}/Observation?page=2` }];
  const sent = { resourceType: 'Bundle', link, entry: (all[0] ?? []).map((resource) => ({ resource })) };
  for (const [from, prefetch] of [
    [0, {}],
    [1, { labs: sent }],
  ] as const) {
    pages = 0;
    const { reads } = await gather({ ...base, reads: [labs], context: { patientId: 'p' }, prefetch, client: searching(from) });
    assert.deepEqual(
      reads.labs.resources.map(({ id }) => id),
      ['e', 'f'],
    );
  }
});

test('no access and no prefetch is denied; a template whose token has no value asks for nothing', async () => {
  const none = await gather({ ...base, reads: [clinicalReads.patient, contextEncounter], context: { patientId: 'p' } });
  assert.deepEqual([none.reads.patient.status, none.reads.encounter.status], ['denied', 'complete']);
});

test('an id from outside cannot change the query', async (t) => {
  const { ehr, sent, client } = await openEhr(t);
  const fhir = await client();
  const [other = ''] = patientsOf(ehr);
  const reads = [clinicalReads.patient, clinicalReads.conditions];
  const { incomplete } = await gather({ ...base, reads, context: { patientId: `x&patient=${other}/../..` }, client: fhir });
  assert.deepEqual(incomplete, ['patient']);
  assert.ok(sent.every((line) => !line.includes(`/${other}`)));
  assert.equal(
    fill('Condition?patient={{context.patientId}}&x=1', { patientId: 'a&b=c/../?d#e' }, 0),
    'Condition?patient=a%26b%3Dc%2F..%2F%3Fd%23e&x=1',
  );
});
