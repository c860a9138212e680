import assert from 'node:assert/strict';
import { test } from 'node:test';
import { error } from '../../src/errors/index.ts';
import { batch, call, defineTarget, flow, type TargetOptions, to, topic } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';

// One partition: a batch is of one partition.
const numbers = topic<number>('numbers', 'int', { partitions: 1 });
const answers = topic<string>('answers', 'string', { partitions: 1 });

/** A batch that looks up, and behind it a call of a target that can be down. */
async function start(options: TargetOptions) {
  const world = { up: true, lookedUp: 0, at: [] as number[] };
  const target = defineTarget('ehr', options);
  const made = flow('behind')
    .from(numbers)
    .pipe(
      batch<number, number>(
        'look-up',
        async (items) => {
          world.lookedUp += items.length;
          return items.map(({ value }) => value);
        },
        { max: 50, within: 20, readOnly: true },
      ),
      call<number, string>(
        'ask',
        target,
        async (value) => {
          world.at.push(driver.clock.monotonic());
          if (!world.up) throw error('AORTA_GUARD_008', { problem: 'ECONNREFUSED' });
          return `${value}`;
        },
        { key: 'derived' },
      ),
      to(answers),
    );
  const driver: TestDriver<number> = await TestDriver.start<number>(made, { source: numbers });
  const emitted = async () => (await driver.emitted(answers)).map(({ value }) => value);
  return { driver, world, emitted };
}
const patients = (count: number, from = 0) => Array.from({ length: count }, (_, i) => ({ key: `p${from + i}`, value: from + i }));

test('a call behind a batch: an open breaker refuses it, its patients wait for that reason and go on by themselves', async () => {
  const { driver, world, emitted } = await start({ breaker: { failures: 3, openMs: 5_000 } });
  world.up = false;
  await driver.send(...patients(3));
  await driver.advance(100);
  assert.equal(driver.targets()[0]?.breaker, 'open');
  const before = world.at.length;
  await driver.send(...patients(20, 10));
  await driver.advance(100);
  assert.equal(world.at.length, before, 'nobody calls an open target');
  const [wait] = driver.why('p10');
  assert.deepEqual([wait?.reason, wait?.attempt], ['breaker', 1]);
  await driver.advance(60_000);
  assert.ok(world.at.length - before <= 14, `${world.at.length - before} calls in a minute: probes only`);
  // Each real try of a call makes one, and a refusal none.
  assert.ok(world.lookedUp <= 23 + world.at.length, `${world.lookedUp} items were sent for ${world.at.length} calls`);
  world.up = true;
  await driver.advance(15_000);
  const waited = await emitted();
  for (const { value } of patients(20, 10)) assert.ok(waited.includes(`${value}`));
  await driver.stop();
});

test('a call behind a batch: its target’s quota holds, whatever number the batch lets go at once', async () => {
  const { driver, world, emitted } = await start({ limiter: { requests: 2, perMs: 1_000 } });
  await driver.send(...patients(8));
  await driver.advance(10_000);
  assert.equal((await emitted()).length, 8);
  for (const [i, at] of world.at.entries()) assert.ok(at - (world.at[i - 2] ?? Number.NEGATIVE_INFINITY) >= 1_000, `${world.at}`);
  await driver.stop();
});
