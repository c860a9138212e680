import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { AortaError, error } from '../../src/errors/index.ts';
import { classified, failedAnswer, httpFailure } from '../../src/guard/classify.ts';

const now = 1_000_000;
const about = (thrown: unknown) => (thrown instanceof AortaError ? [thrown.code, thrown.class, thrown.retryAfterMs] : ['foreign']);

test('a status decides the class: timeouts, 429 and 5xx pass, other 4xx do not', () => {
  const classes = (statuses: readonly number[]) => statuses.map((status) => httpFailure({ status }, now)?.class);
  assert.deepEqual(classes([200, 204, 304, 399]), [undefined, undefined, undefined, undefined]);
  assert.deepEqual(new Set(classes([408, 425, 429, 500, 502, 503, 504])), new Set(['Transient']));
  assert.deepEqual(new Set(classes([400, 401, 403, 404, 409, 410, 412, 422, 501])), new Set(['Permanent']));
});

test('Retry-After comes along, from a Response, from plain headers, and from what a client library throws', () => {
  const response = new Response('slow down', { status: 429, headers: { 'retry-after': '20' } });
  assert.deepEqual(about(failedAnswer(response, now)), ['AORTA_GUARD_006', 'Transient', 20_000]);
  assert.deepEqual(about(httpFailure({ status: 503, headers: { 'Retry-After': '3' } }, now)), ['AORTA_GUARD_006', 'Transient', 3_000]);
  assert.deepEqual(about(classified(Object.assign(new Error('x'), { status: 429, headers: new Headers({ 'retry-after': '1' }) }), now)), [
    'AORTA_GUARD_006',
    'Transient',
    1_000,
  ]);
  assert.equal(about(classified(Object.assign(new Error('x'), { response: { status: 404 } }), now))[1], 'Permanent');
  assert.equal(about(classified(Object.assign(new Error('x'), { statusCode: 502 }), now))[1], 'Transient');
  assert.equal(failedAnswer(new Response('fine'), now), undefined);
  assert.equal(failedAnswer({ status: 500 }, now), undefined, 'only a Response is looked at: a result may well have a status');
});

test('what the network does passes; ours keep their class; a programming mistake stays one', async () => {
  const server = createServer((request) => request.socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const reset = await fetch(`http://127.0.0.1:${port}/`).catch((thrown) => thrown);
  await new Promise((resolve) => server.close(resolve));
  const refused = await fetch(`http://127.0.0.1:${port}/`).catch((thrown) => thrown);
  const late = await new Promise((resolve) => {
    AbortSignal.timeout(1).addEventListener('abort', (event) => resolve((event.target as AbortSignal).reason));
  });
  for (const thrown of [reset, refused, late]) assert.equal(about(classified(thrown, now))[0], 'AORTA_GUARD_008', String(thrown));
  const own = error('AORTA_GUARD_007', { status: 400 });
  assert.equal(classified(own, now), own);
  const defect = new TypeError('x is not a function');
  assert.equal(classified(defect, now), defect);
});

test('no message quotes the answer', () => {
  const failure = classified(Object.assign(new Error('patient Jane Doe not found'), { status: 404 }), now) as AortaError;
  assert.doesNotMatch(failure.message, /Jane/);
});
