import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openSite, type Site, until } from '../../support/hospital/site.ts';
import { type Answer, ask } from '../../support/http.ts';

interface Bundle {
  readonly resourceType: string;
  readonly type: string;
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly { readonly fullUrl: string; readonly resource: { readonly resourceType: string; readonly id: string } }[];
}

const outcome = (answer: Answer, status: number, code: string): string => {
  assert.equal(answer.status, status);
  assert.match(answer.type, /^application\/fhir\+json/);
  const { resourceType, issue } = answer.json<{ resourceType: string; issue: { severity: string; code: string; diagnostics: string }[] }>();
  assert.equal(resourceType, 'OperationOutcome');
  assert.deepEqual([issue[0]?.severity, issue[0]?.code], ['error', code]);
  return issue[0]?.diagnostics ?? '';
};

describe('FHIR routes', () => {
  let site: Site;
  const get = (path: string, headers = {}) => ask(site.url, path, { headers });
  const found = async (path: string): Promise<string[]> =>
    ((await get(path)).json<Bundle>().entry ?? []).map(({ resource }) => `${resource.resourceType}/${resource.id}`);

  before(async () => {
    site = await openSite();
    await site.send(
      { event: 'A01', at: '202601010800', place: '4W^401^A^GENHOSP', pid: { 3: '4711^^^GENHOSP^MR~X9^^^&1.2.3&ISO^PI' } },
      { event: 'A01', at: '202601010900', place: '4W^401^B^GENHOSP', visit: 'V2', pid: { 3: '4712^^^GENHOSP^MR', 5: 'Zwei^Zoe' } },
    );
    await until('both are there', async () => (await found('/fhir/Encounter')).length === 2);
  });
  after(() => site.close());

  it('reads a resource with ETag and Last-Modified, and says 304 to who has it', async () => {
    const [reference = ''] = await found('/fhir/Patient?identifier=4711');
    const answer = await get(`/fhir/${reference}`);
    assert.equal(answer.status, 200);
    assert.match(answer.type, /^application\/fhir\+json/);
    const patient = answer.json<{ id: string; meta: { versionId: string; lastUpdated: string } }>();
    assert.equal(`Patient/${patient.id}`, reference);
    assert.equal(answer.headers.etag, `W/"${patient.meta.versionId}"`);
    assert.equal(Date.parse(answer.headers['last-modified'] ?? ''), Math.floor(Date.parse(patient.meta.lastUpdated) / 1000) * 1000);
    const again = await get(`/fhir/${reference}`, { 'if-none-match': `W/"0", ${answer.headers.etag}` });
    assert.deepEqual([again.status, again.text], [304, '']);
    assert.equal((await get(`/fhir/${reference}`, { 'if-none-match': 'W/"999"' })).status, 200);
  });

  it('searches by system|value, by the bare namespace and by the value alone', async () => {
    const [byValue = ''] = await found('/fhir/Patient?identifier=4711');
    assert.match(byValue, /^Patient\//);
    for (const token of ['urn:id:GENHOSP|4711', 'GENHOSP|4711', 'urn:oid:1.2.3|X9', 'X9']) {
      assert.deepEqual(await found(`/fhir/Patient?identifier=${encodeURIComponent(token)}`), [byValue], token);
    }
    for (const token of ['OTHER|4711', '|4711', 'GENHOSP|4712x', '471']) {
      assert.deepEqual(await found(`/fhir/Patient?identifier=${encodeURIComponent(token)}`), [], token);
    }
  });

  it('finds the encounters of a patient, by id and by reference', async () => {
    const [patient = ''] = await found('/fhir/Patient?identifier=4711');
    const byReference = await found(`/fhir/Encounter?patient=${encodeURIComponent(patient)}`);
    assert.equal(byReference.length, 1);
    assert.deepEqual(await found(`/fhir/Encounter?patient=${patient.slice('Patient/'.length)}`), byReference);
    assert.deepEqual(await found('/fhir/Encounter?patient=nobody'), []);
  });

  it('gives a Bundle with absolute addresses, in pages that together are everything once', async () => {
    const all = await found('/fhir/Location');
    assert.ok(all.length >= 4);
    const seen: string[] = [];
    for (let path: string | undefined = '/fhir/Location?_count=1'; path !== undefined; ) {
      const bundle: Bundle = (await get(path)).json<Bundle>();
      assert.deepEqual([bundle.resourceType, bundle.type], ['Bundle', 'searchset']);
      const [entry] = bundle.entry ?? [];
      assert.equal(entry?.fullUrl, `${site.url}/fhir/Location/${entry?.resource.id}`);
      assert.equal((await get(entry?.fullUrl.slice(site.url.length) ?? '')).status, 200);
      seen.push(`Location/${entry?.resource.id}`);
      const next: string | undefined = bundle.link.find(({ relation }) => relation === 'next')?.url;
      path = next?.slice(site.url.length);
    }
    assert.deepEqual(seen, all);
    assert.equal('entry' in (await get('/fhir/Patient?identifier=none')).json<Bundle>(), false);
  });

  it('says what it can, to anybody', async () => {
    const answer = await get('/fhir/metadata?_format=json');
    const statement = answer.json<{ resourceType: string; rest: { resource: { type: string; searchParam: { name: string }[] }[] }[] }>();
    assert.equal(statement.resourceType, 'CapabilityStatement');
    const types = statement.rest[0]?.resource ?? [];
    assert.ok(['Patient', 'Encounter', 'Location'].every((name) => types.some(({ type }) => type === name)));
    for (const { type, searchParam } of types) {
      for (const { name } of searchParam) assert.equal((await get(`/fhir/${type}?${name}=x`)).status, 200, `${type} ${name}`);
      outcome(await get(`/fhir/${type}?other=x`), 400, 'invalid');
    }
  });

  it('answers 404 with an OperationOutcome for an unknown id, type and route', async () => {
    outcome(await get('/fhir/Patient/01NOBODY'), 404, 'not-found');
    outcome(await get('/fhir/Spaceship/1'), 404, 'not-found');
    outcome(await get('/fhir/Spaceship'), 404, 'not-found');
    outcome(await get('/fhir/Patient/1/_history/1'), 404, 'not-found');
    outcome(await get('/fhir'), 404, 'not-found');
    outcome(await ask(site.url, '/fhir/Patient', { method: 'POST' }), 404, 'not-found');
  });

  for (const [query, problem] of [
    ['name=Muster', /name is not supported/],
    ['patient=1', /patient is not supported/],
    ['_sort=family', /_sort is not supported/],
    ['identifier=a&identifier=b', /more than once/],
    ['identifier=', /identifier is empty/],
    ['identifier=GENHOSP%7C', /needs a value/],
    ['identifier=4711,4712', /one value/],
    ['_count=0', /_count/],
    ['_count=x', /_count/],
    ['_count=-1', /_count/],
    ['cursor=nonsense', /cursor/i],
    ['_format=xml', /_format/],
  ] as const) {
    it(`refuses ?${query}`, async () => {
      assert.match(outcome(await get(`/fhir/Patient?${query}`), 400, 'invalid'), problem);
    });
  }

  it('refuses what it does not read on a single resource too', async () => {
    const [patient = ''] = await found('/fhir/Patient?identifier=4711');
    outcome(await get(`/fhir/${patient}?_elements=name`), 400, 'invalid');
    outcome(await get(`/fhir/${patient}?_format=application/fhir%2Bxml`), 400, 'invalid');
    assert.equal((await get(`/fhir/${patient}?_format=application/fhir%2Bjson`)).status, 200);
  });
});
