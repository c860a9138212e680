import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { migrate } from '../../../src/postgres/migrate.ts';
import { PostgresPool, type Session, type Statement } from '../../../src/postgres/pool.ts';
import type { LaneGroup } from '../../../src/state/port.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';

const { drop, ...options } = freshSchema('busy');
const pool = new PostgresPool({ ...options, connections: 12, deadlineMs: 60_000 });
const state = createPostgresState(pool);
const source = { eventId: 'e', flowHash: 'h', version: '1' };
const lane = (partition: number) => ({ flow: 'f', lane: 'main', topic: 't', partition });
const bounded = { timeout: 240_000 };

const group = (partition: number, epoch: number, n: number): LaneGroup => ({
  ...{ lane: lane(partition), epoch, group: n, applied: { watermark: n, runs: [], hops: {} }, sentThrough: n - 1 },
  ...{ effects: [], held: [], suspects: [], redrivesDone: [] },
  states: Array.from({ length: 50 }, (_, i) => ({ store: 's', key: `p${partition}-${i}`, value: Buffer.alloc(500), version: 1, source })),
  timers: [{ node: 'n', key: `p${partition}`, name: 'x', due: n, payload: null, eventId: 'e' }],
  outbox: [{ topic: 'o', partition: 0, key: 'k', value: Buffer.alloc(5_000), headers: {}, timestamp: 0 }],
});

/** Its state after migration 0012. */
const asBefore: readonly Statement[] = [
  'drop index if exists aorta_processed_at, aorta_timer_at',
  'create index if not exists aorta_processed_age on aorta_processed (flow, node, at)',
  'create index if not exists aorta_timer_due on aorta_timer (flow, lane, topic, partition, due)',
  `alter table aorta_state drop constraint if exists aorta_state_key, drop constraint if exists aorta_state_pkey,
    add constraint aorta_state_pkey primary key (flow, store, key)`,
  'drop index if exists aorta_state_key',
  "delete from aorta_migration where name >= '0013'",
].map((text) => ({ text }));

/** One by one: writers lock the tables in another order. */
async function putBack(): Promise<void> {
  for (const statement of asBefore) await pool.query(statement);
}

/** One row an index of the two tables, and the key of states: its name and whether it can be used. */
async function indexes(): Promise<unknown[]> {
  const rows = await pool.query({
    text: `select relname as name, indisvalid as valid from pg_index join pg_class on oid = indexrelid
      where indrelid in ('aorta_processed'::regclass, 'aorta_timer'::regclass) and not indisprimary
        or indrelid = 'aorta_state'::regclass order by 1`,
  });
  return rows.map(({ name, valid }) => [name, valid]);
}
const asNow = [
  ['aorta_processed_at', 1],
  ['aorta_state_key', 1],
  ['aorta_timer_at', 1],
];

async function until(what: string, text: string): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if ((await pool.query({ text })).length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`never seen: ${what}`);
}
const waitsFor = (table: string, mode: string) =>
  until(`${mode} waits`, `select 1 from pg_locks where relation = '${table}'::regclass and mode = '${mode}' and not granted`);
/** A concurrent build waits for transactions, not for the table. */
const waitsForOthers = () =>
  until(
    'a build that waits',
    `select 1 from pg_locks w join pg_locks t using (pid) where w.locktype = 'virtualxid' and not w.granted
      and t.relation = 'aorta_processed'::regclass`,
  );

let ids = 0;
const writesId = (): Statement => ({ text: `insert into aorta_processed values ('f', 'n', 'p', 'i${++ids}', 'c', 1, 'e', 'h', '1')` });

/** A transaction that stays open between its statements. */
async function open(): Promise<{ run: Session['run']; end(): Promise<void> }> {
  let end = () => {};
  let begun: (session: Session) => void = () => {};
  const session = new Promise<Session>((resolve) => (begun = resolve));
  const ended = pool.transaction(async (within) => {
    await within.run([{ text: 'set local idle_in_transaction_session_timeout = 0' }]);
    begun(within);
    await new Promise<void>((resolve) => (end = resolve));
  }, 200_000);
  const { run } = await session;
  return {
    run,
    async end() {
      end();
      await ended;
    },
  };
}

