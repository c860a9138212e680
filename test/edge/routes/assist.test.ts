import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { createSqliteAdvice } from '../../../src/advice/sqlite/advice.ts';
import type { Retrieved } from '../../../src/assist/index.ts';
import { systemClock } from '../../../src/clock/system.ts';
import type { AssistLimits } from '../../../src/edge/assist/options.ts';
import { error } from '../../../src/errors/index.ts';
import { createModel } from '../../../src/model/index.ts';
import { prometheusTelemetry } from '../../../src/ops/telemetry.ts';
import { createSqliteState } from '../../../src/state/sqlite/state.ts';
import { admitted, eventsOf, eventually, openSite, type Site, spoken } from '../../assist/site.ts';
import { hangsAfter, openProvider, type Provider, says } from '../../model/provider.ts';
import type { Scope } from '../../sandbox/ehr/open.ts';
import { temporaryDatabase } from '../../sqlite/temporary.ts';
import { type Answer, ask, post } from '../../support/http.ts';
import { openEdge } from '../edge.ts';

describe('POST /api/assist on a worker with the sandbox EHR', () => {
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
  const asks = (prompt: string, patient = patientId) => post(site.worker.http, '/api/assist', { patientId: patient, prompt });
  /** Asks until the answer says this: a read at the EHR has 1.5 s, which a machine that stops for a moment uses up. */
  const saying = async (wanted: (text: string) => boolean, prompt: string, patient = patientId) => {
    let answer = await asks(prompt, patient);
    for (let tries = 0; tries < 20 && !wanted(spoken(answer)); tries++) answer = await asks(prompt, patient);
    return answer;
  };
  const whole = (prompt: string) => saying((text) => !/Not read completely/.test(text), prompt);

  test('streams tokens of a grounded answer with its sources, in the agreed form, and ends with [DONE]', async () => {
    const started = performance.now();
    const answer = await whole('Which medication is the patient on?');
    assert.ok(performance.now() - started < 150_000);
    assert.equal(answer.status, 200);
    assert.match(answer.type, /^text\/event-stream/);
    assert.equal(answer.headers['cache-control'], 'no-cache');
    assert.equal(answer.headers['x-accel-buffering'], 'no');
    const events = eventsOf(answer);
    assert.ok(events.length > 20);
    assert.equal(events.at(-1)?.data, '[DONE]');
    for (const { data } of events.slice(0, -1)) {
      const token = JSON.parse(data) as Record<string, unknown>;
      assert.deepEqual([Object.keys(token), token['type'], typeof token['content']], [['type', 'content'], 'token', 'string']);
    }
    assert.deepEqual(
      events.map(({ id }) => Number(id.split(':')[1])),
      events.map((_, index) => index + 1),
    );
    const text = spoken(answer);
    assert.match(text, /^Active medication orders:\n- .+ \[\d+\]/);
    assert.match(text, /Sources:\n\[\d+\] MedicationRequest\/\S+ \(EHR\)/);
    assert.doesNotMatch(text, /Active problems/);
  });

  test('the same question gets the same answer; what it was made from is kept', async () => {
    assert.equal(spoken(await whole('Any allergies?')), spoken(await whole('Any allergies?')));
    const kept = await eventually('the record', async () => {
      const { advice } = (await ask(site.worker.http, '/api/ops/cds/advice?limit=1')).json<{
        advice: { service: string; patient: string; cards: unknown[]; reads: { key: string }[] }[];
      }>();
      return advice[0]?.service === 'assist' ? advice[0] : undefined;
    });
    assert.deepEqual(
      kept.reads.map(({ key }) => key),
      ['patient', 'encounter', 'conditions', 'medications', 'labs', 'allergies', 'vitals'],
    );
    const [composition] = kept.cards as { model: object; prompt: object }[];
    assert.deepEqual(
      [composition?.model, composition?.prompt],
      [
        { provider: 'builtin', name: 'grounded-summary', version: '1' },
        { id: 'assist', version: '1' },
      ],
    );
  });

  test('knows what the canonical store has, also where the EHR does not know the patient', async () => {
    const own = await admitted(site, { mrn: 'MRN90', authority: 'HOSP', name: 'Zzcanaryname^Zzgiven' });
    const known = /Not read completely: the EHR \(no such patient\)/;
    const text = spoken(await saying((said) => known.test(said), 'Summary', own));
    assert.match(text, /Penicillin/);
    assert.match(text, /Pneumonia/);
    assert.match(text, /Admission/);
    assert.match(text, /\(Aorta\)/);
    assert.match(text, known);
  });

  test('an EHR that hangs or fails leaves what is known, in time', async () => {
    const own = await admitted(site, { mrn: 'MRN91', authority: 'HOSP', name: 'A^B' });
    for (const kind of ['hang', 'reset'] as const) {
      site.sandbox.ehr.faults.add({ route: '/fhir/*', kind });
      const text = spoken(await asks('Summary', own));
      site.sandbox.ehr.faults.clear();
      assert.match(text, /Pneumonia/);
      assert.match(text, /Not read completely: the EHR\b/);
    }
    site.sandbox.ehr.faults.add({ route: '/fhir/Condition', kind: 'hang' });
    const without = /Not read completely: conditions/;
    const text = spoken(await saying((said) => without.test(said), 'Summary'));
    site.sandbox.ehr.faults.clear();
    assert.match(text, without);
  });

  test('what can be refused is refused before the stream begins, as a problem document', async () => {
    const unknown = await asks('x', 'nobody');
    assert.deepEqual([unknown.status, unknown.type], [404, 'application/problem+json; charset=utf-8']);
    for (const body of [
      {},
      { patientId },
      { patientId, prompt: '' },
      { patientId, prompt: 'x'.repeat(4_001) },
      { patientId, prompt: 1 },
      { patientId, prompt: 'x', model: 'y' },
    ])
      assert.equal((await post(site.worker.http, '/api/assist', body)).status, 400, JSON.stringify(body).slice(0, 80));
  });

  test('whatever is sent as a body, the answer is a stream or a problem document, and the server goes on', async () => {
    const body = fc.oneof(
      fc.json(),
      fc
        .record({
          patientId: fc.oneof(fc.string(), fc.constant(patientId)),
          prompt: fc.oneof(fc.string({ unit: 'binary', maxLength: 100 }), fc.integer()),
        })
        .map((value) => JSON.stringify(value)),
      fc.string({ unit: 'binary' }),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('/api/assist', '/api/jobs'), body, async (path, text) => {
        const answer = await ask(site.worker.http, path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: Buffer.from(text, 'utf8'),
        });
        if (answer.status === 200) assert.equal(eventsOf(answer).at(-1)?.data, '[DONE]');
        else if (answer.status !== 202) assert.ok([400, 404, 413, 415].includes(answer.status), `${answer.status} ${text}`);
      }),
      { numRuns: 60 },
    );
    assert.equal((await ask(site.worker.http, '/healthz')).status, 200);
  });

  test('no name, number or question reaches a log line, a metric or a problem document', async () => {
    const own = await admitted(site, { mrn: 'ZZMRN0815', authority: 'HOSP', name: 'Zzcanaryname^Zzgiven' });
    await asks('Does Zzcanaryname know zzquestion?', own);
    const refused = await post(site.worker.http, '/api/assist', { patientId: 'Zzcanaryname', prompt: 'zzquestion', more: 'Zzcanaryname' });
    const missing = await asks('zzquestion', 'Zzcanaryname');
    const metrics = (await ask(site.worker.http, '/metrics')).text;
    for (const said of [site.lines.join(''), metrics, refused.text, missing.text])
      assert.doesNotMatch(said, /zzcanary|zzgiven|zzquestion|ZZMRN0815|Lindenweg/i);
  });
});

