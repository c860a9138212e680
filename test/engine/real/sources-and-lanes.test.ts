import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { type RunningFlow, startFlow } from '../../../src/engine/index.ts';
import { error } from '../../../src/errors/index.ts';
import {
  actor,
  process as actorOf,
  batch,
  effect,
  flow,
  map,
  mapAsync,
  merge,
  pipe,
  rekey,
  table,
  tee,
  to,
  topic,
  write,
} from '../../../src/index.ts';
import { createKafkaLog } from '../../../src/log/kafka/index.ts';
import { header, type Log } from '../../../src/log/port.ts';
import { createSqliteLog } from '../../../src/log/sqlite/log.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import { openDatabase } from '../../../src/sqlite/database.ts';
import type { State } from '../../../src/state/port.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { createSqliteState } from '../../../src/state/sqlite/state.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { memoryRegistry } from '../../../src/testing/memory-registry.ts';
import { freshDatabase, services, uniqueName } from '../../support/services.ts';

/**
 * Several sources, independent lanes, batch and rekey over several workers on the real log and store: a rolling restart while
 * every tenth COMMIT loses its reply, and an owner whose write comes after its partitions have moved. The effect tables
 * are list-append: a row an effect, numbered by an actor's state, so that a lost update is a number that comes twice.
 */
interface Event {
  readonly n: number;
}
interface Row {
  lane: string;
  patient: string;
  nth: number;
  event_id: string;
}
const schema = { type: 'record', name: 'Event', fields: [{ name: 'n', type: 'int' }] };
const patients = 30;
const count = 1200;
const wards = 5;

interface Parts {
  readonly log: Log;
  readonly state: State;
  close(): Promise<void>;
}

