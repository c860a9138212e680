import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { type RunningFlow, startFlow } from '../../../src/engine/index.ts';
import { AortaError } from '../../../src/errors/index.ts';
import { effect, flow, map, table, to, topic, write } from '../../../src/index.ts';
import { header, type Log } from '../../../src/log/port.ts';
import { countDeadLetters, newestDeadLetters } from '../../../src/ops/dead-letters.ts';
import { RedrivePump } from '../../../src/ops/redrive-pump.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import type { State } from '../../../src/state/port.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { memoryRegistry } from '../../../src/testing/memory-registry.ts';
import { openLog } from '../../log/kafka/support.ts';
import { until } from '../../support/hospital/site.ts';
import { type FreshDatabase, freshDatabase, uniqueName } from '../../support/services.ts';

interface Event {
  readonly n: number;
}
const schema = { type: 'record', name: 'Event', fields: [{ name: 'n', type: 'int' }] };

describe('dead letters on Kafka and PostgreSQL with two workers', { timeout: 400_000 }, () => {
  let database: FreshDatabase;
  let state: State;
  let log: Log;
  const source = topic<Event>(uniqueName('letters'), schema, { partitions: 4 });
  const sink = topic<Event>(uniqueName('letters-out'), schema, { partitions: 4 });
  const rows = table<{ patient: string; nth: number }>(uniqueName('rows'), {
    columns: { patient: { type: 'text' }, nth: { type: 'integer' } },
    key: ['patient', 'nth'],
  });
  const name = uniqueName('letters').replaceAll('_', '-');
  let broken = false;
  const made = flow(name, { order: 'tolerant' })
    .from(source)
    .pipe(
      map('refuse', (e: Event) => {
        if (broken) throw new AortaError('AORTA_TEST', 'Permanent', 'never');
        return e;
      }),
      write('rows', { tables: [rows], effects: (e: Event, ctx) => effect.insert(rows, { patient: ctx.key, nth: e.n }) }),
      to(sink),
    );
  const running: RunningFlow[] = [];

  before(async () => {
    database = await freshDatabase('letters');
    state = createPostgresState({ url: database.url });
    await state.migrate();
    log = openLog();
  });
  after(async () => {
    for (const each of running) await each.stop();
    await log.close();
    await state.close();
    await database.drop();
  });

  it('the brake of one worker stops the other, too; what is redriven from several places at once is applied once', async () => {
    const registry = await memoryRegistry();
    const ports = { log, state, clock: systemClock, random: systemRandom, telemetry: silentTelemetry };
    const start = () =>
      startFlow(
        made,
        { ...ports, serde: (t) => serdeFor(registry, t), partitions: (t) => log.partitions(t) },
        { brake: { run: 5, ratio: 1, least: 10_000, windowMs: 60_000 } },
      );
    running.push(await start(), await start());
    await until('both own partitions', () => running.every((each) => each.partitions().length === 2));
    const serde = await serdeFor(registry, source);
    let sent = 0;
    const send = (count: number) =>
      log.append(
        Array.from({ length: count }, () => {
          const n = ++sent;
          return { topic: source.name, key: `p${n % 16}`, value: serde.serialize({ n }), headers: { [header.eventId]: `e${n}` } };
        }),
      );
    const applied = async () =>
      (await state.query<{ nth: number }>(`SELECT nth FROM ${rows.name} ORDER BY nth`, [])).map(({ nth }) => Number(nth));
    await send(16);
    await until('all are applied', async () => (await applied()).length === 16);
    broken = true;
    await send(40);
    await until('both stand still', () => running.every((each) => each.braked().length === 1));
    // Each may have given up five of its own before it heard of the other's brake, and none after.
    const dead = await until('the dead letters are in the log', async () => {
      const count = await countDeadLetters(log, state, name);
      return count >= 5 && count;
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const letters = await newestDeadLetters(log, state, name, 100);
    assert.ok(letters.length >= dead && letters.length <= 10, `${letters.length}`);
    assert.equal((await applied()).length, 16);
    broken = false;
    assert.equal(await state.operations.releaseBrake(name), true);
    await until('what waited is applied', async () => (await applied()).length === 56 - letters.length);
    const notes = letters.map(({ id: letter, eventId }) => ({
      ...{ id: `${letter}-${name}`, flow: name, eventId, action: 'redrive' as const, actor: 'me', at: Date.now(), letter },
    }));
    assert.equal((await state.operations.noteRedrives(notes)).length, letters.length);
    // As if three workers did it at the same moment.
    await Promise.all([1, 2, 3].map(() => new RedrivePump(log, state, silentTelemetry).send({ name, source: source.name })));
    await until('all are applied', async () => (await applied()).length === 56);
    const ends = await log.ends(source.name);
    await until('everything is read', () =>
      running
        .flatMap((each) => each.partitions())
        .every(({ partition, committed }) => committed === ends.find((end) => end.partition === partition)?.end),
    );
    const emitted = (await log.ends(sink.name)).reduce((sum, { end }) => sum + end, 0);
    assert.equal(emitted, 56, 'each once');
    assert.equal(await countDeadLetters(log, state, name), 0);
  });
});
