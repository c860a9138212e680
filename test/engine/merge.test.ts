import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AortaError } from '../../src/errors/index.ts';
import {
  actor,
  branch,
  cameFrom,
  effect,
  type Flow,
  flow,
  map,
  mapAsync,
  merge,
  process,
  table,
  to,
  topic,
  write,
} from '../../src/index.ts';
import { header } from '../../src/log/port.ts';
import { TestDriver } from '../../src/testing/index.ts';

interface Admission {
  readonly n: number;
  readonly ward: string;
}
interface Result {
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
const admissions = topic<Admission>('admissions', record('Admission', 'ward'), { partitions: 4 });
const results = topic<Result>('results', record('Result', 'code'), { partitions: 4 });
const story = topic<string>('story', 'string', { partitions: 4 });

interface Seen {
  seen: string[];
}
let broken: string[] = [];
const told = actor<Seen, string, string>({
  version: 1,
  initial: () => ({ seen: [] }),
  receive: (state, text) => {
    if (broken.includes(text)) throw new AortaError('AORTA_TEST', 'Permanent', 'planned');
    return { state: { seen: [...state.seen, text] }, emit: [text] };
  },
});
const admitted = cameFrom(admissions);
const both = (then = told): Flow<unknown> =>
  flow('both')
    .from(merge(admissions, results))
    .pipe(
      branch('source', {
        admission: [admitted, map((a) => `a${a.n}`)],
        otherwise: map((r) => `r${r.n}`),
      }),
      process('told', then),
      to(story),
    );
const start = (made = both(), options: object = {}) => {
  broken = [];
  return TestDriver.start<Admission>(made, { source: admissions, ...options });
};
const stay = (n: number, key = 'p1') => ({ key, value: { n, ward: 'A' } });
const result = (n: number, key = 'p1') => ({ key, value: { n, code: 'K' } });
const of = (driver: TestDriver<Admission>, key = 'p1') => (driver.stateOf('told', key) as Seen | undefined)?.seen ?? [];

describe('a flow with several sources', () => {
  it('feeds one actor from all of them, each topic in its order, decoded by its own schema', async () => {
    const driver = await start();
    for (let n = 0; n < 20; n++) {
      await driver.sendTo(admissions, stay(n));
      await driver.sendTo(results, result(n));
    }
    await driver.advance(2000);
    const seen = of(driver);
    const ordered = (letter: string) => Array.from({ length: 20 }, (_, n) => `${letter}${n}`);
    assert.deepEqual(
      seen.filter((text) => text.startsWith('a')),
      ordered('a'),
    );
    assert.deepEqual(
      seen.filter((text) => text.startsWith('r')),
      ordered('r'),
    );
    assert.deepEqual(
      (await driver.emitted(story)).map(({ value }) => value),
      seen,
    );
    await driver.stop();
  });

  it('runs one turn at a time for a patient, whichever topic its records come from', async () => {
    let running = 0;
    let most = 0;
    const slow = flow('slow')
      .from(merge(admissions, results))
      .pipe(
        mapAsync('work', async (value: Admission | Result) => {
          most = Math.max(most, ++running);
          await new Promise<void>((resolve) => void driver.clock.after(30, resolve));
          running--;
          return String(value.n);
        }),
        to(story),
      );
    const driver: TestDriver<Admission> = await start(slow);
    await driver.sendTo(admissions, stay(0), stay(1), stay(2));
    await driver.sendTo(results, result(0), result(1), result(2));
    await driver.advance(1000);
    assert.equal((await driver.emitted(story)).length, 6);
    assert.equal(most, 1);
    await driver.sendTo(admissions, stay(3, 'p1'));
    await driver.sendTo(results, result(3, 'p2'));
    await driver.advance(1000);
    assert.equal(most, 2, 'two patients run side by side');
    await driver.stop();
  });

  it('keeps an applied set for each topic and partition: crashes at any moment repeat nothing', async () => {
    const driver = await start();
    for (let n = 0; n < 40; n++) {
      await driver.sendTo(admissions, stay(n, `p${n % 3}`));
      await driver.sendTo(results, result(n, `p${n % 3}`));
      if (n % 9 === 4) await driver.crash();
    }
    await driver.advance(5000);
    for (const key of ['p0', 'p1', 'p2']) {
      const seen = of(driver, key);
      assert.equal(new Set(seen).size, seen.length, 'none twice');
    }
    assert.equal(['p0', 'p1', 'p2'].flatMap((key) => of(driver, key)).length, 80);
    const lanes = new Set(driver.state.journal.map(({ lane }) => `${lane.lane}/${lane.topic}`));
    assert.deepEqual([...lanes].sort(), ['main/admissions', 'main/results']);
    await driver.stop();
  });

  it('numbers the emissions of each source apart: what one emits is never taken for a repetition of the other', async () => {
    const driver = await start();
    for (let n = 0; n < 10; n++) {
      await driver.sendTo(admissions, stay(n));
      await driver.sendTo(results, result(n));
    }
    await driver.advance(1000);
    const last = new Map<string, number>();
    for (const { headers } of await driver.emitted(story)) {
      const [, producer = '', seq] = /^(.*)\/(\d+)$/.exec(headers[header.seq] ?? '') ?? [];
      assert.ok(Number(seq) > (last.get(producer) ?? -1), `${producer} rises`);
      last.set(producer, Number(seq));
    }
    assert.equal(last.size, 2);
    await driver.stop();
  });

  it('holds a failed record of one topic with what is behind it in that topic; the other topic goes on', async () => {
    const driver = await start();
    broken = ['a1'];
    await driver.sendTo(admissions, stay(0), stay(1), stay(2));
    await driver.sendTo(results, result(0), result(1));
    await driver.advance(1000);
    assert.deepEqual(of(driver), ['a0', 'r0', 'r1']);
    assert.deepEqual(
      (await driver.held()).map(({ count, lane }) => [count, lane.topic]),
      [[2, 'admissions']],
    );
    assert.equal(driver.why('p1')[0]?.reason, 'parked');
    broken = [];
    // While results keep coming, the redriven head gets its turn all the same.
    const redriven = driver.redrive('p1');
    for (let n = 2; n < 8; n++) await driver.sendTo(results, result(n));
    await redriven;
    await driver.advance(1000);
    assert.deepEqual(
      of(driver).filter((text) => text.startsWith('a')),
      ['a0', 'a1', 'a2'],
    );
    assert.equal(of(driver).length, 11);
    assert.equal((await driver.held()).length, 0);
    await driver.stop();
  });

  it('a held record of one topic has its turn while records of the other one come without end', async () => {
    const order: string[] = [];
    const slow = flow('slow')
      .from(merge(admissions, results))
      .pipe(
        mapAsync('work', async (value: Admission | Result, ctx) => {
          const text = `${ctx.source.topic[0]}${value.n}`;
          await new Promise<void>((resolve) => void driver.clock.after(10, resolve));
          if (broken.includes(text)) throw new AortaError('AORTA_TEST', 'Permanent', 'planned');
          order.push(text);
          return text;
        }),
        to(story),
      );
    const driver: TestDriver<Admission> = await start(slow);
    broken = ['a0'];
    await driver.sendTo(admissions, stay(0), stay(1));
    await driver.advance(200);
    broken = [];
    // More than it can do: the patient's mailbox is never empty.
    await driver.sendTo(results, result(0), result(1), result(2));
    const redriven = driver.redrive('p1');
    for (let n = 3; n < 99; n += 3) await driver.sendTo(results, result(n), result(n + 1), result(n + 2));
    await redriven;
    await driver.advance(3000);
    assert.equal(order.length, 101);
    assert.ok(order.indexOf('a1') < 50, `after ${order.indexOf('a1')} results`);
    assert.ok(order.indexOf('a0') < order.indexOf('a1'));
    await driver.stop();
  });

  it('has one timer of a name for all topics: a record of the second topic moves what the first one set', async () => {
    const silence = actor<{ quiet: number }, string, string>({
      version: 1,
      initial: () => ({ quiet: 0 }),
      receive: (state, _text, ctx) => ({ state, timers: [{ name: 'silence', at: ctx.now + 5000 }], skip: 'watching' }),
      timer: (state) => ({ state: { quiet: state.quiet + 1 }, emit: ['quiet'] }),
    });
    const driver = await start(both(silence as never));
    await driver.sendTo(admissions, stay(0));
    await driver.advance(3000);
    await driver.sendTo(results, result(0));
    await driver.advance(3000);
    assert.equal((await driver.emitted(story)).length, 0, 'moved by the second topic');
    await driver.crash();
    await driver.advance(3000);
    assert.equal((await driver.emitted(story)).length, 1);
    await driver.advance(20_000);
    assert.deepEqual(driver.stateOf('told', 'p1'), { quiet: 1 });
    await driver.stop();
  });

  it('takes back what a patient did after a refused turn, over both topics, and does it again in order', async () => {
    const rows = table<{ patient: string; text: string }>('texts', {
      columns: { patient: { type: 'text' }, text: { type: 'text' } },
      key: ['patient', 'text'],
    });
    let refuse = true;
    const written = flow('written')
      .from(merge(admissions, results))
      .pipe(
        map((value, ctx) => `${ctx.source.topic[0]}${value.n}`),
        process('told', told),
        write('texts', {
          tables: [rows],
          // A row without its key is refused by every store.
          effects: (text, ctx) => effect.insert(rows, { patient: ctx.key, text: (refuse && text === 'a0' ? null : text) as string }),
        }),
        to(story),
      );
    const driver = await start(written);
    const put = async () => {
      for (const n of [0, 1]) {
        driver.log.put({ topic: 'admissions', key: 'p1', value: await driver.encode({ n, ward: 'A' }), headers: { eventId: `a${n}` } });
      }
      await driver.sendTo(results, { ...result(0), eventId: 'r0' }, { ...result(1), eventId: 'r1' });
    };
    await put();
    await driver.advance(1000);
    refuse = false;
    await driver.redrive('p1');
    await driver.advance(1000);
    const seen = of(driver);
    assert.deepEqual(
      seen.filter((text) => text.startsWith('a')),
      ['a0', 'a1'],
    );
    assert.deepEqual(
      seen.filter((text) => text.startsWith('r')),
      ['r0', 'r1'],
    );
    assert.equal(driver.rows(rows).length, 4);
    await driver.stop();
  });

  it('a redriven head that is taken back with a refused turn of the other topic runs again', async () => {
    const rows = table<{ patient: string; text: string }>('texts', {
      columns: { patient: { type: 'text' }, text: { type: 'text' } },
      key: ['patient', 'text'],
    });
    for (let offset = 0; offset < 14; offset++) {
      let refuse = true;
      const written = flow('written')
        .from(merge(admissions, results))
        .pipe(
          map((value, ctx) => `${ctx.source.topic[0]}${value.n}`),
          process('told', told),
          write('texts', {
            tables: [rows],
            effects: (text, ctx) => effect.insert(rows, { patient: ctx.key, text: (refuse && text === 'r0' ? null : text) as string }),
          }),
          to(story),
        );
      const driver = await start(written);
      broken = ['a0'];
      await driver.sendTo(admissions, stay(0), stay(1));
      await driver.advance(200);
      broken = [];
      // Every write takes its time: a turn of one topic is under way when a turn of the other one is refused.
      const transact = driver.state.transact.bind(driver.state);
      driver.state.transact = async (groups) => {
        await new Promise<void>((resolve) => void driver.clock.after(5, resolve));
        return transact(groups);
      };
      const redriven = driver.redrive('p1');
      await driver.clock.advance(offset);
      await driver.sendTo(results, result(0), result(1));
      await redriven;
      await driver.advance(1000);
      refuse = false;
      await driver.redrive('p1');
      await driver.advance(2000);
      assert.deepEqual(await driver.held(), [], `offset ${offset}`);
      assert.deepEqual([...of(driver)].sort(), ['a0', 'a1', 'r0', 'r1'], `offset ${offset}`);
      assert.equal(driver.rows(rows).length, 4);
      await driver.stop();
    }
  });

  it('does not start where the sources are not co-partitioned', async () => {
    const other = topic<Result>('results', record('Result', 'code'), { partitions: 4 });
    const driver = await start(
      flow('elsewhere')
        .from(admissions)
        .pipe(
          map((a) => a.ward),
          to(story),
        ),
    );
    await driver.log.ensureTopics([{ ...other, name: 'results', partitions: 3 }]);
    await assert.rejects(driver.deploy(both()), { code: 'AORTA_ENGINE_030' });
  });
});
