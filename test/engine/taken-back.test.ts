import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { actor, flow, map, merge, process, to, topic } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { applied, type Event, events, out, permanent, type Row, seen } from './review-support.ts';

const others = topic<Event>('others', events.schema, { partitions: 4 });
const one = (n: number, kind = 'x') => ({ key: 'p1', value: { n, kind } });

/** Over two topics; every write takes 50 ms, and a record that is `bad` fails, one that is `refused` is refused by the store. */
async function start() {
  const wrong = { bad: true, refused: true };
  const made = flow('taken-back')
    .from(merge(events, others))
    .pipe(
      map('fragile', (e: Event) => {
        if (e.kind === 'bad' && wrong.bad) throw permanent();
        return e;
      }),
      process(
        'count',
        actor<{ n: number }, Event, Event>({
          version: 1,
          initial: () => ({ n: 0 }),
          receive: (state, e) => ({ state: { n: state.n + 1 }, emit: [e] }),
        }),
      ),
      seen(),
      to(out),
    );
  const driver = await TestDriver.start<Event>(made, { source: events });
  // Its state is in memory: what is sent begins at once.
  await driver.send(one(0));
  await driver.advance(1000);
  const transact = driver.state.transact.bind(driver.state);
  driver.state.transact = async (groups) => {
    await sleep(driver.clock, 50);
    if (wrong.refused && groups.some((g) => g.effects.some(({ effect: e }) => 'row' in e && (e.row as Partial<Row>).kind === 'refused')))
      throw permanent();
    return transact(groups);
  };
  const put = async (name: string, n: number, kind = 'x') =>
    void driver.log.put({ topic: name, key: 'p1', value: await driver.encode({ n, kind }) });
  return { driver, wrong, put };
}

describe('what is taken back with a refused turn of another topic', () => {
  it('goes behind what its own topic has on the held list', async () => {
    const { driver, wrong, put } = await start();
    await put('events', 1, 'bad');
    await driver.clock.advance(10);
    await put('others', 10, 'refused');
    // The failed record is on the list now, and the turn of the other topic is being written.
    await driver.clock.advance(50);
    await put('events', 2);
    await driver.advance(2000);
    assert.deepEqual(applied(driver.state), [0], 'nothing passes the parked head');
    wrong.bad = wrong.refused = false;
    await driver.redrive('p1');
    await driver.redrive('p1');
    await driver.advance(2000);
    assert.deepEqual(
      applied(driver.state).filter((n) => n < 10),
      [0, 1, 2],
    );
    assert.deepEqual(
      [...applied(driver.state)].sort((a, b) => a - b),
      [0, 1, 2, 10],
    );
    assert.deepEqual(await driver.held(), []);
    await driver.stop();
  });

  it('goes behind the rows that a redriven head leaves, whenever it comes', async () => {
    for (let later = 0; later < 300; later += 10) {
      const { driver, wrong, put } = await start();
      await put('events', 1, 'bad');
      await put('events', 2);
      await driver.advance(1000);
      wrong.bad = false;
      const redriven = driver.redrive('p1');
      await driver.clock.advance(later);
      await put('others', 10, 'refused');
      await driver.clock.advance(1);
      await put('events', 3);
      await redriven;
      await driver.advance(2000);
      wrong.refused = false;
      await driver.redrive('p1');
      await driver.advance(2000);
      assert.deepEqual(
        applied(driver.state).filter((n) => n < 10),
        [0, 1, 2, 3],
        `${later} ms later`,
      );
      await driver.stop();
    }
  });
});

describe('before the lanes of all sources are claimed', () => {
  it('nothing of a patient runs, whatever an operator asks for, and the request is not lost', async () => {
    const { driver, wrong, put } = await start();
    await put('others', 1, 'bad');
    await put('others', 2);
    await driver.advance(1000);
    wrong.bad = false;
    const request = { flow: 'taken-back', key: 'p1', errorClass: null, action: 'redrive' as const, actor: 'test', at: 0 };
    await driver.state.requestRedrive({ id: 'r1', ...request });
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const claim = driver.state.claim.bind(driver.state);
    driver.state.claim = async (ref, partitions) => {
      if (ref.topic === 'events') await gate;
      return claim(ref, partitions);
    };
    await driver.crash();
    await driver.advance(5000);
    assert.deepEqual(applied(driver.state), [0], 'one of its lanes may still be written by the last owner');
    assert.equal((await driver.state.redriveRequests('taken-back')).length, 1);
    open();
    await driver.advance(5000);
    assert.deepEqual(applied(driver.state), [0, 1, 2]);
    assert.deepEqual(await driver.state.redriveRequests('taken-back'), []);
    await driver.stop();
  });
});
