import assert from 'node:assert/strict';
import { it } from 'node:test';
import { actor, flow, process, to } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, out } from './review-support.ts';

it('a turn of two actors, one of whose states is no JSON, leaves the other one nothing to count twice', async () => {
  let wrong = true;
  const made = flow('two-states')
    .from(events)
    .pipe(
      process(
        'count',
        actor<{ n: number }, Event, Event>({
          version: 1,
          initial: () => ({ n: 0 }),
          receive: ({ n }, e) => ({ state: { n: n + 1 }, emit: [{ ...e, n: n + 1 }] }),
        }),
      ),
      process(
        'last',
        actor<{ n: unknown }, Event, Event>({
          version: 1,
          initial: () => ({ n: 0 }),
          receive: (_, e) => ({ state: { n: wrong && e.kind === 'bad' ? 1n : e.n }, emit: [e] }),
        }),
      ),
      to(out),
    );
  const driver = await TestDriver.start<Event>(made, { source: events });
  for (const kind of ['x', 'bad', 'x']) await driver.send({ key: 'p1', value: { n: 0, kind } });
  await driver.advance(2_000);
  assert.equal((await driver.held()).length, 1);
  wrong = false;
  await driver.redrive('p1');
  await driver.advance(2_000);
  assert.deepEqual(
    (await driver.emitted(out)).map(({ value: { n, kind } }) => [kind, n]),
    [
      ['x', 1],
      ['bad', 2],
      ['x', 3],
    ],
  );
  await driver.stop();
});
