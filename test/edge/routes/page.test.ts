import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from '../../support/http.ts';
import { byHand, openEdge, type TestEdge } from '../edge.ts';

const web = resolve(import.meta.dirname, '../../../web');
const files = readdirSync(web, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(web.length + 1));

describe('the page', () => {
  let edge: TestEdge;
  before(async () => {
    edge = await openEdge(byHand);
  });
  after(() => edge.stop());

  it('is served whole, with a policy that lets nothing of others in', async () => {
    const page = await ask(edge.url, '/');
    assert.deepEqual([page.status, page.text], [200, readFileSync(join(web, 'index.html'), 'utf8')]);
    const policy = String(page.headers['content-security-policy']).split('; ');
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      "frame-ancestors 'none'",
    ])
      assert.ok(policy.includes(rule), rule);
    assert.doesNotMatch(policy.join(), /unsafe/);
    for (const file of files.filter((name) => name !== 'index.html')) {
      const answer = await ask(edge.url, `/${file}`);
      assert.equal(answer.status, 200, file);
      const type = file.endsWith('.js') ? /javascript/ : file.endsWith('.css') ? /text\/css/ : /image\/svg\+xml/;
      assert.match(answer.type, type, file);
      assert.equal(answer.headers['cache-control'], 'no-cache');
    }
  });

  it('answers HEAD, and 304 to who has it already', async () => {
    const head = await ask(edge.url, '/app.js', { method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [200, '']);
    assert.ok(Number(head.headers['content-length']) > 0);
    const again = await ask(edge.url, '/app.js', { headers: { 'if-none-match': String(head.headers.etag) } });
    assert.equal(again.status, 304);
  });

  it('has no inline script, style or handler, and loads nothing from elsewhere', () => {
    for (const file of files) {
      const text = readFileSync(join(web, file), 'utf8');
      assert.doesNotMatch(text.replaceAll('http://www.w3.org/2000/svg', ''), /https?:\/\//, file);
      assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, file);
    }
    const page = readFileSync(join(web, 'index.html'), 'utf8');
    assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  });

  for (const path of [
    '/../package.json',
    '/..%2fpackage.json',
    '/%2e%2e/package.json',
    '/%2e%2e%2fpackage.json',
    '/panels/../../package.json',
    '/..\\package.json',
    '/%5c..%5cpackage.json',
    '//etc/passwd',
    '/./app.js',
    '/panels/',
    '/panels',
    '/.git/config',
    '/app.js%00.css',
  ]) {
    it(`gives nothing for ${path}`, async () => {
      const answer = await ask(edge.url, path);
      assert.ok(answer.status === 404 || answer.status === 400, String(answer.status));
      assert.doesNotMatch(answer.text, /"dependencies"|root:/);
    });
  }
});
