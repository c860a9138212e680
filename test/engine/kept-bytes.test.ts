import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AortaError } from '../../src/errors/index.ts';
import { filter, flow, map, mapAsync, to, topic } from '../../src/index.ts';
import type { Headers, LogRecord } from '../../src/log/port.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { MemoryLog } from '../../src/testing/memory-log.ts';
import { applied, type Event, events, out, seen } from './review-support.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The log delivers views of one answer, as Kafka's does; resolves with the answers that are still in memory. */
function asViews(driver: { readonly log: MemoryLog }): () => Promise<number> {
  const answers: WeakRef<ArrayBufferLike>[] = [];
  const tail = driver.log.tail.bind(driver.log);
  driver.log.tail = (at, from, limit) => {
    const found = tail(at, from, limit);
    if (found.records.length === 0) return found;
    const answer = Buffer.from(new ArrayBuffer(1 << 20));
    answers.push(new WeakRef(answer.buffer));
    let end = 0;
    const view = <T extends Buffer | string | null | undefined>(bytes: T): T | Buffer => {
      if (bytes === null || bytes === undefined) return bytes;
      const copy = Buffer.from(bytes);
      copy.copy(answer, end);
      end += copy.length;
      return answer.subarray(end - copy.length, end);
    };
    const records = found.records.map(
      ({ key, value, headers, ...rest }): LogRecord => ({
        ...rest,
        key: view(key),
        value: view(value),
        headers: Object.fromEntries(Object.entries(headers).map(([name, bytes]) => [name, view(bytes)])) as Headers,
      }),
    );
    return { records, end: found.end };
  };
  return async () => {
    // A WeakRef that was made in this turn of the event loop keeps what it refers to.
    await new Promise(setImmediate);
    collect();
    await new Promise(setImmediate);
    collect();
    return answers.filter((answer) => answer.deref()).length;
  };
}

const bytesOut = topic<Buffer>('bytes-out', null, { partitions: 1 });
const one = (key: string, n: number) => ({ key, value: { n, kind: 'x' } });

describe('one record that waits keeps its own bytes, not all that was read with it', () => {
  const start = async (name: string, work: (event: Event) => Promise<Event>) => {
    const source = topic<Event>(name, events.schema, { partitions: 1 });
    const driver = await TestDriver.start<Event>(flow(name).from(source).pipe(mapAsync('work', work), seen()));
    return { driver, kept: asViews(driver) };
  };

  it('in a turn that runs long, and in the mailbox behind it', async () => {
    let go: () => void = () => {};
    const slow = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { driver, kept } = await start('waits', async (event) => {
      if (event.n === 0) await slow;
      return event;
    });
    await driver.send(one('slow', 0), one('slow', 1), ...Array.from({ length: 50 }, (_, i) => one(`p${i}`, 100 + i)));
    await driver.advance(100);
    assert.equal(await kept(), 1, 'at first it is a view');
    await driver.advance(2_000);
    assert.equal(await kept(), 0);
    go();
    await driver.advance(1_000);
    assert.deepEqual(
      applied(driver.state).filter((n) => n < 100),
      [0, 1],
      'and they say what they said',
    );
    await driver.stop();
  });

  it('on the held list', async () => {
    const { driver, kept } = await start('held', async (event) => {
      if (event.n === 0) throw new Error('never');
      return event;
    });
    await driver.send(one('bad', 0), one('bad', 1), ...Array.from({ length: 50 }, (_, i) => one(`p${i}`, 100 + i)));
    // Parked at once, before anybody looks for what waits.
    await driver.advance(400);
    assert.equal(driver.running.totals()['parked'], 2);
    assert.equal(await kept(), 0);
    await driver.stop();
  });

  it('while no commit is answered', async () => {
    const { consumer } = MemoryLog.prototype;
    MemoryLog.prototype.consumer = function (options) {
      return Object.assign(consumer.call(this, options), { commit: () => new Promise(() => {}) });
    };
    const started = start('uncommitted', (event) => (event.n === 0 ? new Promise(() => {}) : Promise.resolve(event)));
    const { driver, kept } = await started.finally(() => {
      MemoryLog.prototype.consumer = consumer;
    });
    await driver.send(one('fast', 99), one('slow', 0));
    for (let second = 0; second < 10; second++) {
      await driver.send(one(`slow${second}`, 0), one('fast', 100 + second));
      await driver.advance(1_000);
    }
    const answers = await kept();
    assert.ok(answers <= 3, `${answers} of 11`);
    await driver.stop();
  });

  it('as plain bytes in the hands of the flow', async () => {
    const bytes = topic<Buffer>('bytes', null, { partitions: 1 });
    const work = (value: Buffer) => (value[0] === 0 ? new Promise<Buffer>(() => {}) : Promise.resolve(value));
    const driver = await TestDriver.start<Buffer>(flow('bytes').from(bytes).pipe(mapAsync('work', work), to('end', bytesOut)));
    const kept = asViews(driver);
    await driver.send({ key: 'slow', value: Buffer.of(0, 1) }, { key: 'fast', value: Buffer.of(1, 1) });
    await driver.advance(2_000);
    assert.equal(await kept(), 0);
    await driver.stop();
  });

  it('as a dead letter that the log does not take yet', async () => {
    const source = topic<Event>('letters', events.schema, { partitions: 1 });
    const fail = map('fail', (event: Event): Event => {
      throw new AortaError('AORTA_TEST', 'Permanent', `never ${event.n}`);
    });
    const driver = await TestDriver.start<Event>(
      flow('letters', { order: 'tolerant' })
        .from(source)
        .pipe(
          filter('some', (event) => event.n === 0),
          fail,
          to('end', out),
        ),
    );
    const kept = asViews(driver);
    const append = driver.log.append.bind(driver.log);
    let away = false;
    driver.log.append = (records) => (away ? new Promise(() => {}) : append(records));
    await driver.send(one('bad', 0), ...Array.from({ length: 50 }, (_, i) => one(`p${i}`, 100 + i)));
    away = true;
    await driver.advance(2_000);
    assert.equal(driver.running.totals()['deadLetters'], 1);
    assert.equal(await kept(), 0);
    driver.log.append = append;
    await driver.stop();
  });
});
