import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock/system.ts';
import type { EdgeCds } from '../../src/edge/cds/index.ts';
import type { EdgeOptions } from '../../src/edge/options.ts';
import { error } from '../../src/errors/index.ts';
import type { AuditEvent } from '../../src/governance/audit/port.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { eventually } from '../assist/site.ts';
import { type Answer, ask, post } from '../support/http.ts';
import { openEdge, type Scope } from './edge.ts';

const unused = (): never => {
  throw new Error('not part of this test');
};

const origin = 'https://ehr.example';

/**
 * A CDS host that keeps every request until it is told to answer, and a token that is its client's name. `recognised`: at
 * once, as one of RS384, not only by the step that verifies.
 */
async function open(scope: Scope, { recognised = true, ...options }: { recognised?: boolean } & Partial<EdgeOptions> = {}) {
  const state = { verified: [] as string[], called: 0, forged: 0, open: false };
  const waiting: (() => void)[] = [];
  const cds: EdgeCds = {
    host: {
      services: [],
      advice: undefined as never,
      async call() {
        state.called++;
        if (!state.open) await new Promise<void>((resolve) => waiting.push(resolve));
        return { cards: [] };
      },
      feedback: unused,
      stop: async () => {},
    },
    recognise: (token) => (recognised && token !== 'forged' ? { id: token, issuer: token, keys: { keys: [] } } : undefined),
    async trust(token) {
      if (token === 'forged') {
        state.forged++;
        await new Promise<void>((resolve) => waiting.push(resolve));
        throw error('AORTA_CDS_002', { problem: 'its signature does not fit' });
      }
      state.verified.push(token);
      return { id: token, issuer: token, keys: { keys: [] } };
    },
    quotas: { enter: () => ({ granted: Promise.resolve(), leave: () => {} }) },
    corsOrigins: [origin],
    keySet: async () => ({ keys: [] }),
  };
  const telemetry = prometheusTelemetry({ level: 'silent' });
  const edge = await openEdge(scope, { cds, telemetry, clock: systemClock, ...options });
  const call = (client: string, body = '{}'): Promise<Answer> =>
    ask(edge.url, '/cds-services/s', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${client}`, origin },
      body,
    });
  const value = async (name: string, client?: string) =>
    (await telemetry.read(name)).find(({ labels }) => client === undefined || labels['client'] === client)?.value;
  const release = () => {
    state.open = true;
    for (const answer of waiting.splice(0)) answer();
  };
  return { state, edge, call, value, release };
}

/** Turns of the event loop that take 400 ms, until it is stopped. */
function busy(): () => void {
  let over = false;
  const turn = () => {
    if (over) return;
    const until = performance.now() + 400;
    while (performance.now() < until);
    setTimeout(turn, 0);
  };
  setTimeout(turn, 0);
  return () => {
    over = true;
  };
}

test('while the event loop is late a client with many requests under way is refused unread, others are not, and it recovers', async (t) => {
  const { state, edge, call, value, release } = await open(t);
  const settled: number[] = [];
  const under = Array.from({ length: 100 }, async () => {
    const answer = await call('noisy');
    settled.push(answer.status);
    return answer;
  });
  // On a machine that is busy by itself the loop may be late already: then some of them were refused.
  await eventually('each waits or is refused', () => (state.called + settled.length === 100 ? true : undefined));
  const waits = state.called;
  assert.ok(waits >= 64, 'the first ones never are');
  const stop = busy();
  t.after(stop);
  await eventually('the loop is seen to be late', async () => {
    const limit = (await value('aorta_http_limit')) ?? -1;
    return limit > 0 && limit <= waits ? true : undefined;
  });
  const { length: verified } = state.verified;
  const audited: readonly AuditEvent[] = [...edge.audited];

  const refused = await call('noisy', '{"no JSON');
  assert.equal(refused.status, 429, refused.text);
  assert.match(refused.text, /AORTA_EDGE_014|more requests under way/);
  assert.ok(Number(refused.headers['retry-after']) >= 1 && Number(refused.headers['retry-after']) <= 3);
  assert.equal(refused.json()['resourceType'], 'OperationOutcome');
  assert.deepEqual(
    [refused.headers['access-control-allow-origin'], refused.headers['access-control-expose-headers']],
    [origin, 'retry-after'],
    'a page of an allowed origin can read that',
  );
  assert.equal(state.verified.length, verified, 'its token is not used up');
  assert.deepEqual(edge.audited.slice(audited.length), [], 'nor anything recorded');
  assert.equal(await value('aorta_http_refused_total', 'noisy'), settled.length + 1);

  const good = call('good');
  await eventually('who has less than its share is let in', () => (state.called === waits + 1 ? true : undefined));
  assert.equal((await ask(edge.url, '/healthz')).status, 200);
  assert.equal((await ask(edge.url, '/metrics')).status, 200);

  stop();
  release();
  const answers = (await Promise.all(under)).map(({ status }) => status);
  assert.deepEqual(
    [answers.filter((status) => status === 200).length, answers.filter((status) => status === 429).length],
    [waits, 100 - waits],
  );
  assert.equal((await good).status, 200);
  await eventually('the limit is gone', async () => ((await value('aorta_http_limit')) === -1 ? true : undefined));
  assert.equal(await value('aorta_http_under_way'), 0);
  assert.equal((await call('noisy')).status, 200, 'it is served again');
});

test('a client that leaves gives its place back', async (t) => {
  const { state, edge, call, value, release } = await open(t);
  const controller = new AbortController();
  const left = fetch(`${edge.url}/cds-services/s`, {
    ...{ method: 'POST', body: '{}', signal: controller.signal },
    headers: { 'content-type': 'application/json', authorization: 'Bearer good' },
  }).catch(() => 'left');
  await eventually('it is under way', () => (state.called === 1 ? true : undefined));
  assert.equal(await value('aorta_http_under_way'), 1);
  controller.abort();
  assert.equal(await left, 'left');
  await eventually('its place is free', async () => ((await value('aorta_http_under_way')) === 0 ? true : undefined));
  release();
  assert.equal((await call('good')).status, 200);
});

/** Many requests of one caller, and then a loop that is late: how many of them wait, and how many were refused. */
async function pressed(t: TestContext, { state, call, value, release }: Awaited<ReturnType<typeof open>>, token: string, count: number) {
  t.after(release);
  let refused = 0;
  const all = Array.from({ length: count }, async () => {
    const { status } = await call(token);
    if (status === 429) refused++;
    return status;
  });
  const under = () => state.called + state.forged;
  await eventually('each waits or is refused', () => (under() + refused >= count ? true : undefined));
  assert.ok(under() >= 64);
  const stop = busy();
  t.after(stop);
  await eventually('the loop is seen to be late', async () => {
    const limit = (await value('aorta_http_limit')) ?? -1;
    return limit > 0 && limit <= under() ? true : undefined;
  });
  return { stop, all: Promise.all(all), refused: () => refused };
}

test('forged tokens that name a client take nothing of it: its own requests are let in, those are refused', async (t) => {
  const opened = await open(t);
  const { state, call, value, release } = opened;
  const { stop, all } = await pressed(t, opened, 'forged', 130);
  const good = Array.from({ length: 10 }, () => call('good'));
  await eventually('the client is let in', () => (state.called === 10 ? true : undefined));
  const { forged } = state;
  assert.equal((await call('forged')).status, 429);
  assert.equal((await call('forged')).status, 429);
  assert.equal(state.forged, forged);
  assert.ok(((await value('aorta_http_refused_total', 'unverified')) ?? 0) >= 2);
  assert.equal(await value('aorta_http_refused_total', 'good'), undefined);
  stop();
  release();
  for (const answer of await Promise.all(good)) assert.equal(answer.status, 200);
  assert.deepEqual(
    (await all).filter((status) => status !== 401 && status !== 429),
    [],
  );
});

test('a client that only the step which verifies can tell has its own share from there on, and is refused there when it is used up', async (t) => {
  const opened = await open(t, { recognised: false });
  const { state, edge, call, value, release } = opened;
  const { stop, all, refused } = await pressed(t, opened, 'noisy', 130);
  const waits = state.called;
  const before = refused();
  const audited = edge.audited.length;
  const again = await call('noisy');
  assert.equal(again.status, 429);
  assert.ok(again.headers['retry-after']);
  assert.equal(state.called, waits);
  assert.equal(edge.audited.length, audited);
  assert.equal(await value('aorta_http_refused_total', 'noisy'), before + 1);
  const good = call('good');
  await eventually('another client is let in', () => (state.called === waits + 1 ? true : undefined));
  stop();
  release();
  assert.equal((await good).status, 200);
  assert.equal((await all).filter((status) => status === 200).length, waits);
});

test('a question is under way until its stream begins, and an open stream is not', async (t) => {
  let found = () => {};
  let asked = false;
  const { edge, value } = await open(t, {
    assist: {
      model: undefined as never,
      advice: undefined as never,
      async retrieve() {
        asked = true;
        await new Promise<void>((resolve) => {
          found = resolve;
        });
        throw error('AORTA_EDGE_004', { what: 'such patient' });
      },
    },
  });
  const under = (count: number) =>
    eventually(`${count} under way`, async () => ((await value('aorta_http_under_way')) === count ? true : undefined));
  const controller = new AbortController();
  t.after(async () => controller.abort());
  const live = await fetch(`${edge.url}/api/ops/live`, { signal: controller.signal });
  assert.equal(live.status, 200);
  await under(0);
  const answer = post(edge.url, '/api/assist', { patientId: 'p', prompt: 'Any allergies?' });
  await eventually('the patient is looked for', () => (asked ? true : undefined));
  await under(1);
  found();
  assert.equal((await answer).status, 404);
  await under(0);
  const resumed = await fetch(`${edge.url}/api/assist`, {
    ...{ method: 'POST', signal: controller.signal, body: JSON.stringify({ patientId: 'p', prompt: 'Any allergies?' }) },
    headers: { 'content-type': 'application/json', 'last-event-id': 'gone:1' },
  });
  assert.equal(resumed.status, 200);
  await under(0);
});
