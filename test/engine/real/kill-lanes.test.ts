import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createKafkaLog } from '../../../src/log/kafka/index.ts';
import { header, type Log } from '../../../src/log/port.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import type { State } from '../../../src/state/port.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { memoryRegistry } from '../../../src/testing/memory-registry.ts';
import { freshDatabase, services, uniqueName } from '../../support/services.ts';
import { check, eventOf, type Row, splitOf } from './split.ts';

const worker = fileURLToPath(new URL('./split-worker.ts', import.meta.url));

describe('several sources and independent lanes, workers as processes, on Kafka and PostgreSQL', { timeout: 300_000 }, () => {
  const name = uniqueName('k').replaceAll('_', '-');
  const made = splitOf(name);
  const children = new Set<ChildProcess>();
  let log: Log;
  let state: State;
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  before(async () => {
    database = await freshDatabase();
    log = createKafkaLog({ brokers: services().kafkaBrokers, clientId: name });
    state = createPostgresState({ url: database.url });
    await state.migrate();
    await log.ensureTopics(made.sources);
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await log.close();
    await state.close();
    await database.drop();
  });

  const start = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [worker, name, services().kafkaBrokers.join(','), database.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    return child;
  };
  const end = async (child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  const rows = () => state.query<Row>(`SELECT lane, patient, nth, event_id FROM ${made.effects.name}`, []);
  const until = async (what: string, done: (rows: readonly Row[]) => boolean): Promise<void> => {
    for (let i = 0; ; i++) {
      // The workers declare the table.
      if (done(await rows().catch(() => []))) return;
      if (i > 600) assert.fail(`${what} did not come within two minutes`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  let sent = 0;
  const send = async (many: number): Promise<void> => {
    const serde = await serdeFor(await memoryRegistry(), made.sources[0]);
    for (const last = sent + many; sent < last; ) {
      const events = Array.from({ length: Math.min(50, last - sent) }, () => sent++);
      await log.append(
        events.map((n) => {
          const { topic, key, eventId } = eventOf(made, n);
          return { topic, key, value: serde.serialize({ n }), headers: { [header.eventId]: eventId } };
        }),
      );
    }
  };

  it('kill -9 of one after the other, in the middle of everything: each lane has each event once, in order', async () => {
    let one = await start();
    let two = await start();
    for (let round = 0; round < 2; round++) {
      await send(400);
      await until('some effects', (all) => all.length > round * 1600 + 300);
      await end(one, 'SIGKILL');
      await send(200);
      one = await start();
      await send(200);
      await until('some more', (all) => all.length > round * 3200 + 600);
      await end(two, round === 0 ? 'SIGKILL' : 'SIGTERM');
      two = await start();
    }
    await until('the effects', (all) => all.length >= 4 * sent);
    check(await rows(), sent);
    await end(one, 'SIGTERM');
    await end(two, 'SIGTERM');
  });
});
