import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { startFlow } from '../../../src/engine/index.ts';
import { actor, process as actorOf, effect, flow, table, topic, write } from '../../../src/index.ts';
import { header } from '../../../src/log/port.ts';
import { createSqliteLog } from '../../../src/log/sqlite/log.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import { openDatabase } from '../../../src/sqlite/database.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { memoryRegistry } from '../../../src/testing/memory-registry.ts';
import { countingTelemetry } from '../../ingress/parts.ts';
import { freshDatabase, uniqueName } from '../../support/services.ts';

interface Event {
  readonly n: number;
}
const schema = { type: 'record', name: 'Event', fields: [{ name: 'n', type: 'int' }] };
const partitions = 60;

test('a worker takes, works, gives back and takes again far more partitions than its store has places for calls', {
  timeout: 400_000,
}, async (t) => {
  const database = await freshDatabase();
  const state = createPostgresState({ url: database.url, connections: 2, maxWaiting: 10 });
  const dir = await mkdtemp(join(tmpdir(), 'aorta-many-'));
  const files = openDatabase({ dir });
  const log = createSqliteLog({ database: files, clock: systemClock });
  const registry = await memoryRegistry();
  const telemetry = countingTelemetry();
  t.after(async () => {
    await log.close();
    await state.close();
    files.close();
    await rm(dir, { recursive: true });
    await database.drop();
  });
  await state.migrate();
  const source = topic<Event>(uniqueName('many'), schema, { partitions });
  const rows = table<{ patient: string; n: number }>(uniqueName('many').replaceAll('-', '_'), {
    columns: { patient: { type: 'text' }, n: { type: 'integer' } },
    key: ['patient', 'n'],
  });
  const sum = actor<{ n: number }, Event, Event>({
    version: 1,
    initial: () => ({ n: 0 }),
    receive: (known, event) => ({ state: { n: known.n + event.n }, emit: [event] }),
  });
  const flowName = uniqueName('many').replaceAll('_', '-');
  const many = flow(flowName)
    .from(source)
    .pipe(actorOf('sum', sum), write('rows', { tables: [rows], effects: ({ n }, { key }) => effect.insert(rows, { patient: key, n }) }));
  const start = () =>
    startFlow(many, {
      ...{ log, state, telemetry, clock: systemClock, random: systemRandom },
      serde: (of) => serdeFor(registry, of),
      partitions: (of) => log.partitions(of),
    });
  const serde = await serdeFor(registry, source);
  let sent = 0;
  const send = async (count: number) => {
    await log.append(
      Array.from({ length: count }, (_, i) => ({
        ...{ topic: source.name, partition: (sent + i) % partitions, key: `patient-${(sent + i) % partitions}` },
        ...{ value: serde.serialize({ n: sent + i }), headers: { [header.eventId]: `event-${sent + i}` } },
      })),
    );
    sent += count;
  };
  const written = async () => Number((await state.query<{ count: string }>(`SELECT count(*) AS count FROM ${rows.name}`, []))[0]?.count);
  for (let round = 0; round < 2; round++) {
    const running = await start();
    await send(600);
    while ((await written()) < sent) await new Promise((resolve) => setTimeout(resolve, 50));
    await running.stop();
  }
  assert.equal(await written(), 1_200);
  assert.doesNotMatch(telemetry.text(), /consumer-failed|AORTA_STATE_007/);
});
