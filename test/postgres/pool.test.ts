import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AortaError, classOf } from '../../src/errors/index.ts';
import { createPostgresIdentity } from '../../src/identity/postgres/index.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { StatementError } from '../../src/postgres/errors.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { PostgresPool } from '../../src/postgres/pool.ts';
import { createPostgresState } from '../../src/state/postgres/index.ts';
import { group, laneRef, Owner } from '../state/conformance/groups.ts';
import { type FreshDatabase, freshDatabase } from '../support/services.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const transient = (thrown: unknown): boolean => classOf(thrown) === 'Transient';
const failed = (failure: string) => (thrown: unknown) => thrown instanceof StatementError && thrown.failure === failure;

describe('PostgreSQL pool', () => {
  let database: FreshDatabase;
  let proxy: TcpProxy;
  let url: string;
  before(async () => {
    database = await freshDatabase('pool');
    ({ proxy, url } = await TcpProxy.to(database.url));
    const pool = new PostgresPool({ url: database.url });
    await migrate(pool);
    await pool.close();
  });
  after(async () => {
    await proxy.close();
    await database.drop();
  });
  const withPool = async (options: object, work: (pool: PostgresPool) => Promise<void>) => {
    const pool = new PostgresPool({ url, ...options });
    try {
      await work(pool);
    } finally {
      await pool.close();
    }
  };
  const terminateAll = async () => {
    const admin = new PostgresPool({ url: database.url, connections: 1 });
    await admin.query({
      text: 'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    });
    await admin.close();
  };

  /** Until the server works on a statement of this text. */
  const begun = async (text: string) => {
    const admin = new PostgresPool({ url: database.url, connections: 1 });
    const active = { text: `select 1 from pg_stat_activity where query = '${text}' and state = 'active'` };
    while ((await admin.query(active)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await admin.close();
  };

  it('compiles no plans: a statement of milliseconds would wait a hundred for it', () =>
    withPool({}, async (pool) => {
      assert.deepEqual(await pool.query({ text: 'show jit' }), [{ jit: 'off' }]);
    }));

  it('a black hole rejects every call as Transient, and calls go through when it ends', async () => {
    const state = createPostgresState({ url, deadlineMs: 3_000, connections: 2 });
    const identity = createPostgresIdentity({ url, deadlineMs: 3_000 });
    const owner = await Owner.claim(state);
    await identity.lastSeq('i');
    proxy.hold();
    await Promise.all([
      assert.rejects(state.ping(), transient),
      assert.rejects(state.transact([group(owner.lane, owner.claimed.epoch, 1)]), transient),
      assert.rejects(state.claim(laneRef(), 12), transient),
      assert.rejects(state.query('select 1 as one', []), transient),
      assert.rejects(identity.admit('i', [], 0, 0), transient),
    ]);
    // New connections are accepted and never answered.
    await assert.rejects(state.ping(), transient);
    proxy.release();
    assert.deepEqual(await state.transact([group(owner.lane, owner.claimed.epoch, 1)]), ['applied']);
    await identity.lastSeq('i');
    proxy.hold();
    await Promise.all([state.close(), identity.close()]);
    proxy.release();
  });

  it('connections that die idle are dropped and counted, and the next call opens another', async () => {
    const telemetry = prometheusTelemetry({ level: 'silent' });
    await withPool({ telemetry }, async (pool) => {
      for (let round = 1; round <= 3; round++) {
        await Promise.all([pool.query({ text: 'select pg_sleep(0.05)' }), pool.query({ text: 'select pg_sleep(0.05)' })]);
        if (round % 2) await terminateAll();
        else proxy.cut();
        while (((await telemetry.read('aorta_postgres_idle_connections_lost_total'))[0]?.value ?? 0) < round * 2)
          await new Promise((resolve) => setTimeout(resolve, 5));
        assert.deepEqual(await pool.query({ text: 'select 1 as one' }), [{ one: 1 }]);
      }
    });
  });

  it('a statement whose connection is cut or terminated rejects, and the pool goes on', async () => {
    await withPool({}, async (pool) => {
      for (const [kill, failure] of [
        [terminateAll, 'busy'],
        [async () => proxy.cut(), 'lost'],
      ] as const) {
        const running = assert.rejects(pool.query({ text: 'select pg_sleep(3)' }), failed(failure));
        await begun('select pg_sleep(3)');
        await kill();
        await running;
        assert.deepEqual(await pool.query({ text: 'select 1 as one' }), [{ one: 1 }]);
      }
    });
  });

  it('a transact that is cut is sent again by itself', async () => {
    const state = createPostgresState({ url });
    const owner = await Owner.claim(state);
    const blocker = new PostgresPool({ url: database.url });
    for (const kill of [terminateAll, async () => proxy.cut()]) {
      // The lane is locked, so that the group is still waiting when its connection goes.
      let unlock = (): void => {};
      const locked = new Promise<void>((resolve) => (unlock = resolve));
      const blocking = blocker
        .transaction(async (session) => {
          await session.run([{ text: 'select 1 from aorta_lane where flow = $1 for update', values: [owner.lane.flow] }]);
          await locked;
        })
        .catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 100));
      const committing = owner.commit();
      await new Promise((resolve) => setTimeout(resolve, 100));
      await kill();
      unlock();
      await blocking;
      assert.equal(await committing, 'applied');
    }
    await blocker.close();
    await state.close();
  });

  it('at most a given number of calls wait, the next is refused as Overload', async () => {
    await withPool({ connections: 1, maxWaiting: 3 }, async (pool) => {
      const calls = Array.from({ length: 6 }, () => pool.query({ text: 'select pg_sleep(0.2)' }));
      const results = await Promise.allSettled(calls);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
      );
      const refused = results.at(-1) as PromiseRejectedResult;
      assert.ok(refused.reason instanceof AortaError && refused.reason.code === 'AORTA_STATE_007' && refused.reason.class === 'Overload');
    });
  });

  it('a call that waits for a connection ends with its own deadline, not with the connection', async () => {
    await withPool({ connections: 1, deadlineMs: 3000 }, async (pool) => {
      const order: string[] = [];
      const running = pool.query({ text: 'select pg_sleep(1)' }).then(() => order.push('running'));
      await assert.rejects(
        pool.query({ text: 'select 1' }, 200).finally(() => order.push('waiting')),
        failed('busy'),
      );
      await running;
      assert.deepEqual(order, ['waiting', 'running']);
      assert.deepEqual(await pool.query({ text: 'select 1 as one' }), [{ one: 1 }]);
    });
  });

  it('the server ends what takes too long: statements, waits for a lock, idle transactions', async () => {
    await withPool({ deadlineMs: 3000 }, async (pool) => {
      const limit = async (name: string) =>
        Number.parseInt((await pool.query({ text: `select setting from pg_settings where name = '${name}'` }))[0]?.setting as string, 10);
      for (const name of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'tcp_user_timeout']) {
        const value = await limit(name);
        assert.ok(value > 0 && value <= 5000, `${name} is ${value}`);
      }
    });
    await withPool({ deadlineMs: 2_000 }, async (pool) => {
      await assert.rejects(
        pool.query({ text: 'select pg_sleep(20)' }),
        (thrown) => thrown instanceof StatementError && ['busy', 'lost'].includes(thrown.failure),
      );
      assert.deepEqual(await pool.query({ text: 'select 1 as one' }), [{ one: 1 }]);
    });
  });

  it('failures are told apart, and no value of a row is in them', async () => {
    await withPool({}, async (pool) => {
      await pool.query({ text: 'create table patient (name text primary key, born int not null check (born > 1800))' });
      await pool.query({ text: `insert into patient values ('Jane Roe', 1980)` });
      for (const [text, wanted] of [
        [`insert into patient values ('Jane Roe', 1981)`, 'refused'],
        [`insert into patient values ('Jane Roe II', 17)`, 'refused'],
        [`insert into patient values ('Jane Roe III', null)`, 'refused'],
        [`select 'Jane Roe'::int`, 'refused'],
        ['select * from no_such_table', 'refused'],
        ['this is no SQL', 'refused'],
      ] as const) {
        await assert.rejects(pool.query({ text }), (thrown: StatementError) => {
          assert.equal(thrown.failure, wanted);
          const shown = `${thrown.message} ${thrown.toError().message} ${JSON.stringify(thrown.toError())} ${thrown.stack} ${JSON.stringify(thrown)}`;
          return !shown.includes('Jane') && thrown.cause === undefined && thrown.toError().class === 'Permanent';
        });
      }
    });
  });

  it('numbers come back as numbers, and one that is not exact is refused', async () => {
    await withPool({}, async (pool) => {
      const [row] = await pool.query({
        text: `select 9007199254740991::int8 as big, -5::int8 as small, 1.5::numeric as half, 12::numeric as whole, true as yes, '\\x00ff'::bytea as raw`,
      });
      assert.deepEqual(row, { big: Number.MAX_SAFE_INTEGER, small: -5, half: 1.5, whole: 12, yes: 1, raw: Buffer.from([0, 255]) });
      await assert.rejects(pool.query({ text: 'select 9007199254740992::int8 as big' }), AortaError);
      assert.deepEqual(await pool.query({ text: 'select 1 as one' }), [{ one: 1 }]);
    });
  });

  it('a failing statement of a pipeline writes nothing of it, and the connection stays in use', async () => {
    await withPool({ connections: 1 }, async (pool) => {
      await pool.query({ text: 'create table counted (n int primary key)' });
      const insert = (n: number) => ({ text: 'insert into counted values ($1)', values: [n], prepared: true });
      const [{ pid }] = (await pool.query({ text: 'select pg_backend_pid() as pid' })) as [{ pid: number }];
      for (let round = 0; round < 5; round++) {
        await assert.rejects(pool.pipeline([insert(1), insert(1), insert(2)]), failed('refused'));
        await assert.rejects(
          pool.transaction(async (session) => session.run([insert(3), insert(3)])),
          failed('refused'),
        );
        await assert.rejects(
          pool.transaction(async (session) => {
            await session.run([insert(4)]);
            throw new Error('of the caller');
          }),
          /of the caller/,
        );
      }
      assert.deepEqual(await pool.query({ text: 'select n from counted' }), []);
      assert.deepEqual(await pool.query({ text: 'select pg_backend_pid() as pid' }), [{ pid }]);
    });
  });

  it('a migration that was edited after it was applied is refused', async () => {
    await withPool({}, async (pool) => {
      await migrate(pool);
      await pool.query({ text: `update aorta_migration set checksum = 'other' where name like '0001%'` });
      await assert.rejects(migrate(pool), (thrown) => thrown instanceof AortaError && thrown.code === 'AORTA_STATE_009');
    });
  });

  it('nobody listens: Transient at once, and no process error', async () => {
    const closed = new URL(url);
    closed.port = '1';
    const state = createPostgresState({ url: closed.href });
    await assert.rejects(state.ping(), transient);
    await assert.rejects(state.migrate(), transient);
    await state.close();
  });
});
