import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/clock/system.ts';
import type { EdgeCds } from '../../src/edge/cds/index.ts';
import type { AuditEvent } from '../../src/governance/audit/port.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { eventually } from '../assist/site.ts';
import { type Answer, ask } from '../support/http.ts';
import { openEdge, type Scope } from './edge.ts';

const unused = (): never => {
  throw new Error('not part of this test');
};

/** A CDS host that keeps every request until it is told to answer, and a token that is its client's name. */
async function open(scope: Scope) {
  const state = { verified: [] as string[], called: 0, open: false };
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
    claimed: (token) => (token === 'noisy' || token === 'good' ? token : undefined),
    async trust(token) {
      state.verified.push(token);
      return { id: token, issuer: token, keys: { keys: [] } };
    },
    quotas: { enter: () => ({ granted: Promise.resolve(), leave: () => {} }) },
    corsOrigins: [],
    keySet: async () => ({ keys: [] }),
  };
  const telemetry = prometheusTelemetry({ level: 'silent' });
  const edge = await openEdge(scope, { cds, telemetry, clock: systemClock });
  const call = (client: string, body = '{}'): Promise<Answer> =>
    ask(edge.url, '/cds-services/s', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${client}` },
      body,
    });
  const value = async (name: string) => (await telemetry.read(name))[0]?.value;
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
  assert.equal(state.verified.length, verified, 'no signature was looked at');
  assert.deepEqual(edge.audited.slice(audited.length), [], 'nor anything recorded');
  assert.equal(await value('aorta_http_refused_total'), settled.length + 1);

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
