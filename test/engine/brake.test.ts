import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deadLetter, flow, map, mapAsync, pipe, to } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, out, permanent } from './review-support.ts';

const bad = (e: Event): Event => {
  if (e.kind === 'bad') throw permanent();
  return e;
};
const letters = (driver: TestDriver<Event>) => driver.log.all('tolerant.dlq').flat();
const inputs = (kinds: readonly string[]) => kinds.map((kind, n) => ({ key: `p${n % 7}`, value: { n, kind } }));
const brake = { run: 5, ratio: 0.5, least: 20, windowMs: 60_000 };
const tolerant = () => flow('tolerant', { order: 'tolerant' }).from(events).pipe(map(bad), to(out));

describe('the dead-letter brake', () => {
  it('stops the flow after a run of dead letters, says why, and goes on in order when it is released', async () => {
    const driver = await TestDriver.start<Event>(tolerant(), { engine: { brake } });
    await driver.send(...inputs(Array(3).fill('good')));
    await driver.send(...inputs(Array(9).fill('bad')));
    await driver.send(...inputs(['good']));
    assert.equal(letters(driver).length, 5, 'the one that trips it is the last');
    assert.equal(driver.running.totals()['done'], 3);
    await driver.send({ key: 'fresh', value: { n: 99, kind: 'good' } });
    assert.equal(driver.running.totals()['done'], 3, 'nothing starts');
    const [why] = driver.running.braked();
    assert.deepEqual([why?.reason, why?.code, why?.overdue], ['brake', 'AORTA_ENGINE_017', false]);
    assert.match(why?.message ?? '', /5 dead letters of 5 records; release it with `aorta dlq release tolerant`/);
    assert.deepEqual(
      driver.why('fresh').map(({ reason }) => reason),
      ['brake'],
    );
    const waits = [0, 1, 2, 3].flatMap((partition) => driver.running.whyPartition(partition));
    assert.ok(waits.length === 4 && waits.every(({ reason, overdue }) => reason === 'brake' && !overdue));
    assert.deepEqual(driver.running.overdue(), []);
    await driver.advance(3_600_000);
    assert.equal(letters(driver).length, 5, 'time does not release it');
    assert.equal(await driver.state.operations.releaseBrake('tolerant'), true);
    await driver.running.nudge();
    await driver.advance(2000);
    assert.deepEqual(driver.running.braked(), []);
    // The next four are bad as well: one less than trips it.
    assert.equal(letters(driver).length, 9);
    assert.equal(driver.running.totals()['done'], 5);
    await driver.stop();
  });

  it('holds over restarts and for every worker, until it is released', async () => {
    const driver = await TestDriver.start<Event>(tolerant(), { engine: { brake } });
    await driver.send(...inputs(Array(6).fill('bad')));
    // Offsets are committed.
    await driver.advance(1000);
    assert.equal(letters(driver).length, 5);
    await driver.crash();
    await driver.send({ key: 'fresh', value: { n: 99, kind: 'good' } });
    assert.equal(driver.running.totals()['done'], 0);
    assert.equal(driver.running.braked().length, 1);
    await driver.restart();
    await driver.advance(10_000);
    assert.equal(driver.running.totals()['done'], 0);
    // Another worker would see the row as this one does.
    await driver.state.operations.releaseBrake('tolerant');
    await driver.advance(2000);
    assert.equal(letters(driver).length, 6);
    assert.equal(driver.running.totals()['done'], 1);
    await driver.stop();
  });

  it('trips at a ratio of a window, and not at what good records dilute', async () => {
    const driver = await TestDriver.start<Event>(tolerant(), { engine: { brake } });
    const many = (n: number, kind: (i: number) => string) =>
      driver.send(...Array.from({ length: n }, (_, i) => ({ key: 'p1', value: { n: i, kind: kind(i) } })));
    await many(60, (i) => (i % 3 === 0 ? 'bad' : 'good'));
    assert.equal(letters(driver).length, 20);
    assert.deepEqual(driver.running.braked(), [], 'a third is below the ratio');
    await driver.advance(120_000);
    await many(60, (i) => (i % 3 === 0 ? 'good' : 'bad'));
    assert.match(driver.running.braked()[0]?.message ?? '', /\(ratio\)/);
    assert.ok(letters(driver).length < 20 + 30, `${letters(driver).length}`);
    await driver.stop();
  });

  it('keeps calls that fail while it is on, and the store being away does not let them pass', async () => {
    let away = false;
    const ends: (() => void)[] = [];
    const driver = await TestDriver.start<Event>(
      flow('tolerant', { order: 'tolerant' })
        .from(events)
        .pipe(
          mapAsync(
            'call',
            (e: Event) => new Promise<Event>((resolve, reject) => ends.push(() => (e.kind === 'bad' ? reject(permanent()) : resolve(e)))),
          ),
          to(out),
        ),
      { engine: { brake } },
    );
    const { operations } = driver.state;
    const { putBrake } = operations;
    (operations as { putBrake: typeof putBrake }).putBrake = async (row) => {
      if (away) throw new Error('away');
      return putBrake(row);
    };
    away = true;
    await driver.send(...Array.from({ length: 12 }, (_, n) => ({ key: `p${n}`, value: { n, kind: 'bad' } })));
    for (const end of ends) end();
    await driver.advance(3000);
    assert.equal(letters(driver).length, 5);
    assert.equal(await operations.brake('tolerant'), undefined);
    assert.equal(driver.running.braked().length, 1, 'the store that knows of none does not release it');
    away = false;
    await driver.advance(3000);
    assert.equal((await operations.brake('tolerant'))?.reason, 'run');
    await driver.stop();
  });

  it('is not for strict flows: they park, and let no later record pass', async () => {
    const driver = await TestDriver.start<Event>(flow('strict').from(events).pipe(map(bad), to(out)), { engine: { brake } });
    await driver.send(...Array.from({ length: 30 }, (_, n) => ({ key: `p${n}`, value: { n, kind: 'bad' } })));
    assert.deepEqual(driver.running.braked(), []);
    assert.equal((await driver.held()).length, 30);
    await driver.stop();
  });

  it('a dead letter whose rule is declared counts too', async () => {
    const driver = await TestDriver.start<Event>(
      flow('tolerant', { order: 'tolerant', onFailure: { Defect: { last: deadLetter } } })
        .from(events)
        .pipe(
          pipe(
            map((e: Event): Event => {
              throw new Error(e.kind);
            }),
          ),
          to(out),
        ),
      { engine: { brake } },
    );
    await driver.send(...inputs(Array(10).fill('x')));
    assert.equal(letters(driver).length, 5);
    await driver.stop();
  });
});
