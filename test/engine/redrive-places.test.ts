import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RunningFlow, startFlow } from '../../src/engine/index.ts';
import { flow, map } from '../../src/index.ts';
import { partitionOf } from '../../src/log/murmur2.ts';
import { serdeFor } from '../../src/schema/serde.ts';
import { withHead } from '../../src/state/redrive-head.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { memoryRegistry } from '../../src/testing/memory-registry.ts';
import { seededRandom } from '../../src/testing/virtual-clock.ts';
import { applied, type Event, events, permanent, seen } from './review-support.ts';

/** Two workers, each with every other partition; records park until `mend`. */
async function start() {
  let mended = false;
  const made = flow('places')
    .from(events)
    .pipe(
      map('fragile', (e: Event): Event => {
        if (!mended) throw permanent();
        return e;
      }),
      seen(),
    );
  // Neither looks by itself: the test says who looks first.
  const engine = { redriveEveryMs: 3_600_000 };
  const driver = await TestDriver.start<Event>(made, { engine });
  const registry = await memoryRegistry();
  const second = await driver.until(
    startFlow(
      made,
      {
        ...{ log: driver.log, state: driver.state, clock: driver.clock, random: seededRandom(2), telemetry: silentTelemetry },
        serde: (topic) => serdeFor(registry, topic),
        partitions: (topic) => driver.log.partitions(topic),
      },
      engine,
    ),
  );
  await driver.advance(1000);
  const workers = [driver.running, second];
  const ownerOf = (partition: number) =>
    workers.find((worker) => worker.partitions().some((p) => p.partition === partition)) as RunningFlow;
  const put = async (key: string | null, partition: number, n: number) =>
    void driver.log.put({ topic: 'events', key, partition, value: await driver.encode({ n, kind: 'x' }) });
  const ask = async (id: string, key: string, action: 'redrive' | 'discard') =>
    driver.state.requestRedrive({ id, flow: 'places', key, errorClass: null, action, actor: 'test', at: driver.clock.now() });
  /** In the order given, and then once more each. */
  const look = async (...first: readonly RunningFlow[]) => {
    for (const worker of [...first, ...workers, ...workers]) {
      await driver.until(worker.nudge());
      await driver.advance(500);
    }
  };
  return {
    ...{ driver, ownerOf, put, ask, look },
    mend: () => {
      mended = true;
    },
    pending: () => driver.state.redriveRequests('places'),
    async stop() {
      await driver.until(second.stop());
      await driver.stop();
    },
  };
}

describe('a request for a patient who is held on more than the worker of its key’s partition', () => {
  it('waits for the owner of the place: the other worker does not say that it is done', async () => {
    const { driver, ownerOf, put, ask, look, mend, pending, stop } = await start();
    const own = partitionOf('p1', 4);
    const foreign = (own + 1) % 4;
    assert.notEqual(ownerOf(own), ownerOf(foreign));
    await put('p1', foreign, 1);
    // Somebody else is held there, so that it looks.
    await put('other', own, 2);
    await driver.advance(1000);
    mend();
    await ask('r1', 'p1', 'redrive');
    await look(ownerOf(own));
    assert.deepEqual(applied(driver.state), [1]);
    assert.deepEqual(await pending(), []);
    await ask('r2', 'p1', 'redrive');
    await look();
    assert.deepEqual(await pending(), [], 'where nobody holds the patient there is nothing to redrive');
    await stop();
  });

  it('is carried out in one place, by one worker', async () => {
    const { driver, ownerOf, put, ask, look, pending, stop } = await start();
    // Without a patient: each in the partition that its producer chose.
    await put(null, 0, 1);
    await put(null, 1, 2);
    await driver.advance(1000);
    assert.equal((await driver.held()).length, 2);
    await ask('r1', '', 'discard');
    await driver.until(Promise.all([ownerOf(0).nudge(), ownerOf(1).nudge()]));
    await look();
    assert.equal((await driver.held()).length, 1, 'one record is discarded');
    assert.deepEqual(await pending(), []);
    await stop();
  });

  it('that names a head is not refused by a worker which holds the patient elsewhere', async () => {
    const { driver, ownerOf, put, ask, look, mend, pending, stop } = await start();
    await put('p1', 0, 1);
    await put('other', 1, 2);
    await put('p1', 1, 3);
    await driver.advance(1000);
    mend();
    const [here, there] = (await driver.held()).filter(({ key }) => key === 'p1').sort((a, b) => a.lane.partition - b.lane.partition);
    assert.notEqual(here?.head.seq, there?.head.seq);
    await ask(withHead('r1', there?.head.seq), 'p1', 'redrive');
    await look(ownerOf(0));
    assert.deepEqual(applied(driver.state), [3]);
    assert.deepEqual(await pending(), []);
    await stop();
  });
});
