import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fail } from '../../src/flow/supervision.ts';
import { actor, flatMap, flow, process, to } from '../../src/index.ts';
import type { Commit } from '../../src/log/port.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { applied, type Event, events, out, permanent, seen } from './review-support.ts';

const one = (key: string, n: number, kind = 'x') => ({ key, value: { n, kind } });
const counter = actor<{ n: number }, Event, Event>({
  version: 1,
  initial: () => ({ n: 0 }),
  receive: (state, e) => ({ state: { n: state.n + 1 }, emit: [e] }),
});

describe('the group commit', () => {
  it('does not try a refused turn again and again in a flow that stops at failures', async () => {
    const driver = await TestDriver.start<Event>(
      flow('stops', { onFailure: { Permanent: { last: fail } } })
        .from(events)
        .pipe(process('count', counter), to(out)),
    );
    let calls = 0;
    driver.state.transact = async () => {
      calls++;
      throw permanent();
    };
    await driver.send(one('p1', 0));
    await driver.advance(1000);
    assert.equal(driver.running.partitions().filter((p) => p.refused === 'AORTA_ENGINE_013').length, 1);
    const before = calls;
    await driver.advance(1000);
    assert.equal(calls, before);
    await driver.stop();
  });

  it('parks only the patient whose state cannot be read', async () => {
    const driver = await TestDriver.start<Event>(flow('reads').from(events).pipe(process('count', counter), to(out)));
    const states = driver.state.states.bind(driver.state);
    driver.state.states = async (name, store, keys) => {
      if (keys.includes('poison')) throw permanent();
      return states(name, store, keys);
    };
    await driver.send(...['p1', 'p2', 'poison', 'p3', 'p4'].map((key) => one(key, 0)));
    await driver.advance(1000);
    assert.deepEqual(
      (await driver.held()).map((held) => held.key),
      ['poison'],
    );
    assert.equal((await driver.emitted(out)).length, 4);
    await driver.stop();
  });

  it('bounds a transaction by the bytes that its turns emit', async () => {
    const driver = await TestDriver.start<Event>(
      flow('bytes')
        .from(events)
        .pipe(
          flatMap('fan', (e: Event) => Array.from({ length: 50 }, (_, i) => ({ n: e.n * 100 + i, kind: 'x'.repeat(1000) }))),
          seen(),
          to(out),
        ),
      { engine: { group: { maxTurns: 500, maxBytes: 200_000 } } },
    );
    await driver.send(...Array.from({ length: 100 }, (_, i) => one(`p${i}`, i)));
    await driver.advance(2000);
    assert.equal((await driver.emitted(out)).length, 5000);
    for (const group of driver.state.journal) {
      const bytes = group.outbox.reduce((sum, record) => sum + (record.value?.length ?? 0), 0);
      assert.ok(bytes <= 400_000, `${bytes} bytes in one group`);
    }
    await driver.stop();
  });

  it('names the assignment whose work it commits', async () => {
    const driver = await TestDriver.start<Event>(flow('named').from(events).pipe(seen(), to(out)));
    const seenCommits: Commit[] = [];
    const original = driver.log.consumer.bind(driver.log);
    driver.log.consumer = (options) => {
      const consumer = original(options);
      const commit = consumer.commit.bind(consumer);
      consumer.commit = async (offsets) => {
        seenCommits.push(...offsets);
        return commit(offsets);
      };
      return consumer;
    };
    await driver.restart();
    await driver.send(one('p1', 0));
    await driver.advance(1000);
    assert.ok(seenCommits.length > 0);
    assert.ok(seenCommits.every((c) => c.generation !== undefined));
    await driver.stop();
  });

  it('starts where the store is, also when the log has a committed offset that the store knows nothing of', async () => {
    const driver = await TestDriver.start<Event>(flow('fresh').from(events).pipe(seen()));
    await driver.send(...[0, 1, 2].map((n) => one('p1', n)));
    await driver.advance(1000);
    await driver.stop();
    // The store was lost and created anew; the log and its group were not.
    driver.state.forget();
    await driver.deploy(flow('fresh').from(events).pipe(seen()) as never);
    await driver.advance(1000);
    assert.deepEqual(applied(driver.state), [0, 1, 2, 0, 1, 2]);
    await driver.stop();
  });
});