describe('a database of the version before, whose workers run', () => {
  const newer = new PostgresPool({ ...options, connections: 1 });
  before(() => state.migrate());
  beforeEach(() => putBack());
  afterEach(async () => assert.deepEqual(await indexes(), asNow));
  after(async () => {
    await newer.close();
    await pool.close();
    await drop();
  });

  it('is migrated by a newer one while they write, and no write fails', bounded, async () => {
    let writing = true;
    const made = [0, 0, 0, 0];
    const writers = made.map(async (_, partition) => {
      const { epoch } = await state.claim(lane(partition), 4);
      for (let n = 1; writing; n++) {
        assert.deepEqual(await state.transact([group(partition, epoch, n)]), ['applied']);
        made[partition] = n;
      }
    });
    try {
      for (let round = 1; round <= 3; round++) {
        if (round > 1) await putBack();
        const from = [...made];
        while (made.some((n, i) => n < (from[i] as number) + 3)) await Promise.race([new Promise((r) => setTimeout(r, 20)), ...writers]);
        await migrate(newer);
      }
    } finally {
      writing = false;
      await Promise.all(writers);
    }
  });

  it('whose transactions lock tables in another order than the migration, is migrated without a deadlock', bounded, async () => {
    const writer = await open();
    await writer.run([{ text: 'lock table aorta_state in row exclusive mode' }]);
    const migrating = migrate(newer);
    await waitsFor('aorta_state', 'AccessExclusiveLock');
    await writer.run([{ text: 'lock table aorta_outbox in row exclusive mode' }]);
    const { epoch } = await state.claim(lane(5), 4);
    // Behind who waits for the table, which gives way.
    assert.deepEqual(await state.transact([group(5, epoch, 1)]), ['applied']);
    await writer.end();
    await migrating;
  });

  it('goes on writing states while an index is made', bounded, async () => {
    const writer = await open();
    await writer.run([writesId()]);
    const migrating = migrate(newer);
    await waitsForOthers();
    const { epoch } = await state.claim(lane(6), 4);
    assert.deepEqual(await state.transact([group(6, epoch, 1)]), ['applied']);
    assert.equal((await state.timers(lane(6), 5, 10)).length, 1);
    await writer.end();
    await migrating;
  });

  it('has what an interrupted try left made again', bounded, async () => {
    const writer = await open();
    await writer.run([writesId()]);
    await assert.rejects(
      pool.apart(
        (session) =>
          session
            .run([{ text: 'set statement_timeout = 300' }])
            .then(() =>
              session.run([
                { text: 'create index concurrently aorta_processed_at on aorta_processed (flow, node, at) where at is not null' },
              ]),
            ),
        60_000,
      ),
    );
    await writer.end();
    assert.deepEqual((await indexes())[1], ['aorta_processed_at', 0]);
    await migrate(newer);
  });

  it('is migrated once by many that start at once', bounded, async () => {
    const starting = Array.from({ length: 6 }, () => new PostgresPool({ ...options, connections: 1 }));
    await Promise.all(starting.map((each) => migrate(each)));
    await Promise.all(starting.map((each) => each.close()));
  });

  it('is migrated beside a worker of that version that starts meanwhile and waits for the lock', bounded, async () => {
    const writer = await open();
    await writer.run([writesId()]);
    const migrating = migrate(newer);
    await waitsForOthers();
    const older = pool.transaction(async (session) => {
      // Whoever looks for the circle first ends it by giving up: here the index build.
      await session.run([{ text: "set local deadlock_timeout = '100s'" }, { text: 'set local statement_timeout = 0' }]);
      await session.run([
        { text: 'set local lock_timeout = 0' },
        { text: 'select pg_advisory_xact_lock(hashtextextended($1::text, 0))', values: [`aorta:${options.schema}`] },
      ]);
    }, 200_000);
    await until('who waits for the lock', "select 1 from pg_locks where locktype = 'advisory' and not granted");
    await writer.end();
    await Promise.all([migrating, older]);
  });
});
