import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../src/clock/system.ts';
import { ask } from '../../support/http.ts';
import { openEhr, patientsOf, sixScopes } from './open.ts';

test('an export is started, polled, read with the token, and deleted', async (t) => {
  const { ehr, backend } = await openEhr(t);
  const { value } = await (await backend()).token(sixScopes);
  const authorization = `Bearer ${value}`;
  const get = (url: string, more: Record<string, string> = {}, method = 'GET') =>
    ask(ehr.url, url.replace(ehr.url, ''), { method, headers: { authorization, ...more } });
  const prefer = { prefer: 'respond-async', accept: 'application/fhir+json' };
  const started = await get('/fhir/$export?_type=Patient,Observation', prefer);
  assert.equal(started.status, 202);
  const status = String(started.headers['content-location']);
  assert.ok(status.startsWith(`${ehr.url}/`));
  const first = await get(status);
  assert.deepEqual([first.status, first.headers['retry-after']], [202, '1']);
  assert.ok(first.headers['x-progress']);
  let answer = first;
  for (let i = 0; i < 1_200 && answer.status === 202; i++) {
    await sleep(50);
    answer = await get(status);
  }
  const manifest = answer.json<{
    request: string;
    requiresAccessToken: boolean;
    output: { type: string; url: string; count: number }[];
    error: unknown[];
  }>();
  assert.deepEqual(
    [manifest.requiresAccessToken, manifest.error, [...new Set(manifest.output.map(({ type }) => type))].toSorted()],
    [true, [], ['Observation', 'Patient']],
  );
  const lines: string[] = [];
  for (const { url, count } of manifest.output) {
    const file = await get(url);
    const own = file.text.trimEnd().split('\n');
    assert.deepEqual([file.type.split(';')[0], own.length], ['application/fhir+ndjson', count]);
    lines.push(...own);
    assert.equal((await ask(ehr.url, url.replace(ehr.url, ''))).status, 401);
  }
  const ids = lines.map((line) => (JSON.parse(line) as { id: string }).id);
  assert.ok(manifest.output.length > 2 && patientsOf(ehr).every((id) => ids.includes(id)));
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(
    [(await get(status, {}, 'DELETE')).status, (await get(status)).status, (await get(status, {}, 'DELETE')).status],
    [202, 404, 404],
  );
});

test('an export is gone when it said that it expires: manifest and files, and there is nothing to delete', async (t) => {
  let later = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + later };
  const { ehr, backend } = await openEhr(t, { clock, tokenLifetime: 7_200 });
  const { value } = await (await backend()).token(sixScopes);
  const get = (url: string, method = 'GET') =>
    ask(ehr.url, url.replace(ehr.url, ''), { method, headers: { authorization: `Bearer ${value}`, prefer: 'respond-async' } });
  const status = String((await get('/fhir/$export?_type=Patient')).headers['content-location']);
  later = 10_000;
  const done = await get(status);
  const [{ url } = { url: '' }] = done.json<{ output: { url: string }[] }>().output;
  assert.deepEqual([done.status, (await get(url)).status], [200, 200]);
  later = Date.parse(String(done.headers.expires)) + 1_000 - systemClock.now();
  assert.deepEqual([(await get(url)).status, (await get(status)).status, (await get(status, 'DELETE')).status], [404, 404, 404]);
});

test('an export that is not asked for rightly, or not allowed, is refused', async (t) => {
  const { ehr, backend } = await openEhr(t);
  const { value } = await (await backend()).token(['system/Patient.rs']);
  const start = async (query: string, headers: Record<string, string> = {}) =>
    (await ask(ehr.url, `/fhir/$export${query}`, { headers: { authorization: `Bearer ${value}`, prefer: 'respond-async', ...headers } }))
      .status;
  assert.equal(await start(''), 202);
  assert.equal(await start('?_since=2020-01-01T00:00:00Z'), 202);
  assert.equal(await start('', { prefer: 'return=minimal' }), 400);
  assert.equal(await start('', { authorization: 'Bearer x' }), 401);
  assert.equal(await start('?_type=Observation'), 403);
  for (const query of ['?_outputFormat=csv', '?_since=soon', '?_elements=id']) assert.equal(await start(query), 400, query);
});
