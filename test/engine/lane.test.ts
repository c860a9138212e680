import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AortaError } from '../../src/errors/index.ts';
import {
  actor,
  branch,
  deadLetter,
  effect,
  filter,
  flatMap,
  flow,
  map,
  mapAsync,
  pipe,
  process,
  skip,
  table,
  tee,
  to,
  topic,
  write,
} from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';

interface Event {
  readonly n: number;
  readonly kind: string;
}
const eventSchema = {
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'n', type: 'int' },
    { name: 'kind', type: 'string' },
  ],
};
const events = topic<Event>('events', eventSchema, { partitions: 4 });
const out = topic<Event>('out', eventSchema, { partitions: 4 });

interface Row {
  patient: string;
  n: number;
  kind: string;
}
const rows = table<Row>('seen', {
  columns: { patient: { type: 'text' }, n: { type: 'integer' }, kind: { type: 'text' } },
  key: ['patient', 'n'],
});

const seen = () =>
  write('seen', { tables: [rows], effects: (e: Event, ctx) => effect.insert(rows, { patient: ctx.key, n: e.n, kind: e.kind }) });

const many = (count: number, keys = ['p1', 'p2', 'p3']) =>
  Array.from({ length: count }, (_, i) => ({ key: keys[i % keys.length] as string, value: { n: i, kind: 'x' } }));

const transient = () => new AortaError('AORTA_TEST', 'Transient', 'try again');
const permanent = () => new AortaError('AORTA_TEST', 'Permanent', 'never');