/** What is known of one made-up patient, as `retrieve` gives it. */
const retrieved: Retrieved = {
  ...{ patientId: 'p1', atEhr: undefined, gaps: [], events: [], provenance: { at: 0, base: undefined, reads: [] } },
  own: {
    resourceType: 'Patient',
    id: 'p1',
    name: [{ family: 'Zzfamily', given: ['Zzanna'] }],
    birthDate: '1950-03-02',
    identifier: [{ system: 'urn:id:H', value: 'MRN-4711' }],
    telecom: [{ system: 'phone', value: '031 555 77 88' }],
    address: [{ line: ['Lindenweg 7'], city: 'Zzbern', postalCode: '3007' }],
  },
  resources: [
    {
      source: 'ehr',
      resource: { resourceType: 'Condition', id: 'c1', code: { text: 'Asthma of Mrs Zzfamily, seen 2026-03-04, call 031 555 77 88' } },
    },
    { source: 'ehr', resource: { resourceType: 'AllergyIntolerance', id: 'a1', code: { text: 'Latex' } } },
  ],
};

async function openAssist(
  scope: Scope,
  limits: Partial<AssistLimits> = {},
  given: Partial<{ retrieve: () => Promise<Retrieved | undefined> }> = {},
  more: Parameters<typeof openEdge>[1] = {},
) {
  const provider: Provider = await openProvider(scope);
  const { database, remove } = temporaryDatabase();
  await createSqliteState({ database }).migrate();
  scope.after(remove);
  const telemetry = prometheusTelemetry({ level: 'silent' });
  const ports = { clock: systemClock, telemetry };
  const model = createModel({ provider: { baseUrl: provider.baseUrl, model: 'm' }, allowed: [provider.origin] }, ports);
  const advice = createSqliteAdvice({ database });
  const edge = await openEdge(scope, { telemetry, assist: { model, advice, retrieve: async () => retrieved, limits, ...given }, ...more });
  return {
    provider,
    edge,
    telemetry,
    asks: (headers = {}) => post(edge.url, '/api/assist', { patientId: 'p1', prompt: 'How is Zzanna?' }, headers),
  };
}

