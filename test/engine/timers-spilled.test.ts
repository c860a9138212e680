import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { actor, type Flow, flow, map, mapAsync, merge, process, to, topic } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events } from './review-support.ts';

interface A {
  readonly n: number;
  readonly ward: string;
}
interface B {
  readonly n: number;
  readonly code: string;
}
const record = (name: string, text: string) => ({
  type: 'record',
  name,
  fields: [
    { name: 'n', type: 'int' },
    { name: text, type: 'string' },
  ],
});
const admissions = topic<A>('admissions', record('A', 'ward'), { partitions: 1 });
const results = topic<B>('results', record('B', 'code'), { partitions: 1 });
const story = topic<string>('story', 'string', { partitions: 1 });
const names = ['t1', 't2', 't3', 't4'];

const told = (fired: string[]) =>
  actor<{ n: number }, string, string>({
    version: 1,
    initial: () => ({ n: 0 }),
    receive: (state, text, ctx) =>
      text === 'a0'
        ? { state: { n: 1 }, timers: names.map((name) => ({ name, at: ctx.now + 10_000 })), skip: 'watching' }
        : { state: { n: state.n + 1 }, emit: [text] },
    timer: (state, timer) => {
      fired.push(timer.name);
      return { state: { n: state.n + 1 }, skip: 'fired' };
    },
  });

describe('timers of one patient that are due together', () => {
  it('all fire, although another source brings a burst of the patient while its state is read', async () => {
    const fired: string[] = [];
    const made = flow('both')
      .from(merge(admissions, results))
      .pipe(
        map((e: A | B) => `${'ward' in e ? 'a' : 'r'}${e.n}`),
        process('told', told(fired)),
        mapAsync('out', async (t: string) => t),
        to(story),
      ) as Flow<unknown>;
    const driver = await TestDriver.start<A>(made, { source: admissions, engine: { maxRecords: 40 } });
    await driver.sendTo(admissions, { key: 'p1', value: { n: 0, ward: 'w' } });
    await driver.restart(); // its state is not in memory any more
    const states = driver.state.states.bind(driver.state);
    driver.state.states = async (...args) => {
      await sleep(driver.clock, 500);
      return states(...args);
    };
    while (driver.why('p1').length === 0) await driver.advance(50); // the timers are due, the state is being read
    await driver.sendTo(results, ...Array.from({ length: 30 }, (_, n) => ({ key: 'p1', value: { n, code: 'c' } })));
    await driver.advance(3_600_000);
    assert.equal((await driver.emitted(story)).length, 30);
    assert.deepEqual(fired.toSorted(), names);
  });

  it('all fire where the credits are few', async () => {
    const fired: string[] = [];
    const driver = await TestDriver.start<Event>(
      flow('few')
        .from(events)
        .pipe(
          map((e: Event) => `a${e.n}`),
          process('told', told(fired)),
          mapAsync('out', async (t: string) => t),
          to(story),
        ),
      { engine: { maxRecords: 4 } },
    );
    await driver.send({ key: 'p1', value: { n: 0, kind: 'x' } });
    await driver.advance(3_600_000);
    assert.deepEqual(fired.toSorted(), names);
  });
});