describe('a lane', () => {
  it('settles every envelope once, emits in order of the patient, and commits behind the lowest open one', async () => {
    const driver = await TestDriver.start<Event>(
      flow('plain')
        .from(events)
        .pipe(
          map((e) => ({ ...e, kind: 'y' })),
          to(out),
        ),
    );
    await driver.send(...many(60));
    await driver.advance(2000);
    const emitted = await driver.emitted(out);
    assert.equal(emitted.length, 60);
    for (const key of ['p1', 'p2', 'p3']) {
      const ns = emitted.filter((e) => e.key === key).map((e) => e.value.n);
      assert.deepEqual(
        ns,
        [...ns].sort((a, b) => a - b),
      );
    }
    assert.equal(driver.running.totals().done, 60);
    const committed = await driver.log.committed('aorta.plain', 'events');
    const ends = await driver.log.ends('events');
    for (const { partition, end } of ends) if (end > 0) assert.equal(committed.get(partition), end);
    await driver.stop();
  });

  it('applies effects once over restarts and continues where it was', async () => {
    const driver = await TestDriver.start<Event>(flow('effects').from(events).pipe(seen(), to(out)));
    await driver.send(...many(30));
    await driver.restart();
    await driver.send(...many(30).map((e) => ({ ...e, value: { ...e.value, n: e.value.n + 30 } })));
    await driver.advance(1000);
    assert.equal(driver.rows(rows).length, 60);
    assert.equal((await driver.emitted(out)).length, 60);
    await driver.stop();
  });

  it('keeps state per patient, with durable timers and a deterministic clock', async () => {
    interface Count {
      count: number;
    }
    const counter = actor<Count, Event, Event>({
      version: 1,
      initial: () => ({ count: 0 }),
      receive: (state, e, ctx) => ({
        state: { count: state.count + 1 },
        emit: [{ n: state.count + 1, kind: e.kind }],
        timers: [{ name: 'quiet', at: ctx.now + 60_000, payload: { last: e.n } }],
      }),
      timer: (state, timer) => ({ state: null, emit: [{ n: state.count, kind: `quiet:${(timer.payload as { last: number }).last}` }] }),
    });
    const driver = await TestDriver.start<Event>(flow('count').from(events).pipe(process('counter', counter), to(out)));
    await driver.send(...many(6, ['p1', 'p2']));
    assert.deepEqual(driver.stateOf('counter', 'p1'), { count: 3 });
    await driver.restart();
    await driver.send({ key: 'p1', value: { n: 9, kind: 'x' } });
    assert.deepEqual(driver.stateOf('counter', 'p1'), { count: 4 });
    await driver.advance(61_000);
    const quiet = (await driver.emitted(out)).filter((e) => e.value.kind.startsWith('quiet'));
    assert.deepEqual(quiet.map((e) => [e.key, e.value.n, e.value.kind]).sort(), [
      ['p1', 4, 'quiet:9'],
      ['p2', 3, 'quiet:5'],
    ]);
    assert.equal(driver.stateOf('counter', 'p1'), undefined);
    await driver.stop();
  });

  it('runs patients in parallel and one patient serially', async () => {
    let under = 0;
    let most = 0;
    const perKey = new Map<string, number>();
    const driverFlow = flow('calls')
      .from(events)
      .pipe(
        mapAsync('call', async (e: Event, ctx) => {
          under++;
          most = Math.max(most, under);
          const mine = (perKey.get(ctx.key) ?? 0) + 1;
          perKey.set(ctx.key, mine);
          assert.equal(mine, 1, 'two turns of one patient at once');
          await new Promise<void>((resolve) => driver.clock.after(50, resolve));
          perKey.set(ctx.key, 0);
          under--;
          return e;
        }),
        to(out),
      );
    const driver: TestDriver<Event> = await TestDriver.start<Event>(driverFlow);
    await driver.send(
      ...many(
        40,
        Array.from({ length: 10 }, (_, i) => `p${i}`),
      ),
    );
    await driver.advance(500);
    assert.equal((await driver.emitted(out)).length, 40);
    assert.equal(most, 10);
    await driver.stop();
  });

  it('tries a transient failure again; later envelopes of the patient wait, others do not', async () => {
    let failures = 2;
    const driver = await TestDriver.start<Event>(
      flow('retry')
        .from(events)
        .pipe(
          map((e) => {
            if (e.n === 0 && failures-- > 0) throw transient();
            return e;
          }),
          to(out),
        ),
    );
    await driver.send(
      { key: 'p1', value: { n: 0, kind: 'x' } },
      { key: 'p1', value: { n: 1, kind: 'x' } },
      { key: 'p2', value: { n: 2, kind: 'x' } },
    );
    await driver.advance(1000);
    assert.deepEqual(
      (await driver.emitted(out)).map((e) => e.value.n),
      [2],
    );
    assert.equal(driver.why('p1')[0]?.reason, 'retry');
    await driver.advance(36_000);
    assert.deepEqual(
      (await driver.emitted(out)).filter((e) => e.key === 'p1').map((e) => e.value.n),
      [0, 1],
    );
    await driver.stop();
  });

  it('climbs the ladder on the held list over restarts, parks at its end, and redrives the head first', async () => {
    let broken = true;
    const parked = flow('ladder')
      .from(events)
      .pipe(
        map((e) => {
          if (e.n === 0 && broken) throw transient();
          return e;
        }),
        seen(),
      );
    const driver = await TestDriver.start<Event>(parked);
    await driver.send(...many(3, ['p1']), { key: 'p2', value: { n: 9, kind: 'x' } });
    await driver.advance(5_000 + 30_000 + 1000);
    const [held] = await driver.held();
    assert.equal(held?.count, 3);
    assert.equal(held?.head.attempt, 4);
    assert.equal(driver.running.totals().parked, 3);
    await driver.restart();
    await driver.send({ key: 'p1', value: { n: 3, kind: 'x' } });
    await driver.advance(45 * 60_000);
    assert.equal((await driver.held())[0]?.head.due, null);
    assert.equal((await driver.held())[0]?.count, 4);
    assert.deepEqual(
      driver.rows(rows).map((r) => r.n),
      [9],
    );
    assert.equal(driver.why('p1')[0]?.reason, 'parked');
    assert.equal(driver.log.all('ladder.parked').flat().length, 1);
    // Redriven while still broken: it parks again, nothing overtakes.
    await driver.redrive('p1');
    await driver.advance(60 * 60_000);
    assert.equal((await driver.held())[0]?.head.redrives, 1);
    broken = false;
    await driver.redrive('p1');
    await driver.advance(1000);
    assert.deepEqual(
      driver
        .rows(rows)
        .filter((r) => r.patient === 'p1')
        .map((r) => r.n),
      [0, 1, 2, 3],
    );
    assert.equal((await driver.held()).length, 0);
    await driver.send({ key: 'p1', value: { n: 4, kind: 'x' } });
    assert.equal(driver.rows(rows).length, 6);
    await driver.stop();
  });

  it('discards a parked head on request and goes on behind it', async () => {
    const driver = await TestDriver.start<Event>(
      flow('discard')
        .from(events)
        .pipe(
          map((e) => {
            if (e.n === 0) throw permanent();
            return e;
          }),
          seen(),
        ),
    );
    await driver.send(...many(3, ['p1']));
    await driver.advance(1000);
    assert.equal((await driver.held())[0]?.count, 3);
    await driver.redrive('p1', 'discard');
    await driver.advance(1000);
    assert.deepEqual(
      driver.rows(rows).map((r) => r.n),
      [1, 2],
    );
    assert.equal((await driver.held()).length, 0);
    await driver.stop();
  });

  it('dead-letters in a tolerant flow with the original bytes and coordinates, and goes on', async () => {
    const driver = await TestDriver.start<Event>(
      flow('tolerant', { order: 'tolerant', onFailure: { Permanent: { last: deadLetter } } })
        .from(events)
        .pipe(
          map((e) => {
            if (e.n === 0) throw permanent();
            return e;
          }),
          seen(),
        ),
    );
    await driver.send(...many(3, ['p1']));
    await driver.sendRaw('p1', Buffer.from('junk'));
    await driver.advance(1000);
    assert.deepEqual(
      driver.rows(rows).map((r) => r.n),
      [1, 2],
    );
    const letters = driver.log.all('tolerant.dlq').flat();
    assert.equal(letters.length, 2);
    assert.equal(String(letters[0]?.headers['aorta-error-class']), 'Permanent');
    assert.equal(String(letters[1]?.headers['aorta-error-class']), 'Decode');
    assert.equal(letters[1]?.value?.toString(), 'junk');
    assert.equal(driver.running.totals().failed, 2);
    await driver.stop();
  });

  it('parks poison and records without a patient in a strict flow', async () => {
    const driver = await TestDriver.start<Event>(flow('poison').from(events).pipe(seen()));
    await driver.sendRaw('p1', Buffer.from([0, 0, 0, 0, 99, 1]));
    await driver.sendRaw(null, Buffer.from('x'));
    await driver.send(...many(2, ['p1', 'p2']));
    await driver.advance(1000);
    assert.deepEqual(
      driver.rows(rows).map((r) => r.patient),
      ['p2'],
    );
    const held = await driver.held();
    assert.deepEqual(held.map((h) => [h.key, h.count, h.head.errorCode]).sort(), [
      ['', 1, 'AORTA_ENGINE_010'],
      ['p1', 2, held.find((h) => h.key === 'p1')?.head.errorCode],
    ]);
    await driver.stop();
  });

  it('finds the culprit when the database refuses a group; its patient is done again in order, all others are written', async () => {
    const driver = await TestDriver.start<Event>(
      flow('culprit')
        .from(events)
        .pipe(
          write('seen', {
            tables: [rows],
            effects: (e: Event, ctx) =>
              effect.insert(rows, { patient: ctx.key, n: e.n, kind: e.n === 7 ? (null as unknown as string) : e.kind }),
          }),
        ),
    );
    await driver.send(...many(60));
    await driver.advance(2000);
    const done = driver.rows(rows);
    // p2 (n = 1, 4, 7, …): everything before 7 is written, 7 is parked, the rest waits behind it.
    assert.deepEqual(
      done.filter((r) => r.patient === 'p2').map((r) => r.n),
      [1, 4],
    );
    assert.equal(done.filter((r) => r.patient !== 'p2').length, 40);
    assert.equal((await driver.held())[0]?.count, 18);
    await driver.stop();
  });

  it('ends a turn at its deadline: its context is dead, its signal aborted, and the patient waits', async () => {
    let aborted = false;
    let first = true;
    const driver = await TestDriver.start<Event>(
      flow('deadline')
        .from(events)
        .pipe(
          mapAsync(
            'hang',
            (e: Event, ctx) => {
              if (!first) return Promise.resolve(e);
              first = false;
              ctx.signal.addEventListener('abort', () => {
                aborted = true;
              });
              return new Promise<Event>(() => {});
            },
            { deadlineMs: 1000 },
          ),
          seen(),
        ),
    );
    await driver.send(...many(2, ['p1']));
    assert.equal(driver.why('p1')[0]?.reason, 'running');
    assert.equal(driver.why('p1')[0]?.operator, 'hang');
    await driver.advance(1100);
    assert.ok(aborted);
    assert.equal(driver.why('p1')[0]?.code, 'AORTA_ENGINE_003');
    await driver.advance(6000);
    assert.deepEqual(
      driver.rows(rows).map((r) => r.n),
      [0, 1],
    );
    await driver.stop();
  });

  it('bounds memory: a stuck patient pauses its partition at the credits, others were served', async () => {
    const driver = await TestDriver.start<Event>(
      flow('stuck')
        .from(topic<Event>('one', eventSchema, { partitions: 1 }))
        .pipe(
          mapAsync('sink', (e: Event, ctx) => (ctx.key === 'stuck' ? new Promise<Event>(() => {}) : Promise.resolve(e)), {
            deadlineMs: 10_000_000,
          }),
          seen(),
        ),
      { engine: { maxRecords: 40 } },
    );
    await driver.send(...Array.from({ length: 400 }, (_, i) => ({ key: i % 2 === 0 ? 'stuck' : `p${i}`, value: { n: i, kind: 'x' } })));
    await driver.advance(5000);
    // Half the credits: the stuck patient's backlog moved to the held list; everybody else is through.
    assert.equal(driver.rows(rows).length, 200);
    const [partition] = driver.running.partitions();
    assert.ok((partition?.open ?? 0) <= 41, `${partition?.open} open`);
    await driver.stop();
  });

  it('branches, tees and flat-maps with one settlement a root and named skips', async () => {
    const driver = await TestDriver.start<Event>(
      flow('shapes')
        .from(events)
        .pipe(
          filter('small', (e) => e.n < 100),
          branch('parity', {
            even: [(e) => e.n % 2 === 0, pipe(flatMap((e) => Array.from({ length: e.n % 3 }, (_, i) => ({ n: e.n, kind: `c${i}` }))))],
            otherwise: skip('odd'),
          }),
          tee({ rows: seen(), out: to(out) }),
        ),
    );
    await driver.send(...many(6, ['p1']), { key: 'p1', value: { n: 100, kind: 'x' } });
    await driver.advance(500);
    const totals = driver.running.totals();
    assert.equal(totals.received, 7);
    // 0: no children; 2: two; 4: one; odd and large ones are skipped.
    assert.deepEqual([totals.done, totals.skipped], [2, 5]);
    assert.deepEqual(
      (await driver.emitted(out)).map((e) => [e.value.n, e.value.kind]),
      [
        [2, 'c0'],
        [2, 'c1'],
        [4, 'c0'],
      ],
    );
    await driver.stop();
  });

  it('gives emissions deterministic ids and hop numbers that rise, and drops what arrives twice', async () => {
    const driver = await TestDriver.start<Event>(flow('hops').from(events).pipe(seen(), to(out)));
    await driver.send({ key: 'p1', value: { n: 1, kind: 'x' }, eventId: 'E1' }, { key: 'p1', value: { n: 2, kind: 'x' }, eventId: 'E2' });
    const emitted = await driver.emitted(out);
    assert.deepEqual(
      emitted.map((e) => e.headers.eventId),
      ['E1:out:0', 'E2:out:0'],
    );
    const seqs = emitted.map((e) => Number(e.headers['aorta-seq']?.split('/').at(-1)));
    assert.ok((seqs[0] as number) < (seqs[1] as number));
    await driver.stop();

    const next = await TestDriver.start<Event>(flow('next').from(out).pipe(seen()), { source: out });
    const [partition] = driver.log.all('out').flatMap((records, p) => (records.length > 0 ? [p] : []));
    for (const record of [...driver.log.all('out').flat(), ...driver.log.all('out').flat()]) {
      next.log.put({ topic: 'out', partition: partition as number, key: record.key, value: record.value, headers: record.headers });
    }
    await next.advance(500);
    assert.equal(next.rows(rows).length, 2);
    assert.equal(next.running.totals().done, 2);
    await next.stop();
  });

  it('refuses a partition whose watermark is above the end of the log', async () => {
    const driver = await TestDriver.start<Event>(flow('truncated').from(events).pipe(seen()));
    await driver.send(...many(30));
    await driver.stop();
    // With the topic the log forgets the group's offsets; where it has not yet, the watermark alone tells.
    const { committed } = driver.log.group('aorta.truncated');
    const before = [...committed];
    driver.log.recreate('events');
    for (const [partition, offset] of before) committed.set(partition, offset);
    await driver.restart();
    assert.ok(driver.running.partitions().some((p) => p.refused === 'AORTA_ENGINE_005'));
    await driver.stop();
  });

  it('takes up after a crash: nothing lost, nothing twice, state as the last durable turn left it', async () => {
    const driver = await TestDriver.start<Event>(flow('crash').from(events).pipe(seen(), to(out)));
    await driver.send(...many(30));
    for (const e of many(30))
      driver.log.put({ topic: 'events', key: e.key, value: await driver.encode({ ...e.value, n: e.value.n + 30 }) });
    await driver.crash();
    await driver.advance(2000);
    assert.equal(driver.rows(rows).length, 60);
    for (const key of ['p1', 'p2', 'p3']) {
      const ns = (await driver.emitted(out)).filter((e) => e.key === key).map((e) => e.value.n);
      assert.deepEqual(
        [...new Set(ns)],
        [...ns].sort((a, b) => a - b).filter((n, i, all) => all[i - 1] !== n),
      );
    }
    await driver.stop();
  });

  it('parks the record that ends the process again and again, and no innocent one', async () => {
    let reached = false;
    const killer = flow('killer')
      .from(topic<Event>('one', eventSchema, { partitions: 1 }))
      .pipe(
        mapAsync('handle', (e: Event) => {
          if (e.n !== 5) return Promise.resolve(e);
          reached = true;
          return new Promise<Event>(() => {});
        }),
        seen(),
      );
    const driver = await TestDriver.start<Event>(killer);
    await driver.send(...Array.from({ length: 12 }, (_, n) => ({ key: `p${n}`, value: { n, kind: 'x' } })));
    let kills = 0;
    while (reached && kills < 10) {
      reached = false;
      kills++;
      await driver.crash();
      await driver.advance(500);
    }
    assert.equal(kills, 4, 'the first kill is nobody’s fault yet; then three that were noted');
    assert.deepEqual(
      driver
        .rows(rows)
        .map((r) => r.n)
        .sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11],
    );
    const held = await driver.held();
    assert.deepEqual(
      held.map((h) => [h.head.reason, h.head.errorCode, h.head.due]),
      [['poison', 'AORTA_ENGINE_007', null]],
    );
    await driver.stop();
  });

  it('lets a held patient wait with its timers, and fires them when it is live again', async () => {
    let broken = true;
    const fired: number[] = [];
    const timed = actor<{ n: number }, Event, Event>({
      version: 1,
      initial: () => ({ n: 0 }),
      receive: (state, e, ctx) => {
        if (e.n === 1 && broken) throw permanent();
        return { state: { n: state.n + 1 }, timers: [{ name: 't', at: ctx.now + 1000 }] };
      },
      timer: (state) => {
        fired.push(state.n);
        return { state };
      },
    });
    const driver = await TestDriver.start<Event>(flow('timers').from(events).pipe(process('timed', timed), seen()));
    await driver.send(...many(2, ['p1']));
    await driver.advance(5000);
    assert.deepEqual(fired, []);
    broken = false;
    await driver.redrive('p1');
    await driver.advance(5000);
    assert.equal(fired.length, 1);
    assert.equal(fired[0], 2);
    await driver.stop();
  });

  it('migrates state on first use, and parks a patient whose state it cannot read', async () => {
    const v1 = actor<{ n: number }, Event>({ version: 1, initial: () => ({ n: 0 }), receive: (s) => ({ state: { n: s.n + 1 } }) });
    const driver = await TestDriver.start<Event>(flow('migrate').from(events).pipe(process('n', v1)));
    await driver.send(...many(3, ['p1']));
    await driver.stop();
    const v2 = actor<{ total: number }, Event>({
      version: 2,
      initial: () => ({ total: 0 }),
      migrate: (stored, from) => {
        assert.equal(from, 1);
        return { total: (stored as { n: number }).n * 10 };
      },
      receive: (s) => ({ state: { total: s.total + 1 } }),
    });
    await driver.deploy(flow('migrate').from(events).pipe(process('n', v2)));
    await driver.send({ key: 'p1', value: { n: 9, kind: 'x' } });
    assert.deepEqual(driver.stateOf('n', 'p1'), { total: 31 });
    await driver.deploy(
      flow('migrate')
        .from(events)
        .pipe(process('n', { ...v1, version: 3 })),
    );
    await driver.send({ key: 'p1', value: { n: 10, kind: 'x' } });
    await driver.advance(100);
    assert.equal((await driver.held())[0]?.head.errorCode, 'AORTA_ENGINE_012');
    assert.deepEqual(driver.stateOf('n', 'p1'), { total: 31 });
    await driver.stop();
  });

  it('parks a held row that ends the process again and again, too', async () => {
    let reached = 0;
    let failing = true;
    const killer = flow('killer')
      .from(events)
      .pipe(
        mapAsync('handle', (e: Event) => {
          if (e.n !== 0) return Promise.resolve(e);
          if (failing) return Promise.reject(transient());
          reached++;
          return new Promise<Event>(() => {});
        }),
        seen(),
      );
    const driver = await TestDriver.start<Event>(killer);
    await driver.send(...many(3, ['p1']), { key: 'p2', value: { n: 9, kind: 'x' } });
    await driver.advance(40_000);
    assert.equal((await driver.held())[0]?.count, 3);
    failing = false;
    await driver.advance(130_000);
    let kills = 0;
    while (reached > 0 && kills < 10) {
      reached = 0;
      kills++;
      await driver.crash();
      await driver.advance(1000);
    }
    assert.equal(kills, 4);
    assert.deepEqual(
      (await driver.held()).map((h) => [h.key, h.count, h.head.reason, h.head.due]),
      [['p1', 3, 'poison', null]],
    );
    assert.deepEqual(
      driver.rows(rows).map((r) => r.n),
      [9],
    );
    await driver.stop();
  });

  it('stands still, and says why, when the log refuses for good what it emits', async () => {
    const driver = await TestDriver.start<Event>(flow('refused').from(events).pipe(seen(), to(out)));
    const append = driver.log.append.bind(driver.log);
    driver.log.append = () => Promise.reject(permanent());
    await driver.send({ key: 'p1', value: { n: 1, kind: 'x' } });
    await driver.advance(2000);
    assert.ok(driver.running.partitions().some((p) => p.refused === 'AORTA_ENGINE_016'));
    driver.log.append = append;
    await driver.restart();
    await driver.advance(1000);
    assert.equal((await driver.emitted(out)).length, 1);
    await driver.stop();
  });
});
