import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { retryAfter } from '../../src/http/retry-after.ts';

const now = Date.UTC(2026, 0, 15, 12, 0, 0);

test('seconds', () => {
  assert.equal(retryAfter('20', now), 20_000);
  assert.equal(retryAfter(' 0 ', now), 0);
  assert.equal(retryAfter('99999999999', now), 24 * 3600 * 1000, 'at most a day');
});

test('an HTTP-date in each of its three forms, by UTC', () => {
  assert.equal(retryAfter('Thu, 15 Jan 2026 12:00:20 GMT', now), 20_000);
  assert.equal(retryAfter('Thursday, 15-Jan-26 12:01:00 GMT', now), 60_000);
  assert.equal(retryAfter('Thu Jan 15 12:00:05 2026', now), 5_000);
  assert.equal(retryAfter('Thu, 15 Jan 2026 11:00:00 GMT', now), 0, 'a date in the past is now');
  assert.equal(retryAfter('Wednesday, 01-Jan-94 00:00:00 GMT', now), 0, 'two digits far ahead mean the past');
  assert.equal(retryAfter('Sun, 15 Jan 2090 12:00:00 GMT', now), 24 * 3600 * 1000);
});

test('anything else asks for nothing', () => {
  for (const text of [undefined, null, '', 'soon', '-5', '1.5', '5 s', '2026-01-15T12:00:20Z', 'Thu, 15 Foo 2026 12:00:20 GMT'])
    assert.equal(retryAfter(text, now), undefined, String(text));
});

test('property: a date that is written comes back as the time until it, and no text throws', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 86_399 }), (seconds) => {
      assert.equal(retryAfter(new Date(now + seconds * 1000).toUTCString(), now), seconds * 1000);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      const ms = retryAfter(text, now);
      assert.ok(ms === undefined || (ms >= 0 && ms <= 24 * 3600 * 1000));
    }),
  );
});
