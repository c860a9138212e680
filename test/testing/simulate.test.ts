import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { flow, map, to } from '../../src/index.ts';
import { describeSchedule, type Schedule, shrink, simulate } from '../../src/testing/index.ts';
import { type Event, event, events, everything, out } from './flows.ts';
import { plants } from './plants/all.ts';
import { firstCaught } from './plants/catch.ts';
import { plantedTesting } from './plants/plant.ts';
import { targets } from './targets/index.ts';

const root = join(import.meta.dirname, '../..');
const seeds = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
const named = (name: string) => {
  const found = targets.find((target) => target.name === name);
  assert.ok(found, name);
  return found;
};

async function clean(name: string, among: readonly number[]): Promise<void> {
  const target = named(name);
  for (const seed of among) {
    const { violations, schedule } = await simulate(target.flow, { ...target.options, seed });
    assert.deepEqual(violations, [], `${name}, seed ${seed}:\n${describeSchedule(schedule).join('\n')}`);
  }
}

describe('simulator', () => {
  it('finds no violation over seeds of crashes, rebalances, lost replies, pauses and clock jumps', async () => {
    for (const { name } of targets) await clean(name, seeds(1, 12));
  });

  it('finds none in a flow that several sources feed: one turn at a time, one actor, an applied set for each source', async () => {
    await clean('merged', seeds(1000, 25));
    await clean('merges-of-two', seeds(1000, 15));
  });

  it('finds none in independent lanes, over one source and over two', async () => {
    await clean('lanes', seeds(2000, 15));
    await clean('lanes-of-two', seeds(2000, 15));
  });

  it('finds none in a tolerant flow whose dead-letter brake goes on, is released too early, and whose letters are redriven', async () => {
    const { flow: made, options } = named('braked');
    const seen = { trips: 0, releases: 0, redrives: 0 };
    for (const seed of seeds(3000, 20)) {
      const { violations, schedule, script } = await simulate(made, { ...options, seed });
      assert.deepEqual(violations, [], `seed ${seed}:\n${describeSchedule(schedule).join('\n')}`);
      const count = (words: string) => script.filter((line) => line.includes(words)).length;
      seen.trips += count('puts the brake on');
      seen.releases += count('releases the brake');
      seen.redrives += count('redrives the dead letters');
    }
    assert.ok(Math.min(...Object.values(seen)) >= 10, JSON.stringify(seen));
  });

  it('every schedule that once failed passes', async () => {
    const folder = join(import.meta.dirname, 'schedules');
    const files = readdirSync(folder);
    assert.ok(files.length > 0);
    for (const file of files) {
      const { flow: name, schedule } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { flow: string; schedule: Schedule };
      const target = named(name);
      const { violations } = await simulate(target.flow, { ...target.options, seed: schedule.seed, schedule });
      assert.deepEqual(violations, [], file);
    }
  });

  it('gives the same trace for the same seed, in another process too', async () => {
    const run = async (seed: number) => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['scripts/simulate.ts', '--flow', 'everything', '--seed', String(seed), '--json'],
        {
          cwd: root,
          maxBuffer: 64 * 1024 * 1024,
        },
      );
      return JSON.parse(stdout) as { trace: string; lines: string[] };
    };
    const target = named('everything');
    const lines: string[] = [];
    const here = await simulate(target.flow, { ...target.options, seed: 7, onLine: (line) => lines.push(line) });
    const there = await run(7);
    assert.deepEqual(there.lines, lines);
    assert.equal(there.trace, here.trace);
    assert.notEqual((await simulate(target.flow, { ...target.options, seed: 8 })).trace, here.trace);
  });

  it('every kind of action happens within a few hundred seeds', async () => {
    const seen = new Set<string>();
    const { scheduleFor } = await import('../../src/testing/index.ts');
    for (const name of ['everything', 'merges', 'braked']) {
      const target = named(name);
      const made = target.flow as (around: object) => Parameters<typeof scheduleFor>[0];
      for (const seed of seeds(1, 300))
        for (const action of scheduleFor(made({ random: { int: () => 0 } }), { ...target.options, seed } as never).actions)
          seen.add(action.do);
    }
    for (const kind of [
      'send',
      'merge',
      'start',
      'rebalance',
      'trim',
      'recreate',
      'kill',
      'stop',
      'kill-at',
      'pause',
      'lose',
      'jump',
      'fail',
      'outage',
      'slow',
      'refuse',
      'lethal',
      'gap',
      'redrive',
      'release',
    ])
      assert.ok(seen.has(kind), kind);
  });

  it('says so when a flow breaks its own invariant, and when it never comes to rest', async () => {
    const plain = flow('plain')
      .from(events)
      .pipe(
        map('same', (e: Event) => e),
        to(out),
      );
    const broken = await simulate(plain, { seed: 1, event, events: 5, steps: 1, emissions: out, invariant: () => ['it is wrong'] });
    assert.deepEqual(broken.violations, [{ oracle: 'Invariant', message: 'it is wrong' }]);
    const stuck = await simulate(plain, {
      seed: 1,
      event,
      events: 5,
      steps: 1,
      emissions: { name: 'elsewhere' },
    });
    assert.ok(stuck.violations.length > 0);
  });
});

describe('shrinking', () => {
  it('makes a failing schedule short, and the short one fails alike and replays', async () => {
    const plant = (await plants()).find(({ name }) => name === 'hop-ignored');
    assert.ok(plant);
    const caught = await firstCaught(plant, [plant.seed, ...seeds(1, 25)]);
    assert.ok(caught);
    const planted = await plantedTesting(plant);
    const target = named(plant.target);
    const options = { ...target.options, seed: caught.seed };
    const short = await planted.shrink(target.flow, options, caught.result, 250);
    const records = short.schedule.actions.flatMap((action) => (action.do === 'send' ? action.records : []));
    assert.ok(short.schedule.actions.length <= 4, describeSchedule(short.schedule).join('\n'));
    assert.ok(records.length <= 3, `${records.length} records`);
    const saved = JSON.parse(JSON.stringify(short.schedule)) as Schedule;
    const again = await planted.simulate(target.flow, { ...options, schedule: saved });
    assert.equal(again.trace, short.result.trace);
    assert.equal(again.violations[0]?.oracle, caught.result.violations[0]?.oracle);
    // The code itself stands it.
    assert.deepEqual((await simulate(target.flow, { ...options, schedule: saved })).violations, []);
  });

  it('keeps to its budget of runs', async () => {
    const failed = await simulate(everything(), { seed: 3, event, events: 20, invariant: () => ['always'] });
    const { runs, schedule } = await shrink(everything(), { seed: 3, event, events: 20, invariant: () => ['always'] }, failed, 30);
    assert.ok(runs <= 30);
    assert.ok(schedule.actions.length < failed.schedule.actions.length);
  });
});
