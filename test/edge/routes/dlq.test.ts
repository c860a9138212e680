import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openSite, type Site, until } from '../../support/hospital/site.ts';
import { type Answer, ask, post } from '../../support/http.ts';

interface Letter {
  readonly id: string;
  readonly eventId: string;
  readonly key: string;
  readonly operator: string;
  readonly class: string;
  readonly code: string;
  readonly source: string;
  readonly redrives: number;
  readonly taken: string | null;
}
interface Letters {
  readonly count: number;
  readonly letters: readonly Letter[];
  readonly brakes: readonly { readonly flow: string; readonly reason: string; readonly deadLetters: number }[];
}
interface Redriven {
  readonly letters: readonly Letter[];
  readonly guarded: number;
  readonly more: boolean;
}

const refused = (answer: Answer, status: number, code: string): void => {
  assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [status, code], answer.text);
};

describe('dead letters', () => {
  let site: Site;
  let sent = 0;
  const flow = 'tolerant-letters';
  const get = (path: string) => ask(site.url, path);
  const dlq = async (query = '') => (await get(`/api/ops/dlq${query}`)).json<Letters>();
  const redrive = (body: object) => post(site.url, '/api/ops/dlq/redrive', body);
  /** Control ids on a topic of letters, in order within each patient. */
  const written = async (topic: string): Promise<string[]> => {
    const records = (await get(`/api/ops/topics/${topic}/tail?limit=200`)).json<{ records: { value: string }[] }>().records;
    return records.map(({ value }) => value);
  };
  const message = (id: string, patient = 'D1') => {
    sent++;
    return {
      event: 'A08',
      at: `2026010108${String(sent).padStart(2, '0')}`,
      place: 'D^1^A',
      id,
      visit: patient,
      pid: { 3: `${patient}^^^GENHOSP^MR` },
    } as const;
  };

  before(async () => {
    site = await openSite({
      root: resolve(import.meta.dirname, '../../support/redrive'),
      engine: { brake: { run: 8, ratio: 1, least: 1000, windowMs: 60_000 } },
    });
  });
  after(() => site.close());

  it('are listed with why, without content; shown one by one', async () => {
    site.break();
    await site.send(message('good-1'), message('DEAD-1'), message('DEAD-2'), message('good-2'));
    const { count, letters } = await until('two dead letters', async () => {
      const found = await dlq();
      return found.count === 2 && found;
    });
    assert.equal(count, 2);
    assert.ok(
      letters.every(
        ({ operator, class: errorClass, code, redrives, taken }) =>
          operator === 'write-letter' && errorClass === 'Decode' && code === 'AORTA_HL7_001' && redrives === 0 && taken === null,
      ),
    );
    const [newest] = letters;
    assert.match(newest?.source ?? '', /^hl7\.adt\/\d+\/\d+$/);
    const shown = await get(`/api/ops/dlq/${flow}/${newest?.id}`);
    assert.deepEqual([shown.status, shown.json<Letter>().eventId], [200, newest?.eventId]);
    assert.doesNotMatch(shown.text, /PID|Muster/);
    refused(await get(`/api/ops/dlq/${flow}/99-0`), 404, 'AORTA_EDGE_004');
    refused(await get(`/api/ops/dlq/${flow}/x`), 404, 'AORTA_EDGE_004');
    refused(await get('/api/ops/dlq?flow=nothing'), 404, 'AORTA_EDGE_004');
    const attention = (await get('/api/ops/attention')).json<{
      setAside: { total: number; flows: object[] };
      drift: object[];
      brakes: object[];
    }>();
    assert.equal(attention.setAside.total, 2);
    assert.deepEqual([attention.drift, attention.brakes], [[], []]);
    assert.deepEqual(attention.setAside.flows, [
      { flow: 'other-letters', parked: 0, deadLettered: 0 },
      { flow, parked: 0, deadLettered: 2 },
    ]);
  });

  it('a dry run says which they would be and changes nothing; what is no request is refused', async () => {
    const dry = await redrive({ flow, all: true, dryRun: true });
    assert.deepEqual([dry.status, dry.json<Redriven>().letters.length], [200, 2]);
    assert.equal((await redrive({ flow, errorClass: 'Transient', dryRun: true })).json<Redriven>().letters.length, 0);
    assert.equal((await dlq()).count, 2);
    refused(await redrive({ flow }), 400, 'AORTA_EDGE_005');
    refused(await redrive({ flow: 'nothing', all: true }), 404, 'AORTA_EDGE_004');
    refused(await redrive({ flow, ids: ['0-9999'] }), 404, 'AORTA_EDGE_004');
    for (const body of [{}, { flow, ids: [] }, { flow, ids: ['1/2'] }, { flow, all: 'yes' }])
      refused(await redrive(body), 400, 'FST_ERR_VALIDATION');
  });

  it('come back as new roots that keep their event id, once, in order, and to their own flow only', async () => {
    site.mend();
    const letters = [...(await dlq()).letters].reverse();
    // Two operators at once.
    const answers = await Promise.all([redrive({ flow, ids: letters.map(({ id }) => id) }), redrive({ flow, all: true })]);
    assert.ok(
      answers.every(({ status }) => status === 202),
      answers.map(({ text }) => text).join(),
    );
    assert.equal(answers.flatMap((answer) => answer.json<Redriven>().letters).length, 2);
    await until('they are written', async () => (await written('tolerant.letters')).length === 4);
    assert.deepEqual(await written('tolerant.letters'), ['good-1', 'good-2', 'DEAD-1', 'DEAD-2']);
    assert.equal((await dlq()).count, 0);
    assert.deepEqual(
      (await dlq('?all=true')).letters.map(({ taken }) => taken),
      ['redrive', 'redrive'],
    );
    await site.send(message('good-3'));
    await until('the other flow wrote it', async () => (await written('other.letters')).includes('good-3'));
    assert.deepEqual(await written('other.letters'), ['good-1', 'DEAD-1', 'DEAD-2', 'good-2', 'good-3']);
    const tail = (await get('/api/ops/topics/hl7.adt/tail?limit=200')).json<{ records: { headers: Record<string, string> }[] }>().records;
    const back = tail.filter(({ headers }) => headers['aorta-redrives'] === '1');
    assert.deepEqual(
      back.map(({ headers }) => headers['eventId']),
      letters.map(({ eventId }) => eventId),
    );
    assert.ok(
      back.every(
        ({ headers }) => headers['aorta-only-flow'] === flow && /^tolerant-letters\.dlq\/redrive\/\d+$/.test(headers['aorta-seq'] ?? ''),
      ),
    );
    const [audit] = site.audited().filter(({ action }) => action === 'redrive');
    assert.deepEqual([audit?.actor, audit?.outcome, audit?.details?.['flow']], ['local-developer', 'success', flow]);
    const trace = (await get(`/api/ops/trace/${letters[0]?.eventId}`)).json<{
      patient: string;
      redrives: { actor: string }[];
      flows: {
        flow: string;
        source: object[];
        deadLetters: Letter[];
        emitted: { topic: string }[];
        settlements: { settlement: { kind: string } }[];
      }[];
    }>();
    const own = trace.flows.find((each) => each.flow === flow);
    assert.deepEqual(
      [trace.patient, own?.source.length, own?.deadLetters[0]?.taken, own?.emitted.map(({ topic }) => topic)],
      [letters[0]?.key, 2, 'redrive', ['tolerant.letters']],
    );
    assert.deepEqual(
      own?.settlements.map(({ settlement }) => settlement.kind),
      ['failed', 'done'],
    );
    assert.deepEqual(
      trace.redrives.map(({ actor }) => actor),
      ['local-developer'],
    );
    refused(await get('/api/ops/trace/01ARZ3NDEKTSV4RRFFQ69G5FAV'), 404, 'AORTA_EDGE_004');
  });

  it('one that failed again three times within a day needs force; a discard takes it off the list', async () => {
    site.break();
    await site.send(message('DEAD-3', 'D2'));
    for (let redrives = 0; redrives < 4; redrives++) {
      const [letter] = await until('it is back', async () => {
        const { letters } = await dlq();
        return letters[0]?.redrives === redrives && letters;
      });
      const answer = await redrive({ flow, ids: [letter?.id] });
      if (redrives < 3) assert.equal(answer.status, 202);
      else refused(answer, 409, 'AORTA_EDGE_009');
    }
    const all = (await redrive({ flow, all: true })).json<Redriven>();
    assert.deepEqual([all.letters.length, all.guarded], [0, 1]);
    const [letter] = (await dlq()).letters;
    assert.equal((await redrive({ flow, ids: [letter?.id], force: true })).status, 202);
    const [again] = await until('it is back', async () => {
      const { letters } = await dlq();
      return letters[0]?.redrives === 4 && letters;
    });
    assert.equal((await redrive({ flow, ids: [again?.id], action: 'discard' })).status, 202);
    assert.equal((await dlq()).count, 0);
    assert.equal(site.audited().filter(({ action }) => action === 'discard').length, 1);
  });

  it('many put the brake on: why, health and metric name it, and an operator releases it', async () => {
    await site.send(message('good-4', 'D3'));
    await site.send(...Array.from({ length: 9 }, (_, i) => message(`DEAD-brake-${i}`, 'D3')));
    const { brakes, count } = await until('the brake is on', async () => {
      const found = await dlq();
      return found.brakes.length > 0 && found;
    });
    assert.deepEqual([brakes[0]?.flow, brakes[0]?.reason, brakes[0]?.deadLetters, count], [flow, 'run', 8, 8]);
    const health = await get('/healthz');
    assert.deepEqual(
      [health.status, health.json<{ braked: { flow: string; code: string }[] }>().braked.map((each) => [each.flow, each.code])],
      [200, [[flow, 'AORTA_ENGINE_017']]],
    );
    const waits = (await get(`/api/ops/why?partition=0&flow=${flow}`)).json<{ waits: { reason: string }[] }>().waits;
    assert.deepEqual(
      waits.map(({ reason }) => reason),
      ['brake'],
    );
    assert.match((await get('/metrics')).text, /aorta_flow_brake\{flow="tolerant-letters"\} 1/);
    refused(await post(site.url, '/api/ops/dlq/release', { flow: 'other-letters' }), 409, 'AORTA_EDGE_010');
    refused(await post(site.url, '/api/ops/dlq/release', { flow: 'nothing' }), 404, 'AORTA_EDGE_004');
    assert.equal((await post(site.url, '/api/ops/dlq/release', { flow, dryRun: true })).status, 200);
    site.mend();
    assert.equal((await post(site.url, '/api/ops/dlq/release', { flow })).status, 202);
    await until('what waited is written', async () => (await written('tolerant.letters')).includes('DEAD-brake-8'));
    assert.equal(site.audited().filter(({ action }) => action === 'release-brake').length >= 1, true);
    assert.deepEqual((await dlq()).brakes, []);
    assert.equal((await redrive({ flow, all: true })).json<Redriven>().letters.length, 8);
    await until(
      'all are written',
      async () => (await written('tolerant.letters')).filter((id) => id.startsWith('DEAD-brake')).length === 9,
    );
  });
});
