import assert from 'node:assert/strict';
import { test } from 'node:test';
import { error } from '../../../src/errors/index.ts';
import { ask, post } from '../../support/http.ts';
import { openEdge } from '../edge.ts';

const link = {
  id: 'l',
  from: 'B',
  to: 'A',
  at: Date.UTC(2026, 0, 1),
  identifiers: [
    { system: 'urn:id:X', value: 'secret-number' },
    { system: 'urn:id:Y', value: 'other-number' },
  ],
};

test('an unmerge says what it gave back, without the identifiers, and is audited before it is done', async (t) => {
  const asked: unknown[] = [];
  const edge = await openEdge(t, {
    unmerge: async (unmerge) => {
      asked.push([unmerge, edge.audited.length]);
      return { link, eventId: unmerge.dryRun ? null : 'e1' };
    },
  });
  const dry = await post(edge.url, '/api/ops/unmerge', { survivor: 'A', merged: 'B', dryRun: true });
  const expected = { survivor: 'A', merged: 'B', dryRun: true, eventId: null, mergedAt: '2026-01-01T00:00:00.000Z', identifiers: 2 };
  assert.deepEqual([dry.status, dry.json()], [200, expected]);
  const done = await post(edge.url, '/api/ops/unmerge', { survivor: 'A', merged: 'B' });
  assert.deepEqual([done.status, done.json()], [202, { ...expected, dryRun: false, eventId: 'e1' }]);
  assert.doesNotMatch(done.text, /number/);
  assert.deepEqual(asked, [
    [{ survivor: 'A', merged: 'B', dryRun: true }, 1],
    [{ survivor: 'A', merged: 'B', dryRun: false }, 2],
  ]);
  assert.deepEqual(
    edge.audited.map(({ action, patientId, details }) => [action, patientId, details]),
    [
      ['read', 'B', { survivor: 'A' }],
      ['unmerge', 'B', { survivor: 'A' }],
    ],
  );
});

test('refusals have their status; a body that says too little or too much is refused before anything', async (t) => {
  let calls = 0;
  const edge = await openEdge(t, {
    unmerge: ({ merged }) => {
      calls++;
      return Promise.reject(error(`AORTA_INGRESS_0${merged}` as 'AORTA_INGRESS_008'));
    },
  });
  for (const [code, status] of [
    ['08', 409],
    ['09', 409],
    ['10', 503],
    ['04', 503],
  ] as const) {
    const answer = await post(edge.url, '/api/ops/unmerge', { survivor: 'A', merged: code });
    assert.deepEqual([answer.status, answer.json()['code']], [status, `AORTA_INGRESS_0${code}`]);
  }
  for (const body of [
    {},
    { survivor: 'A' },
    { survivor: 'A', merged: 'B', force: true },
    { survivor: 'A B', merged: 'B' },
    { survivor: '', merged: 'B' },
  ])
    assert.equal((await post(edge.url, '/api/ops/unmerge', body)).status, 400);
  assert.equal(calls, 4);
  assert.equal((await ask(edge.url, '/api/ops/unmerge')).status, 404);
});
