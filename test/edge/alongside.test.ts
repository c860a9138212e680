import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EdgeCds } from '../../src/edge/cds/index.ts';
import type { AuditEvent } from '../../src/governance/audit/port.ts';
import { eventually } from '../assist/site.ts';
import { post } from '../support/http.ts';
import { openEdge } from './edge.ts';

const unused = (): never => {
  throw new Error('not part of this test');
};

/** A CDS host that answers when it is told to. */
function waitingHost() {
  const state = { called: 0, answer: () => {} };
  const cds: EdgeCds = {
    host: {
      services: [],
      advice: undefined as never,
      async call(_id, _body, { recorded }) {
        state.called++;
        await new Promise<void>((resolve) => {
          state.answer = resolve;
        });
        await recorded;
        return { cards: [] };
      },
      feedback: unused,
      stop: async () => {},
    },
    trust: unused,
    quotas: { enter: () => ({ granted: Promise.resolve(), leave: () => {} }) },
    corsOrigins: [],
    keySet: async () => ({ keys: [] }),
  };
  return { state, cds };
}

test('the record of a CDS call is written beside its reads, and the answer waits for it', async (t) => {
  const { state, cds } = waitingHost();
  let written = () => {};
  const events: AuditEvent[] = [];
  const append = (event: AuditEvent) => {
    events.push(event);
    return new Promise<void>((resolve) => {
      written = resolve;
    });
  };
  const edge = await openEdge(t, { cds, audit: { append, verify: unused, close: async () => {} } });
  let answered = false;
  const answer = post(edge.url, '/cds-services/s', {}).finally(() => {
    answered = true;
  });
  await eventually('the host is asked before the record is durable', () => (state.called === 1 ? true : undefined));
  assert.deepEqual([events[0]?.action, answered], ['cds', false]);
  state.answer();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answered, false, 'the answer is there, its record is not');
  written();
  assert.deepEqual([(await answer).status, (await answer).json()], [200, { cards: [] }]);
});

test('what cannot be recorded is not shown', async (t) => {
  const { state, cds } = waitingHost();
  const edge = await openEdge(t, {
    cds,
    audit: { append: () => Promise.reject(new Error('SECRET')), verify: unused, close: async () => {} },
  });
  const answer = post(edge.url, '/cds-services/s', {});
  await eventually('the host is asked', () => (state.called === 1 ? true : undefined));
  state.answer();
  const { status, text } = await answer;
  assert.equal(status, 500);
  assert.doesNotMatch(text, /cards|SECRET/);
});
