import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { openSite, type Site, until } from '../../support/hospital/site.ts';
import { type Answer, ask, post } from '../../support/http.ts';

interface Held {
  readonly flow: string;
  readonly key: string;
  readonly count: number;
  readonly parked: boolean;
  readonly class: string;
  readonly code: string;
  readonly operator: string;
  readonly redrives: number;
}
interface HeldList {
  readonly count: number;
  readonly patients: readonly Held[];
}
interface Waits {
  readonly waits: readonly { readonly flow: string; readonly reason: string; readonly behind?: number; readonly message: string }[];
}

const problem = (answer: Answer, status: number, code: string): string => {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.type, /^application\/problem\+json/);
  const body = answer.json<{ type: string; title: string; status: number; detail: string; code: string }>();
  assert.deepEqual([body.status, body.code, body.type], [status, code, `urn:aorta:error:${code}`]);
  assert.ok(body.title.length > 0);
  return body.detail;
};

describe('operations', () => {
  let site: Site;
  const get = (path: string) => ask(site.url, path);
  const redrive = (body: object) => post(site.url, '/api/ops/parked/redrive', body);
  const parked = async (query = '') => (await get(`/api/ops/parked${query}`)).json<HeldList>();
  const letters = async () =>
    (await get('/api/ops/flows'))
      .json<{ flows: { name: string; totals: Record<string, number> }[] }>()
      .flows.find(({ name }) => name === 'ward-letters');

  before(async () => {
    site = await openSite();
  });
  after(() => site.close());

  describe('flows', () => {
    it('lists the running flows and where senders connect', async () => {
      const { mllp } = site.worker;
      const answer = (await get('/api/ops/flows')).json<{
        profile: string;
        entrances: object;
        flows: { name: string; hash: string; partitions: object[] }[];
      }>();
      assert.deepEqual([answer.profile, answer.entrances], ['embedded', { mllp: `${mllp.host}:${mllp.port}` }]);
      assert.deepEqual(answer.flows.map(({ name }) => name).sort(), ['adt-admissions', 'ward-letters']);
      assert.ok(answer.flows.every(({ hash, partitions }) => /^[0-9a-f]{64}$/.test(hash) && partitions.length === 12));
    });

    it('gives a graph that is the one that runs', async () => {
      const answer = (await get('/api/ops/flows/adt-admissions/graph')).json<{
        hash: string;
        graph: { nodes: { id: string }[] };
        description: { guarantee: string };
        mermaid: string;
      }>();
      assert.equal(answer.hash, site.worker.flows.find(({ name }) => name === 'adt-admissions')?.hash);
      assert.ok(answer.graph.nodes.some(({ id }) => id === 'encounter'));
      assert.equal(answer.description.guarantee, 'effects exactly once');
      assert.match(answer.mermaid, /flowchart LR/);
      problem(await get('/api/ops/flows/nothing/graph'), 404, 'AORTA_EDGE_004');
    });
  });

  describe('held patients', () => {
    let turn = 0;
    /** Two patients whose letters cannot be written; the first has one more message behind it. */
    beforeEach(async () => {
      site.break();
      turn++;
      const [a, b] = [`${turn}1^^^GENHOSP^MR`, `${turn}2^^^GENHOSP^MR`];
      await site.send(
        { event: 'A01', at: '202601010800', place: `H^${turn}^A`, id: `HOLD-${turn}-1`, visit: `${turn}A`, pid: { 3: a } },
        { event: 'A08', at: '202601010801', place: `H^${turn}^A`, id: `next-${turn}-1`, visit: `${turn}A`, pid: { 3: a } },
        { event: 'A01', at: '202601010802', place: `H^${turn}^B`, id: `HOLD-${turn}-2`, visit: `${turn}B`, pid: { 3: b } },
      );
      await until('all is held', async () => (await parked()).patients.reduce((sum, { count }) => sum + count, 0) === 3);
    });

    const empty = async () => {
      site.mend();
      await redrive({ flow: 'ward-letters' });
      await until('nobody is held', async () => (await parked()).count === 0);
    };

    it('are listed with why, and shown with their envelopes, without any content', async () => {
      const { count, patients } = await parked();
      assert.equal(count, 2);
      const [first] = patients;
      assert.deepEqual(
        [first?.flow, first?.count, first?.parked, first?.class, first?.code, first?.operator, first?.redrives],
        ['ward-letters', 2, true, 'Decode', 'AORTA_HL7_001', 'write-letter', 0],
      );
      assert.deepEqual(await parked('?flow=adt-admissions'), { count: 0, patients: [] });
      const limited = await parked('?limit=1');
      assert.deepEqual([limited.count, limited.patients.length], [2, 1]);
      const answer = await get(`/api/ops/parked/ward-letters/${first?.key}`);
      const shown = answer.json<Held & { envelopes: { reason: string; size: number }[] }>();
      assert.deepEqual(
        shown.envelopes.map(({ reason }) => reason),
        ['park', 'behind'],
      );
      assert.ok(shown.envelopes.every(({ size }) => size > 100));
      assert.doesNotMatch(answer.text, /Muster|PID/);
      problem(await get('/api/ops/parked/ward-letters/nobody'), 404, 'AORTA_EDGE_004');
      problem(await get(`/api/ops/parked/adt-admissions/${first?.key}`), 404, 'AORTA_EDGE_004');
      await empty();
    });

    it('are asked about by patient and by partition', async () => {
      const key = (await parked()).patients[0]?.key ?? '';
      const { waits } = (await get(`/api/ops/why?patient=${key}`)).json<Waits>();
      assert.deepEqual(
        waits.map(({ flow, reason, behind }) => [flow, reason, behind]),
        [['ward-letters', 'parked', 1]],
      );
      assert.deepEqual((await get(`/api/ops/why?patient=${key}&flow=adt-admissions`)).json<Waits>().waits, []);
      assert.deepEqual((await get('/api/ops/why?patient=01NOBODY')).json<Waits>().waits, []);
      assert.deepEqual((await get('/api/ops/why?partition=3')).json<Waits>().waits, []);
      assert.deepEqual((await get('/api/ops/why?partition=hl7.adt/3')).json<Waits>().waits, []);
      for (const query of [
        '',
        '?patient=1&partition=1',
        '?partition=',
        '?partition=x',
        '?partition=-1',
        '?partition=1.5',
        '?patient=a&patient=b',
        '?who=1',
      ])
        problem(await get(`/api/ops/why${query}`), 400, 'AORTA_EDGE_005');
      problem(await get('/api/ops/why?patient=1&flow=nothing'), 404, 'AORTA_EDGE_004');
      await empty();
    });

    it('are tried again at their head only, and what waits behind follows', async () => {
      const key = (await parked()).patients[0]?.key ?? '';
      const tried = await redrive({ flow: 'ward-letters', key });
      assert.equal(tried.status, 202);
      // Still broken: it fails again, once more counted, and stays in front.
      const again = await until('it failed again', async () =>
        (await parked()).patients.find((held) => held.key === key && held.redrives === 1 && held.parked),
      );
      assert.equal(again.count, 2);
      site.mend();
      const done = (await letters())?.totals['done'] ?? 0;
      assert.equal((await redrive({ flow: 'ward-letters', key })).status, 202);
      await until('it is free', async () => (await parked()).patients.every((held) => held.key !== key));
      assert.equal((await parked()).count, 1);
      assert.equal((await letters())?.totals['done'], done + 2);
      await empty();
    });

    it('are all tried again by class; a dry run changes nothing', async () => {
      site.mend();
      const dry = await redrive({ flow: 'ward-letters', errorClass: 'Decode', dryRun: true });
      assert.deepEqual([dry.status, dry.json()['remaining'], dry.json<HeldList>().patients.length], [200, 0, 2]);
      const other = await redrive({ flow: 'ward-letters', errorClass: 'Transient' });
      assert.deepEqual([other.status, other.json<HeldList>().patients], [202, []]);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal((await parked()).count, 2);
      assert.equal((await redrive({ flow: 'ward-letters', errorClass: 'Decode' })).status, 202);
      await until('nobody is held', async () => (await parked()).count === 0);
    });

    it('can have their head discarded, one patient at a time, on the record', async () => {
      const key = (await parked()).patients[0]?.key ?? '';
      problem(await redrive({ flow: 'ward-letters', action: 'discard' }), 400, 'AORTA_EDGE_005');
      assert.equal((await redrive({ flow: 'ward-letters', action: 'discard', key })).status, 202);
      await until('it is free', async () => (await parked()).patients.every((held) => held.key !== key));
      const [audit] = site
        .audited()
        .filter(({ action }) => action === 'discard')
        .slice(-1);
      assert.deepEqual([audit?.patientId, audit?.outcome, audit?.actor], [key, 'success', 'local-developer']);
      await empty();
    });

    it('are not redriven by what is no request', async () => {
      const before = await parked();
      problem(await redrive({ flow: 'nothing' }), 404, 'AORTA_EDGE_004');
      problem(await redrive({ flow: 'ward-letters', key: 'nobody' }), 404, 'AORTA_EDGE_004');
      for (const body of [
        {},
        [],
        null,
        'x',
        { flow: 1 },
        { flow: '' },
        { flow: 'ward-letters', kez: 'x' },
        { flow: 'ward-letters', dryRun: 'no' },
        { flow: 'ward-letters', action: 'drop' },
        { flow: 'ward-letters', key: 'a\u0000' },
        { flow: 'ward-letters', key: 'x'.repeat(257) },
      ])
        assert.match(problem(await post(site.url, '/api/ops/parked/redrive', body), 400, 'FST_ERR_VALIDATION'), /body/);
      assert.deepEqual(await parked(), before);
      await empty();
    });
  });

  describe('topics', () => {
    it('are those of the running flows, with what is in them', async () => {
      await site.send({ event: 'A01', at: '202601010800', place: 'T^1^A', id: 'tail-1', visit: 'T', pid: { 3: 'T1^^^GENHOSP^MR' } });
      const { topics } = (await get('/api/ops/topics')).json<{ topics: { name: string; partitions: number; records: number }[] }>();
      const adt = topics.find(({ name }) => name === 'hl7.adt');
      assert.ok(adt && adt.partitions === 12 && adt.records > 0);
      assert.ok(topics.some(({ name }) => name === 'ward-letters.parked'));
      const tail = (await get('/api/ops/topics/hl7.adt/tail?limit=1')).json<{ records: { value: { controlId: string } }[] }>();
      assert.deepEqual(
        tail.records.map(({ value }) => value.controlId),
        ['tail-1'],
      );
      problem(await get('/api/ops/topics/aorta_state/tail'), 404, 'AORTA_EDGE_004');
      problem(await get('/api/ops/topics/hl7.adt/tail?limit=0'), 400, 'AORTA_EDGE_005');
    });
  });

  describe('quarantine', () => {
    it('lists what was refused and shows it whole', async () => {
      const message = 'MSH|^~\\&|X|Y|||20260101||ADT^A01|r1|P|2.5\rPID|1\r';
      for (let i = 0; i < 3; i++) assert.equal((await site.sendRaw(message)).code, 'AE');
      const list = (await get('/api/ops/quarantine?limit=2')).json<{
        count: number;
        entries: { id: string; code: string; reason: string; size: number }[];
      }>();
      assert.deepEqual([list.count, list.entries.length], [3, 2]);
      const [, second] = list.entries;
      assert.deepEqual([second?.code, second?.size, 'body' in (second ?? {})], ['AORTA_HL7_007', message.length, false]);
      const older = (await get(`/api/ops/quarantine?before=${second?.id}`)).json<{ entries: { id: string }[] }>();
      assert.equal(older.entries.length, 1);
      const shown = (await get(`/api/ops/quarantine/${second?.id}`)).json<{ body: string; source: string }>();
      assert.equal(Buffer.from(shown.body, 'base64').toString(), message);
      assert.equal(shown.source, 'mllp');
      problem(await get('/api/ops/quarantine/01NOTHING'), 404, 'AORTA_EDGE_004');
      for (const query of ['?limit=0', '?limit=x', '?before=a&before=b', '?after=1'])
        problem(await get(`/api/ops/quarantine${query}`), 400, 'AORTA_EDGE_005');
    });
  });

  describe('health', () => {
    it('says alive, ready and measures', async () => {
      const alive = await get('/healthz');
      assert.deepEqual([alive.status, alive.json()], [200, { status: 'ok', overdue: [] }]);
      const ready = await get('/readyz');
      assert.deepEqual([ready.status, ready.json()], [200, { status: 'ready', problems: [] }]);
      const metrics = await get('/metrics');
      assert.match(metrics.type, /^text\/plain; version=0\.0\.4/);
      assert.match(metrics.text, /aorta_flow_settled_total\{flow="adt-admissions",settlement="done"\} [1-9]/);
    });

    it('has no patient in its metrics: routes by their template, unknown ones by no name', async () => {
      await get('/api/patients/SECRET1/timeline');
      await get('/fhir/Patient?identifier=SECRET2');
      await get('/SECRET3');
      await get('/fhir/Patient/%zzSECRET4');
      const { text } = await get('/metrics');
      assert.doesNotMatch(text, /SECRET/);
      assert.match(text, /aorta_http_request_seconds_count\{route="\/api\/patients\/:id\/timeline",method="GET",status="404"\} 1/);
      assert.match(text, /aorta_http_request_seconds_count\{route="unknown",method="GET",status="404"\}/);
    });
  });
});
