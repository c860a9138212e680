import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBelow } from '../../src/cds/links.ts';

test('below an address is the same origin, and its path or one below it, as a browser reads it', () => {
  const base = 'https://app.example/launch/';
  for (const url of [
    'https://app.example/launch',
    'https://app.example/launch/x?y#z',
    'https://APP.example:443/launch/',
    'https://app.example/a/../launch',
  ])
    assert.equal(isBelow(url, base), true, url);
  for (const url of [
    'https://app.example/launcher',
    'https://app.example/launch/../other',
    'https://app.example/launch/%2e%2e/other',
    'https://app.example.evil.example/launch',
    'https://app.example@evil.example/launch',
    'https://user:password@app.example/launch',
    'http://app.example/launch',
    'https://app.example:8443/launch',
    'javascript:alert(1)',
    '/launch',
    '',
  ])
    assert.equal(isBelow(url, base), false, url);
  assert.equal(isBelow('https://h/anything', 'https://h'), true);
});
