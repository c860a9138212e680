import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { StatementError } from '../../src/postgres/errors.ts';
import { PostgresPool } from '../../src/postgres/pool.ts';
import { type FreshDatabase, freshDatabase } from '../support/services.ts';

/** A way to the server that passes on so many bytes of the client's, and none of what comes then, its close included. */
async function way(target: string) {
  const to = new URL(target);
  const sockets: Socket[] = [];
  const state = { left: Number.POSITIVE_INFINITY, holdBack: 0 };
  const server = createServer((client) => {
    const database = connect(Number(to.port), to.hostname);
    sockets.push(client, database);
    for (const socket of [client, database]) socket.on('error', () => {});
    database.on('data', (bytes) => client.write(bytes));
    database.on('close', () => client.destroy());
    client.on('data', (bytes) => {
      const pass = bytes.subarray(0, Math.min(bytes.length - state.holdBack, state.left));
      state.left -= pass.length;
      if (pass.length > 0) database.write(pass);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as { readonly port: number }).port);
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { url: url.href, state, close };
}

describe('a transaction whose client is cut off', () => {
  let database: FreshDatabase;
  let admin: PostgresPool;
  const stored = async (id: number) => (await admin.query({ text: 'select 1 as one from t where id = $1', values: [id] })).length;
  before(async () => {
    database = await freshDatabase('cut');
    admin = new PostgresPool({ url: database.url, connections: 2 });
    await admin.query({ text: 'create table t (id int8 primary key, n int8)' });
    await admin.query({ text: 'insert into t values (-1, 0)' });
  });
  after(async () => {
    await admin.close();
    await database.drop();
  });

  it('in the middle of what it has to say gives its locks back by the time-out of idle transactions', async () => {
    const { url, state, close } = await way(database.url);
    const pool = new PostgresPool({ url, connections: 1 });
    const statements = [
      { text: 'update t set n = n + 1 where id = $1', values: [-1], prepared: true },
      { text: 'select length($1::bytea)', values: [Buffer.alloc(40_000)], prepared: true },
    ];
    await pool.pipeline(statements);
    state.left = 14_480;
    await assert.rejects(pool.pipeline(statements), StatementError);
    const free = () =>
      admin.query({ text: 'select 1 from t where id = $1 for update nowait', values: [-1] }).then(
        () => true,
        () => false,
      );
    // The time-out is 4 s; without it the lock stays for as long as the way does.
    const until = performance.now() + 20_000;
    while (!(await free())) {
      assert.ok(performance.now() < until, 'the lock is still held');
      await wait(200);
    }
    assert.deepEqual(await admin.query({ text: 'select n from t where id = $1', values: [-1] }), [{ n: 1 }]);
    close();
    await pool.close().catch(() => {});
  });

  it('by a shutdown behind the answer to its COMMIT is told that it is stored', async () => {
    const { url, state, close } = await way(database.url);
    const pool = new PostgresPool({ url, connections: 1 });
    const insert = (id: number) => [{ text: 'insert into t values ($1, 0)', values: [id], prepared: true }];
    await pool.pipeline(insert(1));
    // The Sync.
    state.holdBack = 5;
    const inserting = pool.pipeline(insert(2));
    inserting.catch(() => {});
    const until = performance.now() + 4_000;
    while ((await stored(2)) === 0 && performance.now() < until) await wait(20);
    await admin.query({
      text: 'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    });
    assert.deepEqual(await inserting, [[]]);
    assert.equal(await stored(2), 1);
    state.holdBack = 0;
    await pool.pipeline(insert(3));
    assert.equal(await stored(3), 1);
    close();
    await pool.close();
  });

  it('is no reason to believe a COMMIT that was answered by ROLLBACK', async () => {
    const swallowing = admin.transaction(async (session) => {
      await session.run([{ text: 'insert into t values ($1, 0)', values: [10], prepared: true }]);
      await session.run([{ text: 'select 1 / $1::int8', values: [0], prepared: true }]).catch(() => {});
    });
    await assert.rejects(swallowing, { problem: 'COMMIT was answered by ROLLBACK' });
    assert.equal(await stored(10), 0);
  });

  it('has no data for COPY: the call fails at once, and the next one has a connection', async () => {
    const pool = new PostgresPool({ url: database.url, connections: 1 });
    await assert.rejects(
      pool.pipeline([
        { text: 'copy t from stdin', prepared: true },
        { text: 'select 1', prepared: true },
      ]),
      StatementError,
    );
    assert.deepEqual(await pool.query({ text: 'select 1 as one', values: [] }), [{ one: 1 }]);
    await pool.close();
  });

  it('is not cut off by a query_timeout in the URL: each call has its own deadline', async () => {
    const url = new URL(database.url);
    url.searchParams.set('query_timeout', '50');
    const pool = new PostgresPool({ url: url.href, connections: 1 });
    for (let i = 0; i < 3; i++) {
      await pool.pipeline([{ text: 'select pg_sleep($1::float8)', values: [0.06], prepared: true }]);
      await wait(10);
    }
    await pool.close();
  });
});