/** Reads a stream until `until` holds of its text, then breaks the connection. */
const leaves = (url: string, until: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = http.request(
      `${url}/api/assist`,
      { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
          if (until.test(text)) {
            request.destroy();
            resolve(text);
          }
        });
        response.on('error', () => {});
      },
    );
    request.on('error', (thrown) => (until.test('') ? reject(thrown) : undefined));
    request.end(JSON.stringify({ patientId: 'p1', prompt: 'How is Zzanna?' }));
  });

const lastError = (answer: Answer) =>
  JSON.parse(eventsOf(answer).at(-2)?.data ?? '{}') as { type?: string; code?: string; job?: { href: string; body: object } };

test('a provider is told no name, number, address, phone number or exact date; marks get their values back in the answer', async (t) => {
  const { provider, asks } = await openAssist(t);
  provider.answer = says('Asthma of [NAME-1] sin', 'ce [DA', 'TE-1] [1', '], see https://evil.example/x [7]. [NAME-99]');
  const text = spoken(await asks());
  assert.equal(provider.asked.length, 1);
  const sent = provider.asked[0] ?? '';
  assert.match(sent, /Asthma of/);
  assert.match(sent, /Latex/);
  assert.doesNotMatch(sent, /zzfamily|zzanna|1950|4711|555|Lindenweg|zzbern|2026-03-04|evil/i);
  assert.match(
    text,
    /^Asthma of (?:Mrs )?Zz\w+ since 2026-03-04 \[1\], see \(link removed\) \. \(removed\)\n\nSources:\n\[1\] Condition\/c1 \(EHR\)$/,
  );
});

