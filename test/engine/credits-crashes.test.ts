import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { AortaError } from '../../src/errors/index.ts';
import { actor, branch, flow, map, mapAsync, process, topic } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { applied, type Event, events, seen } from './review-support.ts';

const one = (key: string, n: number, kind = 'x') => ({ key, value: { n, kind } });
const start = (maxRecords: number, counts: number[]) =>
  TestDriver.start<Event>(
    flow('hot')
      .from(topic<Event>('hot', events.schema, { partitions: 1 }))
      .pipe(
        branch('kind', {
          plain: [(e: Event) => e.kind === 'x', map((e: Event) => e)],
          otherwise: mapAsync('work', (e: Event) => Promise.resolve(e)),
        }),
        process(
          'count',
          actor<{ n: number }, Event, Event>({
            version: 1,
            initial: () => ({ n: 0 }),
            receive: (s, e) => {
              counts.push(s.n);
              return { state: { n: s.n + 1 }, emit: [e] };
            },
          }),
        ),
        seen(),
      ),
    { engine: { maxRecords } },
  );
const N = 120;
describe('a hot patient', () => {
  for (let seed = 0; seed < 6; seed++)
    it(`keeps order over crashes and refusals, ${seed}`, async () => {
      const driver = await start(16 + seed * 4, []);
      let refuse = new Set([7 + seed, 40 + seed * 3]);
      const transact = driver.state.transact.bind(driver.state);
      driver.state.transact = async (groups) => {
        await sleep(driver.clock, 5 + ((seed * 13) % 40));
        for (const g of groups)
          for (const { effect } of g.effects)
            if ('row' in effect && refuse.has((effect.row as { n: number }).n)) throw new AortaError('AORTA_TEST', 'Permanent', 'refused');
        return transact(groups);
      };
      await driver.send(...Array.from({ length: N }, (_, n) => one('hot', n, n % 7 === 3 ? 'y' : 'x')));
      for (let i = 0; i < 4; i++) {
        await driver.advance(37 + seed * 31 + i * 50);
        await driver.crash();
      }
      await driver.advance(20_000);
      for (let i = 0; i < 6; i++) {
        refuse = new Set();
        if ((await driver.held()).some((h) => h.head.due === null)) await driver.redrive('hot');
        await driver.advance(10_000);
        if (i === 1) await driver.crash();
      }
      await driver.advance(200_000);
      assert.deepEqual(
        applied(driver.state),
        Array.from({ length: N }, (_, n) => n),
      );
      assert.equal((driver.stateOf('count', 'hot') as { n: number }).n, N);
    });
});
