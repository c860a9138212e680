import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { classOf } from '../../src/errors/index.ts';
import { PostgresPool } from '../../src/postgres/pool.ts';
import { stop } from '../../src/services/machine/process.ts';
import { checkPostgres } from '../../src/services/postgres/check.ts';
import { postgres } from '../../src/services/postgres/postgres.ts';
import type { Started } from '../../src/services/service.ts';
import type { State } from '../../src/state/port.ts';
import { createPostgresState } from '../../src/state/postgres/index.ts';
import { type Bed, bed, bedTable, Owner, write } from '../state/conformance/groups.ts';

/** A server of its own, because it is killed. */
describe('a PostgreSQL server that goes away', () => {
  let dir: string;
  let server: Started;
  const start = async (): Promise<void> => {
    server = await postgres.start({ dir, ports: server?.ports ?? {}, say: () => {} });
    for (let tries = 0; ; tries++) {
      try {
        return await checkPostgres(server.url);
      } catch (thrown) {
        if (tries > 300) throw thrown;
        await pause(50);
      }
    }
  };
  const kill = (signal: NodeJS.Signals) => stop(server, signal);
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'aorta-pg-'));
    await start();
  });
  after(async () => {
    await kill('SIGQUIT');
    await rm(server.outside ?? dir, { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true });
  });

  it('an immediate shutdown, five times under load: every call ends, and everything is there once', async () => {
    const state: State = createPostgresState({ url: server.url });
    await state.migrate();
    const beds = await bedTable(state);
    const owner = await Owner.claim(state);
    let ended = false;
    let committed = 0;
    const writing = (async () => {
      while (!ended) {
        const group = owner.next({
          effects: [write.insert(beds, bed(`bed-${committed + 1}`))],
          outbox: [{ topic: 't', partition: 0, key: 'k', value: null, headers: {}, timestamp: 0 }],
        });
        for (;;) {
          try {
            assert.deepEqual(await state.transact([group]), ['applied']);
            committed++;
            break;
          } catch (thrown) {
            // What the engine does: the same group again, as long as the store is away.
            assert.equal(classOf(thrown), 'Transient', String(thrown));
          }
        }
      }
    })();
    for (let round = 0; round < 5; round++) {
      const reached = committed;
      while (committed < reached + 20) await pause(10);
      await kill('SIGQUIT');
      await start();
    }
    const reached = committed;
    while (committed < reached + 20) await pause(10);
    ended = true;
    await writing;
    const rows = await state.query<Bed>(`select id from ${beds.name}`, []);
    assert.equal(rows.length, committed);
    const claimed = await state.claim(owner.lane, 12);
    assert.equal(claimed.group, committed);
    assert.equal(claimed.outbox.length, committed);
    await state.close();
  });

  it('a stopped server (SIGSTOP) rejects as Transient, and goes on when it is back', async () => {
    const state = createPostgresState({ url: server.url, deadlineMs: 3_000 });
    const backends = await state.query<{ pid: number }>('select pid from pg_stat_activity', []);
    const pids = backends.map(({ pid }) => pid);
    process.kill(server.pid, 'SIGSTOP');
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      await assert.rejects(state.ping(), (thrown) => classOf(thrown) === 'Transient');
      await assert.rejects(state.ping(), (thrown) => classOf(thrown) === 'Transient');
    } finally {
      for (const pid of [...pids, server.pid]) process.kill(pid, 'SIGCONT');
    }
    await state.ping();
    await state.close();
  });

  it('the password is asked for at every new connection, so that a rotated one is taken up', async () => {
    const admin = new PostgresPool({ url: server.url });
    await admin.query({ text: `create role clerk login password 'first password'` });
    const hba = join(server.outside ?? dir, 'data', 'pg_hba.conf');
    await writeFile(hba, `host all clerk 127.0.0.1/32 scram-sha-256\n${await readFile(hba, 'utf8')}`);
    await admin.query({ text: 'select pg_reload_conf()' });
    const url = new URL(server.url);
    url.username = 'clerk';
    let password = 'first password';
    const pool = new PostgresPool({ url: url.href, password: async () => password });
    // The server reads the file again in its own time.
    for (let tries = 0; tries < 300 && (await pool.query({ text: 'select 1' }).catch(() => undefined)) === undefined; tries++)
      await pause(50);
    assert.deepEqual(await pool.query({ text: 'select current_user as name' }), [{ name: 'clerk' }]);
    await admin.query({ text: `alter role clerk password 'second password'` });
    await admin.query({ text: `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'clerk'` });
    await pause(100);
    await assert.rejects(pool.query({ text: 'select 1' }), (thrown: Error) => !thrown.message.includes('password'));
    password = 'second password';
    assert.deepEqual(await pool.query({ text: 'select current_user as name' }), [{ name: 'clerk' }]);
    await pool.close();
    await admin.close();
  });
});