test('a client that leaves cancels the call of the model, within a moment', async (t) => {
  const { provider, edge, telemetry } = await openAssist(t, { graceMs: 100 });
  provider.answer = hangsAfter('one ', 'two ');
  await leaves(edge.url, /"one/);
  await eventually('the provider loses its client', () => (provider.left() === 1 ? true : undefined));
  const outcomes = await eventually('the outcome', async () => {
    const read = await telemetry.read('aorta_assist_answers_total');
    return read.length > 0 ? read.map(({ labels }) => labels['outcome']) : undefined;
  });
  assert.deepEqual(outcomes, ['AORTA_ASSIST_004']);
});

test('a client that comes back with Last-Event-ID gets the rest, each event once; nobody else gets it', async (t) => {
  const { provider, edge, asks } = await openAssist(t, { graceMs: 5_000 });
  let goOn = () => {};
  provider.answer = (request, response) => {
    hangsAfter('one ', 'two ')(request, response);
    goOn = () => says('three ', 'four')(request, Object.assign(response, { writeHead: () => response }) as never);
  };
  const first = await leaves(edge.url, /"two/);
  const seen = eventsOf({ text: first });
  const last = seen.at(-1)?.id ?? '';
  setTimeout(() => goOn(), 100);
  const rest = await asks({ 'last-event-id': last });
  assert.equal(rest.status, 200);
  assert.equal(spoken({ text: first }) + spoken(rest), 'one two three four');
  assert.equal(provider.asked.length, 1, 'the model was asked once');
  assert.equal(provider.left(), 0);
  const again = await asks({ 'last-event-id': last });
  assert.equal(spoken(again), spoken(rest), 'after its end, too');
  const other = await post(edge.url, '/api/assist', { patientId: 'p2', prompt: 'How is Zzanna?' }, { 'last-event-id': last });
  assert.deepEqual([lastError(other).code, spoken(other)], ['AORTA_ASSIST_003', '']);
});

test('a client that comes back and leaves before it is let in is no client: the model is stopped', async (t) => {
  const held: (() => void)[] = [];
  let hold = false;
  const append = () => (hold ? new Promise<void>((resolve) => held.push(resolve)) : Promise.resolve());
  const { provider, edge, telemetry } = await openAssist(
    t,
    { graceMs: 3_000, answerMs: 120_000, keepAliveMs: 60_000, stallMs: 60_000 },
    {},
    { audit: { append, close: async () => {} } as never },
  );
  provider.answer = hangsAfter('one ', 'two ');
  const last = eventsOf({ text: await leaves(edge.url, /"two/) }).at(-1)?.id ?? '';
  hold = true;
  const headers = { 'content-type': 'application/json', 'last-event-id': last };
  const request = http.request(`${edge.url}/api/assist`, { method: 'POST', agent: false, headers });
  request.on('error', () => {});
  request.end(JSON.stringify({ patientId: 'p1', prompt: 'How is Zzanna?' }));
  await eventually('it is being recorded', () => (held.length === 1 ? true : undefined));
  request.destroy();
  await sleep(200);
  held[0]?.();
  const outcomes = await eventually('the outcome', async () => {
    const read = await telemetry.read('aorta_assist_answers_total');
    return read.length > 0 ? read.map(({ labels }) => labels['outcome']) : undefined;
  });
  assert.deepEqual(outcomes, ['AORTA_ASSIST_004'], 'not only when the provider says nothing more');
});

test('a client that comes back to another worker, or after a restart, is told to begin anew: never a gap, never the rest of another answer', async (t) => {
  const [one, two] = [await openAssist(t, { graceMs: 100 }), await openAssist(t)];
  one.provider.answer = hangsAfter('one ', 'two ');
  const begun = await leaves(one.edge.url, /"two/);
  const last = eventsOf({ text: begun }).at(-1)?.id ?? '';
  for (const given of [last, '01ARZ3NDEKTSV4RRFFQ69G5FAV:3', 'x', `${last}0`, '\u00e9']) {
    const answer = await two.asks({ 'last-event-id': given });
    assert.deepEqual([answer.status, answer.headers['cache-control']], [200, 'no-cache']);
    assert.equal(answer.text, `id\ndata: ${JSON.stringify(lastError(answer))}\n\ndata: [DONE]\n\n`, 'an empty id, an error, the end');
    assert.deepEqual([lastError(answer).type, lastError(answer).code], ['error', 'AORTA_ASSIST_003']);
  }
  assert.equal(two.provider.asked.length, 0, 'nothing is asked of the model for it');
  two.provider.answer = says('all ', 'anew');
  assert.equal(spoken(await two.asks()), 'all anew');
  await eventually('the first worker gives its call up', () => (one.provider.left() === 1 ? true : undefined));
});

test('who listens when the server stops is told so, with an end, and begins anew at the next one', async (t) => {
  const [one, two] = [await openAssist(t), await openAssist(t)];
  one.provider.answer = hangsAfter('one ');
  const listening = one.asks();
  await eventually('the stream has begun', () => (one.provider.asked.length === 1 ? true : undefined));
  await eventually('a token is out', async () => {
    const open = (await one.telemetry.read('aorta_assist_open'))[0]?.value;
    return open === 1 ? true : undefined;
  });
  await eventually('its stream counts as no request under way', async () =>
    (await one.telemetry.read('aorta_http_under_way'))[0]?.value === 0 ? true : undefined,
  );
  await sleep(100);
  await one.edge.stop();
  const ended = await listening;
  assert.deepEqual([lastError(ended).code, eventsOf(ended).at(-1)?.data], ['AORTA_EDGE_013', '[DONE]']);
  const last = eventsOf(ended).at(-3)?.id ?? eventsOf(ended)[0]?.id ?? '';
  assert.equal(lastError(await two.asks({ 'last-event-id': last })).code, 'AORTA_ASSIST_003');
});

test('no first token in time, and no end in time: an error before [DONE], with the offer of a job, and the call is cancelled', async (t) => {
  const hurried = await openAssist(t, { firstTokenMs: 150 });
  hurried.provider.answer = hangsAfter();
  const silent = await hurried.asks();
  assert.deepEqual(
    [eventsOf(silent).at(-1)?.data, lastError(silent).type, lastError(silent).code],
    ['[DONE]', 'error', 'AORTA_ASSIST_001'],
  );
  assert.deepEqual(lastError(silent).job, { method: 'POST', href: '/api/jobs', body: { type: 'clinical-draft', patientId: 'p1' } });
  // Its first word comes in time on a machine that stops for a second, too.
  const { provider, asks } = await openAssist(t, { firstTokenMs: 60_000, answerMs: 3_000 });
  provider.answer = hangsAfter('word ', 'word ');
  const endless = await asks();
  assert.match(spoken(endless), /^word /);
  assert.equal(lastError(endless).code, 'AORTA_ASSIST_002');
  await eventually('both calls are cancelled', () => (hurried.provider.left() + provider.left() === 2 ? true : undefined));
});

test('a retrieval that takes too long ends the same way, and one that fails is a problem document', async (t) => {
  const slow = await openAssist(
    t,
    { firstTokenMs: 100 },
    { retrieve: () => new Promise((resolve) => setTimeout(() => resolve(retrieved), 300)) },
  );
  assert.equal(lastError(await slow.asks()).code, 'AORTA_ASSIST_001');
  assert.equal(slow.provider.asked.length, 0);
  const never = await openAssist(t, { firstTokenMs: 100 }, { retrieve: () => new Promise(() => {}) });
  assert.equal(lastError(await never.asks()).code, 'AORTA_ASSIST_001', 'also when it never ends');
  const failing = await openAssist(
    t,
    {},
    { retrieve: () => Promise.reject(error('AORTA_EHR_003', { what: 'read Patient', status: 429 }, { retryAfterMs: 20_000 })) },
  );
  const answer = await failing.asks();
  assert.deepEqual([answer.status, answer.headers['retry-after'], answer.json()['code']], [503, '20', 'AORTA_EHR_003']);
});

for (const [status, code] of [
  [500, 'AORTA_MODEL_001'],
  [429, 'AORTA_MODEL_003'],
  [403, 'AORTA_MODEL_002'],
] as const) {
  test(`a provider that answers ${status}: an error event, then [DONE]`, async (t) => {
    const { provider, asks } = await openAssist(t);
    provider.answer = (_request, response) => response.writeHead(status).end('Zzfamily');
    const answer = await asks();
    assert.deepEqual([answer.status, lastError(answer).code, eventsOf(answer).at(-1)?.data], [200, code, '[DONE]']);
    assert.doesNotMatch(answer.text, /Zzfamily/);
  });
}

test('while nothing is said, comments keep the connection open', async (t) => {
  const { provider, asks } = await openAssist(t, { keepAliveMs: 40, firstTokenMs: 10_000, answerMs: 3_000 });
  provider.answer = hangsAfter();
  assert.ok((await asks()).text.split(': keep-alive\n\n').length > 4);
});

test('more answers at once than there is room for are refused; a stop of the server ends those under way', async (t) => {
  const { provider, edge, asks } = await openAssist(t, { atOnce: 2 });
  provider.answer = hangsAfter('word ', 'word ');
  const running = [asks(), asks()];
  await eventually('both run', () => (provider.asked.length === 2 ? true : undefined));
  const refused = await asks();
  assert.deepEqual([refused.status, refused.json()['code']], [503, 'AORTA_ASSIST_005']);
  await sleep(50);
  await edge.stop();
  for (const answer of await Promise.all(running)) assert.equal(eventsOf(answer).at(-1)?.data, '[DONE]');
});
