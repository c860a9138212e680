import assert from 'node:assert/strict';
import { test } from 'node:test';
import { error } from '../../src/errors/index.ts';
import { actor, call, dedupe, defineTarget, enrich, flow, park, process, rateLimit, retry, to } from '../../src/index.ts';
import { simulate } from '../../src/testing/index.ts';
import { type Event, event, events, out } from './flows.ts';

/** An outside system that fails, is down for a while, and remembers what it was asked. */
function outside() {
  const asked = new Map<string, number>();
  let n = 0;
  const ehr = defineTarget('ehr', {
    deadlineMs: 1_000,
    bulkhead: 3,
    queue: 10,
    breaker: { failures: 3, openMs: 200 },
    onOpen: 'park',
  });
  const counter = actor<{ count: number }, Event, Event>({
    version: 1,
    initial: () => ({ count: 0 }),
    receive: (state, e) => ({ state: { count: state.count + 1 }, emit: [e] }),
  });
  const built = flow('outside', { onFailure: { Transient: { retry: retry.backoff(50, 400, 3), last: park } } })
    .from(events)
    .pipe(
      dedupe('once', (e: Event) => `${e.n}`, { leaseMs: 300 }),
      enrich('look', { by: (e) => e.kind, lookup: async (kind) => kind, into: (e) => e, cache: { max: 10, ttlMs: 100 } }),
      rateLimit(ehr, { requests: 500, waitMs: 50 }),
      call(
        'ask',
        ehr,
        async (e, { idempotencyKey }) => {
          n++;
          asked.set(idempotencyKey, (asked.get(idempotencyKey) ?? 0) + 1);
          if (n % 40 > 30 || n % 7 === 0) throw error('AORTA_GUARD_006', { status: 503 });
          return e;
        },
        { key: 'derived', journal: true },
      ),
      process('counter', counter),
      to(out),
    );
  return { built, asked };
}

test('calls, look-ups and ids under crashes, rebalances, lost replies and pauses: no loss, no double effect, in order', async () => {
  const seeds = Number(globalThis.process.env['AORTA_SEEDS'] ?? 25);
  let asked = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const site = outside();
    const { violations, script } = await simulate<Event>(site.built, { seed, event, events: 64, steps: 8, engine: { maxWaitMs: 100 } });
    assert.deepEqual(violations, [], `seed ${seed}\n${script.join('\n')}`);
    assert.ok(site.asked.size >= 64, `seed ${seed}: ${site.asked.size} keys for 64 events`);
    assert.ok(site.asked.size <= 64, `seed ${seed}: an event went out under two keys`);
    asked += [...site.asked.values()].reduce((sum, count) => sum + count, 0);
  }
  assert.ok(asked > seeds * 64, 'some were repeated');
});
