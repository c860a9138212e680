// `AORTA_UPDATE_GOLDEN=1 npm test -- test/edge/openapi.test.ts` writes docs/openapi.json after a meant change; `npm run format` then lays it out.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ask } from '../support/http.ts';
import { openEdge } from './edge.ts';
import { routeTable } from './table.ts';

const file = new URL('../../docs/openapi.json', import.meta.url);

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { 'x-roles': string[]; requestBody?: unknown; responses: object }>>>>;
}

test('docs/openapi.json is what the running edge says of itself', async (t) => {
  const { url } = await openEdge(t);
  const answer = await ask(url, '/docs/json');
  assert.equal(answer.status, 200);
  if (process.env['AORTA_UPDATE_GOLDEN'] === '1') await writeFile(file, `${JSON.stringify(answer.json(), null, 2)}\n`);
  // Its layout is the formatter's.
  const committed: unknown = JSON.parse(await readFile(file, 'utf8'));
  assert.deepEqual(
    answer.json<unknown>(),
    committed,
    'meant? AORTA_UPDATE_GOLDEN=1 npm test -- test/edge/openapi.test.ts, and let it be reviewed',
  );
});

test('every route that is no file stands in it, with the roles that may use it', async (t) => {
  const { url } = await openEdge(t);
  const { openapi, paths } = (await ask(url, '/docs/json')).json<OpenApi>();
  assert.match(openapi, /^3\.1/);
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { 'x-roles': roles }]) => `${method.toUpperCase()} ${path} ${roles}`),
  );
  const served = (await routeTable())
    .filter(({ method, path }) => !['HEAD', 'OPTIONS'].includes(method) && path !== '/' && !/\.(js|css|svg)$/.test(path))
    .map(({ method, path, roles }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')} ${roles}`);
  assert.deepEqual(documented.sort(), served.sort());
  assert.ok(paths['/api/assist']?.['post']?.requestBody);
});

test('the page at /docs runs its own files only, and needs nothing from elsewhere', async (t) => {
  const { url } = await openEdge(t);
  const page = await ask(url, '/docs/');
  assert.equal(page.status, 200);
  assert.match(String(page.headers['content-security-policy']), /default-src 'self'/);
  for (const [, source = ''] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
    assert.doesNotMatch(source, /^(?:https?:)?\/\//);
    const path = new URL(source, `${url}/docs/`).pathname;
    assert.equal((await ask(url, path)).status, 200, path);
  }
});