/** The store with a gate in front of `transact`, and replies that get lost. */
function troubled(state: State) {
  let calls = 0;
  const trouble = { lost: 0, every: Number.POSITIVE_INFINITY, gate: undefined as Promise<void> | undefined, fenced: 0, waiting: 0 };
  const transact: State['transact'] = async (groups) => {
    if (trouble.gate) {
      trouble.waiting++;
      await trouble.gate;
    }
    const outcomes = await state.transact(groups);
    trouble.fenced += outcomes.filter((outcome) => outcome === 'fenced').length;
    if (++calls % trouble.every !== 0) return outcomes;
    trouble.lost++;
    throw error('AORTA_STATE_001', { problem: 'injected: the reply was lost' });
  };
  const wrapped = new Proxy(state, {
    get(target, name) {
      if (name === 'transact') return transact;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { state: wrapped, trouble };
}

function suite(name: string, open: () => Promise<Parts>, workers: number) {
  describe(`sources and lanes on ${name}`, { timeout: 240_000 }, () => {
    const sources = [uniqueName('adt'), uniqueName('oru')].map((source) => topic<Event>(source, schema, { partitions: 6 }));
    const [adt, oru] = sources as [(typeof sources)[0], (typeof sources)[0]];
    const byWard = topic<Event>(uniqueName('by-ward'), schema, { partitions: 3, key: 'ward' });
    const sink = topic<Event>(uniqueName('sunk'), schema, { partitions: 6 });
    const effects = table<Row>(uniqueName('effects').replaceAll('-', '_'), {
      columns: { lane: { type: 'text' }, patient: { type: 'text' }, nth: { type: 'integer' }, event_id: { type: 'text' } },
      key: ['lane', 'patient', 'nth', 'event_id'],
    });
    const numbered = (lane: string) =>
      pipe(
        actorOf(
          `count-${lane}`,
          actor<{ nth: number }, Event, Event & { nth: number }>({
            version: 1,
            initial: () => ({ nth: 0 }),
            receive: (state, e) => ({ state: { nth: state.nth + 1 }, emit: [{ ...e, nth: state.nth + 1 }] }),
          }),
        ),
        write(`rows-${lane}`, {
          tables: [effects],
          effects: (e, ctx) => effect.insert(effects, { lane, patient: ctx.key, nth: e.nth, event_id: ctx.eventId }),
        }),
      );
    const split = flow(uniqueName('split').replaceAll('_', '-'))
      .from(merge(adt, oru))
      .pipe(
        numbered('main'),
        tee(
          {
            ehr: pipe(
              mapAsync('post', async (e: Event) => {
                await new Promise((resolve) => setTimeout(resolve, 1));
                return e;
              }),
              numbered('ehr'),
              map(({ n }) => ({ n })),
              to(sink),
            ),
            wards: pipe(
              numbered('wards'),
              batch('bulk', async (items) => items.map(({ value: { n } }) => ({ n })), { max: 10, within: 20 }),
              rekey((e) => `ward-${e.n % wards}`, byWard),
            ),
          },
          { lanes: 'independent' },
        ),
      );
    const census = flow(uniqueName('census').replaceAll('_', '-')).from(byWard).pipe(numbered('census'));
    let parts: Parts;
    before(async () => {
      parts = await open();
      await parts.state.migrate();
    });
    after(() => parts?.close());

    const registry = memoryRegistry();
    const starter = async (state: State, made: typeof split | typeof census, drainMs = 20_000): Promise<RunningFlow> =>
      startFlow(
        made,
        {
          log: parts.log,
          state,
          clock: systemClock,
          random: systemRandom,
          telemetry: silentTelemetry,
          serde: async (t) => serdeFor(await registry, t),
          partitions: (t) => parts.log.partitions(t),
        },
        { drainMs },
      );
    const rows = () => parts.state.query<Row>(`SELECT lane, patient, nth, event_id FROM ${effects.name} ORDER BY lane, patient, nth`, []);
    const until = async (what: string, done: () => Promise<boolean> | boolean) => {
      for (let i = 0; !(await done()); i++) {
        if (i > 600) assert.fail(`${what} did not come within two minutes`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    let sent = 0;
    const send = async (many: number) => {
      const serde = await serdeFor(await registry, adt);
      for (const until = sent + many; sent < until; ) {
        const batch = Array.from({ length: Math.min(50, until - sent) }, () => sent++);
        await parts.log.append(
          batch.map((n) => ({
            topic: (sources[n % 2] as typeof adt).name,
            key: `patient-${(n >> 1) % patients}`,
            value: serde.serialize({ n }),
            headers: { [header.eventId]: `event-${n}` },
          })),
        );
      }
    };
    const check = (all: readonly Row[]) => {
      for (const lane of ['main', 'ehr', 'wards', 'census']) {
        const own = all.filter((row) => row.lane === lane);
        const problems: string[] = [];
        for (const [patient, list] of Map.groupBy(own, ({ patient }) => patient)) {
          list.sort((a, b) => Number(a.nth) - Number(b.nth));
          const numbers = list.map(({ nth }) => Number(nth));
          if (numbers.some((nth, i) => nth !== i + 1)) problems.push(`${patient}: ${numbers.join(' ')}`);
          // Within a source, and for a ward within its source partition: what it came from is in order.
          const last = new Map<string, number>();
          for (const { event_id } of list) {
            const n = Number(/^event-(\d+)/.exec(event_id)?.[1]);
            const order = lane === 'census' ? `${n % 2}/${(n >> 1) % patients}` : String(n % 2);
            if (n < (last.get(order) ?? -1)) problems.push(`${patient}: event-${n} came late`);
            last.set(order, n);
          }
        }
        assert.deepEqual(problems, [], lane);
        const events = new Set(own.map(({ event_id }) => event_id.split(':')[0]));
        assert.equal(own.length, events.size, `${lane}: an event took effect twice`);
        assert.equal(events.size, sent, `${lane}: an event is missing`);
      }
    };
    const complete = () => until('the effects', async () => (await rows()).length >= 4 * sent);

    it('a rolling restart with lost replies: each lane has each event once, in order, over all workers', async () => {
      const stores = Array.from({ length: workers }, () => troubled(parts.state));
      for (const { trouble } of stores) trouble.every = 10;
      const counting = await starter(parts.state, census);
      const running: RunningFlow[] = [];
      for (const { state } of stores) running.push(await starter(state, split));
      await send(count / 2);
      const rest = send(count / 2);
      for (const [i, { state }] of stores.entries()) {
        await running[i]?.stop();
        running[i] = await starter(state, split);
      }
      await rest;
      await complete();
      check(await rows());
      assert.ok(stores.reduce((sum, { trouble }) => sum + trouble.lost, 0) > 0, 'replies were lost');
      for (const r of running) assert.ok(r.partitions().every(({ lanes }) => lanes.every(({ refused }) => refused === null)));
      for (const r of [...running, counting]) await r.stop();
    });

    it('an owner whose write comes after its partitions have moved changes nothing, in no lane', async () => {
      const counting = await starter(parts.state, census);
      const stale = troubled(parts.state);
      const old = await starter(stale.state, split, 300);
      await until('an assignment', () => old.partitions().length === 12);
      let release = () => {};
      stale.trouble.gate = new Promise((resolve) => {
        release = resolve;
      });
      await send(200);
      await until('a write at the gate', () => stale.trouble.waiting > 0);
      // The others come; the old owner gives up its drain and loses what it had.
      const fresh = await starter(parts.state, split);
      await until('the new owner', () => fresh.partitions().length > 0);
      const stopped = old.stop();
      await until('the whole assignment', () => fresh.partitions().length === 12);
      await until('effects of the new owner', async () => (await rows()).length > 4 * (sent - 200));
      release();
      await stopped;
      await complete();
      assert.ok(stale.trouble.fenced > 0, 'the late write was refused by the store');
      check(await rows());
      for (const r of [fresh, counting]) await r.stop();
    });
  });
}

suite('Kafka and PostgreSQL with three workers', async () => {
  const database = await freshDatabase();
  const log = createKafkaLog({ brokers: services().kafkaBrokers, clientId: uniqueName('sources') });
  const state = createPostgresState({ url: database.url });
  return {
    log,
    state,
    async close() {
      await log.close();
      await state.close();
      await database.drop();
    },
  };
}, 3);

suite('SQLite', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aorta-sources-'));
  const database = openDatabase({ dir });
  const log = createSqliteLog({ database, clock: systemClock });
  const state = createSqliteState({ database });
  return {
    log,
    state,
    async close() {
      await log.close();
      await state.close();
      await database.close();
      await rm(dir, { recursive: true });
    },
  };
}, 2);
