import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { type RunningFlow, startFlow } from '../../../src/engine/index.ts';
import type { Flow } from '../../../src/flow/flow.ts';
import { effect, flow, map, table, to, topic, write } from '../../../src/index.ts';
import { header, type Log } from '../../../src/log/port.ts';
import { prometheusTelemetry } from '../../../src/ops/telemetry.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import type { State } from '../../../src/state/port.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { memoryRegistry } from '../../../src/testing/memory-registry.ts';
import { asAdmin, openLog } from '../../log/kafka/support.ts';
import { until } from '../../support/hospital/site.ts';
import { type FreshDatabase, freshDatabase, uniqueName } from '../../support/services.ts';

/** R44: what Kafka says about offsets changes behind the flow's back. The store decides; nothing is skipped silently. */
interface Event {
  readonly n: number;
}
const schema = { type: 'record', name: 'Event', fields: [{ name: 'n', type: 'int' }] };

for (const kind of ['with effects', 'without state'] as const) {
  describe(`a flow ${kind} on Kafka and PostgreSQL`, { timeout: 400_000 }, () => {
    let database: FreshDatabase;
    let state: State;
    let log: Log;
    before(async () => {
      database = await freshDatabase('offsets');
      state = createPostgresState({ url: database.url });
      await state.migrate();
      log = openLog();
    });
    after(async () => {
      await log.close();
      await state.close();
      await database.drop();
    });

    /** One flow on topics of its own; partition 0 of one. */
    async function setUp() {
      const source = topic<Event>(uniqueName('offsets'), schema, { partitions: 1 });
      const sink = topic<Event>(uniqueName('offsets-out'), schema, { partitions: 1 });
      const rows = table<{ event_id: string }>(uniqueName('rows'), { columns: { event_id: { type: 'text' } }, key: ['event_id'] });
      const name = uniqueName('offsets').replaceAll('_', '-');
      const from = flow(name).from(source);
      const made: Flow<unknown> =
        kind === 'without state'
          ? from.pipe(
              map((e: Event) => e),
              to(sink),
            )
          : from.pipe(
              write('rows', { tables: [rows], effects: (_e: Event, ctx) => effect.insert(rows, { event_id: ctx.eventId }) }),
              to(sink),
            );
      const telemetry = prometheusTelemetry({ level: 'silent' });
      const registry = await memoryRegistry();
      const ports = { log, state, clock: systemClock, random: systemRandom, telemetry };
      const start = (): Promise<RunningFlow> =>
        startFlow(made, { ...ports, serde: (t) => serdeFor(registry, t), partitions: (t) => log.partitions(t) });
      const serde = await serdeFor(registry, source);
      const send = (...numbers: number[]) =>
        log.append(
          numbers.map((n) => ({ topic: source.name, key: 'p1', value: serde.serialize({ n }), headers: { [header.eventId]: `e${n}` } })),
        );
      const done = async (count: number) => {
        await until(`${count} emitted`, async () => ((await log.ends(sink.name))[0]?.end ?? 0) >= count);
        const records = await log.read({ topic: sink.name, partition: 0 }, 0, 1000);
        return records.map(({ headers }) => headers[header.eventId]?.toString().split(':')[0]);
      };
      const anomaly = async (name_: string) =>
        (await telemetry.read('aorta_flow_offset_anomalies_total')).find(
          ({ labels }) => labels['kind'] === name_ && labels['flow'] === name,
        )?.value ?? 0;
      const group = `aorta.${name}`;
      const deleteOffsets = () =>
        until('the group is empty', async () => {
          // kafkajs deletes offsets only with the group; this group has no member now.
          try {
            await asAdmin((admin) => admin.deleteGroups([group]));
            return true;
          } catch {
            return false;
          }
        });
      return { source: source.name, start, send, done, anomaly, group, deleteOffsets };
    }

    it('goes on where the store says when the committed offsets are deleted, and tells', async () => {
      const { source, start, send, done, anomaly, group, deleteOffsets } = await setUp();
      let running = await start();
      await send(1, 2, 3);
      await done(3);
      await running.stop();
      await deleteOffsets();
      assert.equal((await log.committed(group, source)).size, 0);
      await send(4, 5);
      running = await start();
      assert.deepEqual(await done(5), ['e1', 'e2', 'e3', 'e4', 'e5'], 'no jump to the end, nothing again');
      assert.equal(await anomaly('committed-missing'), 1);
      await running.stop();
    });

    it('goes on at the start of a log that was trimmed above where it stood, and tells how much is gone', async () => {
      const { source, start, send, done, anomaly } = await setUp();
      let running = await start();
      await send(1, 2);
      await done(2);
      await running.stop();
      await send(3, 4, 5, 6);
      await asAdmin(async (admin) => {
        // Loads the topic's metadata.
        await admin.fetchTopicOffsets(source);
        await admin.deleteTopicRecords({ topic: source, partitions: [{ partition: 0, offset: '4' }] });
      });
      running = await start();
      assert.deepEqual(await done(4), ['e1', 'e2', 'e5', 'e6'], 'what is left is read from its start');
      assert.equal(await anomaly('expired'), 1);
      await running.stop();
    });

    it('refuses a topic that was deleted and made anew, with fewer records and with more', async () => {
      for (const again of [1, 6]) {
        const { source, start, send, done, anomaly } = await setUp();
        let running = await start();
        await send(1, 2, 3);
        await done(3);
        await running.stop();
        await asAdmin((admin) => admin.deleteTopics({ topics: [source] }));
        await until('the topic is gone', () => asAdmin(async (admin) => !(await admin.listTopics()).includes(source)));
        await until('it is made anew', () =>
          log.ensureTopics([{ name: source, partitions: 1, retentionMs: 7 * 86_400_000 }]).then(
            () => true,
            () => false,
          ),
        );
        await send(...Array.from({ length: again }, (_, i) => 100 + i));
        running = await start();
        const [partition] = await until('it is refused', () => {
          const found = running.partitions();
          return found[0]?.refused ? found : undefined;
        });
        assert.match(partition?.refused ?? '', /^AORTA_ENGINE_0(05|20)$/);
        assert.ok(
          running.overdue().some(({ reason }) => reason === 'refused'),
          'healthz tells',
        );
        assert.equal((await done(3)).length, 3, 'nothing of the new topic is taken for the old one’s');
        if (again > 3) assert.equal(await anomaly('made-anew'), 1);
        await running.stop();
      }
    });
  });
}
