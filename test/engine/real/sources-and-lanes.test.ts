import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { type RunningFlow, startFlow } from '../../../src/engine/index.ts';
import { error } from '../../../src/errors/index.ts';
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
import { check, eventOf, type Row, splitOf } from './split.ts';

/**
 * Several sources, independent lanes, batch and rekey over several workers on the real log and store: a rolling restart while
 * every tenth COMMIT loses its reply, and an owner whose write comes after its partitions have moved.
 */
const count = 1200;

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
    const made = splitOf(uniqueName('s').replaceAll('_', '-'));
    const { split, census, effects, sources } = made;
    let parts: Parts;
    before(async () => {
      parts = await open();
      await parts.state.migrate();
    });
    after(() => parts?.close());

    const registry = memoryRegistry();
    const starter = async (state: State, flow: typeof split, drainMs = 20_000): Promise<RunningFlow> =>
      startFlow(
        flow,
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
      const serde = await serdeFor(await registry, sources[0]);
      for (const until = sent + many; sent < until; ) {
        const batch = Array.from({ length: Math.min(50, until - sent) }, () => sent++);
        await parts.log.append(
          batch.map((n) => {
            const { topic, key, eventId } = eventOf(made, n);
            return { topic, key, value: serde.serialize({ n }), headers: { [header.eventId]: eventId } };
          }),
        );
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
      check(await rows(), sent);
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
      check(await rows(), sent);
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
