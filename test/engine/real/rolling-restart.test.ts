import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { type RunningFlow, startFlow } from '../../../src/engine/index.ts';
import { actor, process as actorOf, effect, flow, table, to, topic, write } from '../../../src/index.ts';
import { createKafkaLog } from '../../../src/log/kafka/index.ts';
import { header, type Log } from '../../../src/log/port.ts';
import { createSqliteLog } from '../../../src/log/sqlite/log.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import { openDatabase } from '../../../src/sqlite/database.ts';
import type { State } from '../../../src/state/port.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { createSqliteState } from '../../../src/state/sqlite/state.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { noDoubleEffect, noLoss, perPatientOrder, type Sent } from '../../../src/testing/index.ts';
import { memoryRegistry } from '../../../src/testing/memory-registry.ts';
import { freshDatabase, services, uniqueName } from '../../support/services.ts';

/**
 * The guarantee oracles on the real log and store, with a rolling restart half-way (SEMANTICS.md, testing ladder 3). The
 * effect table is list-append: a row an effect, numbered per patient by the actor's state.
 */
interface Event {
  readonly n: number;
}
interface Row {
  patient: string;
  nth: number;
  event_id: string;
}
const schema = { type: 'record', name: 'Event', fields: [{ name: 'n', type: 'int' }] };
const patients = 50;
const count = 3000;

interface Parts {
  readonly log: Log;
  readonly state: State;
  close(): Promise<void>;
}

function suite(name: string, open: () => Promise<Parts>, workers: number) {
  describe(`rolling restart on ${name}`, { timeout: 400_000 }, () => {
    const source = topic<Event>(uniqueName('rolling'), schema, { partitions: 6 });
    const sink = topic<Event>(uniqueName('rolled'), schema, { partitions: 6 });
    const effects = table<Row>(uniqueName('effects').replaceAll('-', '_'), {
      columns: { patient: { type: 'text' }, nth: { type: 'integer' }, event_id: { type: 'text' } },
      key: ['patient', 'nth', 'event_id'],
    });
    const counter = actor<{ nth: number }, Event, Event & { nth: number }>({
      version: 1,
      initial: () => ({ nth: 0 }),
      receive: (state, e) => ({ state: { nth: state.nth + 1 }, emit: [{ ...e, nth: state.nth + 1 }] }),
    });
    /** How often the flow ran for each event. */
    const runs = new Map<string, number>();
    const flowName = uniqueName('rolling').replaceAll('_', '-');
    const rolling = flow(flowName)
      .from(source)
      .pipe(
        actorOf('counter', counter),
        write('effects', {
          tables: [effects],
          effects: (e, ctx) => {
            runs.set(ctx.eventId, (runs.get(ctx.eventId) ?? 0) + 1);
            return effect.insert(effects, { patient: ctx.key, nth: e.nth, event_id: ctx.eventId });
          },
        }),
        to(sink),
      );
    let parts: Parts;
    before(async () => {
      parts = await open();
      await parts.state.migrate();
    });
    after(() => parts?.close());

    it('loses nothing, applies nothing twice and keeps every patient in order', async () => {
      const registry = await memoryRegistry();
      const start = (): Promise<RunningFlow> =>
        startFlow(
          rolling,
          {
            ...parts,
            clock: systemClock,
            random: systemRandom,
            telemetry: silentTelemetry,
            serde: (t) => serdeFor(registry, t),
            partitions: (t) => parts.log.partitions(t),
          },
          { drainMs: 20_000 },
        );
      const running: RunningFlow[] = [];
      for (let i = 0; i < workers; i++) running.push(await start());
      const serde = await serdeFor(registry, source);
      const sent: Sent[] = [];
      const send = async (from: number, until: number) => {
        for (let n = from; n < until; n += 100) {
          const batch = Array.from({ length: 100 }, (_, i) => ({
            key: `patient-${(n + i) % patients}`,
            eventId: `event-${n + i}`,
            n: n + i,
          }));
          await parts.log.append(
            batch.map((e) => ({
              topic: source.name,
              key: e.key,
              value: serde.serialize({ n: e.n }),
              headers: { [header.eventId]: e.eventId },
            })),
          );
          sent.push(...batch);
        }
      };
      await send(0, count / 2);
      const rest = send(count / 2, count);
      for (let i = 0; i < workers; i++) {
        await running[i]?.stop();
        running[i] = await start();
      }
      await rest;
      const rows = async () =>
        (
          await parts.state.query<{ patient: string; event_id: string }>(
            `SELECT patient, event_id FROM ${effects.name} ORDER BY patient, nth`,
            [],
          )
        ).map((r) => ({
          key: r.patient,
          eventId: r.event_id,
        }));
      let effected = await rows();
      while (effected.length < count) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        effected = await rows();
      }
      const emittedAll = async () => (await parts.log.ends(sink.name)).reduce((sum, { start: first, end }) => sum + end - first, 0);
      while ((await emittedAll()) < count) await new Promise((resolve) => setTimeout(resolve, 100));
      assert.deepEqual([...noLoss(sent, effected), ...noDoubleEffect(effected), ...perPatientOrder(sent, effected)], []);
      assert.equal(effected.length, count);
      // A clean hand-over handles nothing again. Records may be delivered again (offsets follow the applied set); it drops them.
      assert.deepEqual(
        [...runs].filter(([, times]) => times > 1),
        [],
      );
      for (const r of running) await r.stop();
    });
  });
}

suite('Kafka and PostgreSQL with three workers', async () => {
  const database = await freshDatabase();
  const log = createKafkaLog({ brokers: services().kafkaBrokers, clientId: uniqueName('rolling') });
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
  const dir = await mkdtemp(join(tmpdir(), 'aorta-rolling-'));
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
