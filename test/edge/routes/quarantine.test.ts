import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openSite, type Site, until } from '../../support/hospital/site.ts';
import { type Answer, ask, post } from '../../support/http.ts';

interface Entries {
  readonly count: number;
  readonly entries: readonly { readonly id: string; readonly code: string }[];
}

const refused = (answer: Answer, status: number, code: string): string => {
  const { code: found, detail } = answer.json<{ code: string; detail: string }>();
  assert.deepEqual([answer.status, found], [status, code], answer.text);
  return detail;
};
const head = (id: string) => `MSH|^~\\&|LIS|GENHOSP|AORTA|X|20260101080000||ADT^A01|${id}|P|2.5\rEVN|A01|20260101080000\r`;
const visit = 'PV1|1|I|Q^1^A^GENHOSP||||||||||||||||V1\r';
const without = (id: string) => `${head(id)}PID|1\r${visit}`;
const whole = (id: string, patient: string) => `${head(id)}PID|1||${patient}^^^GENHOSP^MR||Muster^Max\r${visit}`;
const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');

describe('quarantined input', () => {
  let site: Site;
  const list = async () => (await ask(site.url, '/api/ops/quarantine')).json<Entries>();
  const act = (id: string, what: 'fix' | 'resubmit' | 'dismiss', body: object = {}) =>
    post(site.url, `/api/ops/quarantine/${id}/${what}`, body);
  const timeline = async (patient: string) => {
    const found = (await ask(site.url, `/fhir/Patient?identifier=GENHOSP|${patient}`)).json<{ entry?: { resource: { id: string } }[] }>();
    const id = found.entry?.[0]?.resource.id;
    if (!id) return [];
    return (await ask(site.url, `/api/patients/${id}/timeline`)).json<{ events: { source: { messageId: string } }[] }>().events;
  };
  const newest = async (text: string) => {
    assert.equal((await site.sendRaw(text)).code, 'AE');
    return (await list()).entries[0]?.id ?? '';
  };

  before(async () => {
    site = await openSite();
  });
  after(() => site.close());

  it('goes in as an edited copy, by the normal entry, on the record; the original stays, resolved', async () => {
    const id = await newest(without('fix-1'));
    const detail = refused(await act(id, 'fix', { body: base64(without('fix-1')) }), 422, 'AORTA_EDGE_012');
    assert.match(detail, /AORTA_HL7_007/);
    assert.equal((await list()).count, 1, 'no second entry');
    const dry = await act(id, 'fix', { body: base64(whole('fix-1', 'Q1')), dryRun: true });
    assert.deepEqual([dry.status, dry.json()['source']], [200, 'mllp']);
    assert.deepEqual(await timeline('Q1'), []);
    assert.equal((await act(id, 'fix', { body: base64(whole('fix-1', 'Q1')) })).status, 200);
    await until('it is in the timeline', async () => (await timeline('Q1')).length === 1);
    assert.equal((await list()).count, 0);
    const kept = (await ask(site.url, `/api/ops/quarantine/${id}`)).json<{ body: string; resolution: string }>();
    assert.deepEqual([Buffer.from(kept.body, 'base64').toString('latin1'), kept.resolution], [without('fix-1'), 'fixed']);
    assert.match(refused(await act(id, 'fix', { body: base64(whole('fix-1', 'Q1')) }), 409, 'AORTA_EDGE_011'), /fixed before/);
    const [audit] = site.audited().filter(({ action }) => action === 'fix');
    assert.deepEqual([audit?.actor, audit?.details?.['entry']], ['local-developer', id]);
  });

  it('goes in as it is: what is still wrong is refused again, what came meanwhile is no second event', async () => {
    const id = await newest(without('again-1'));
    refused(await act(id, 'resubmit'), 422, 'AORTA_EDGE_012');
    assert.equal((await list()).count, 1);
    // An entry whose message is good by now: as after a mapping was mended.
    const good = whole('again-2', 'Q2');
    await site.profile.quarantine.put({
      ...{ id: '01ZZZZZZZZZZZZZZZZZZZZZZZZ', source: 'mllp', peer: '127.0.0.1', code: 'AORTA_HL7_003', reason: 'unknown event' },
      ...{ receivedAt: Date.now(), size: good.length, body: Buffer.from(good, 'latin1') },
    });
    assert.equal((await act('01ZZZZZZZZZZZZZZZZZZZZZZZZ', 'resubmit', { dryRun: true })).status, 200);
    assert.equal((await act('01ZZZZZZZZZZZZZZZZZZZZZZZZ', 'resubmit')).status, 200);
    await until('it is in the timeline', async () => (await timeline('Q2')).length === 1);
    assert.equal((await site.sendRaw(good)).code, 'AA');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal((await timeline('Q2')).length, 1);
    assert.equal((await act(id, 'dismiss', { dryRun: true })).status, 200);
    assert.equal((await list()).count, 1);
    assert.equal((await act(id, 'dismiss')).status, 200);
    assert.equal((await list()).count, 0);
  });

  it('is not taken where it is cut, where nobody would take it, or by what is no request', async () => {
    const put = (id: string, parts: object) =>
      site.profile.quarantine.put({
        ...{
          id,
          source: 'mllp',
          peer: 'p',
          code: 'AORTA_MLLP_001',
          reason: 'too large',
          receivedAt: Date.now(),
          size: 5,
          body: Buffer.from('MSH|^'),
        },
        ...parts,
      });
    await put('01ZZZZZZZZZZZZZZZZZZZZZZZ1', { size: 50_000_000 });
    await put('01ZZZZZZZZZZZZZZZZZZZZZZZ2', { source: 'sftp' });
    assert.match(refused(await act('01ZZZZZZZZZZZZZZZZZZZZZZZ1', 'resubmit'), 409, 'AORTA_EDGE_011'), /5 of its 50000000 bytes/);
    assert.match(refused(await act('01ZZZZZZZZZZZZZZZZZZZZZZZ2', 'resubmit'), 409, 'AORTA_EDGE_011'), /no entry point sftp/);
    refused(await act('nothing', 'resubmit'), 404, 'AORTA_EDGE_004');
    for (const body of [{}, { body: '' }, { body: 'not base64!' }, { body: 5 }, { body: 'TVNI', extra: 1 }])
      refused(await act('01ZZZZZZZZZZZZZZZZZZZZZZZ1', 'fix', body), 400, 'FST_ERR_VALIDATION');
    refused(await act('01ZZZZZZZZZZZZZZZZZZZZZZZ1', 'dismiss', { force: true }), 400, 'FST_ERR_VALIDATION');
    const large = `${whole('fix-large', 'Q3')}OBX|1|ED|x||${'A'.repeat(1_200_000)}\r`;
    assert.equal((await act('01ZZZZZZZZZZZZZZZZZZZZZZZ1', 'fix', { body: base64(large) })).status, 200, 'larger than what was kept');
  });
});
