import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { sleep } from '../clock/system.ts';
import { error } from '../errors/index.ts';
import { applyApart, type Lock, statementsOf } from './apart.ts';
import { statementError } from './errors.ts';
import type { PostgresPool, Session, Statement } from './pool.ts';

const folder = new URL('./migrations/', import.meta.url);
/** Milliseconds, for a transaction. */
const deadlineMs = 10 * 60_000;
/** Milliseconds, for all migrations. Index builds on a large table take their time; the workers that run go on beside them. */
const allMs = 6 * 60 * 60_000;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
  /** Its statements run one by one, each in a transaction of its own. */
  readonly apart: boolean;
}

/**
 * Applies the numbered files of `migrations/` that the database does not have, under an advisory lock: many workers may start
 * at once. A file is applied in one transaction; one named `.apart.sql` statement by statement, for what must not hold up
 * the workers that run (apart.ts). An applied file is never edited (its checksum is compared: AORTA_STATE_009).
 * A database that has more migrations than this version is accepted, so that an older worker can restart during a
 * rolling upgrade: migrations only add, and take away only what is useless to the version before.
 */
export async function migrate(pool: PostgresPool): Promise<void> {
  const files = (await readdir(folder)).filter((name) => /^\d{4}_\w+(\.apart)?\.sql$/.test(name)).sort();
  const wanted = await Promise.all(
    files.map(async (name): Promise<Migration> => {
      const sql = await readFile(new URL(name, folder), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex'), apart: name.endsWith('.apart.sql') };
    }),
  );
  try {
    await pool.apart(async (session) => {
      await session.run([
        ...limits('session', deadlineMs, deadlineMs),
        { text: `set idle_in_transaction_session_timeout = ${deadlineMs}` },
      ]);
      const lock = lockOf(pool, session);
      await lock.take();
      if (pool.schema !== undefined) await session.run([{ text: `create schema if not exists "${pool.schema}"` }]);
      await session.run([
        {
          text: 'create table if not exists aorta_migration (name text primary key, checksum text not null, applied_at timestamptz not null default now())',
        },
      ]);
      let applied = await appliedIn(session);
      for (const migration of wanted) {
        if (isIn(applied, migration)) continue;
        const note: Statement = {
          text: 'insert into aorta_migration (name, checksum) values ($1, $2)',
          values: [migration.name, migration.checksum],
        };
        if (!migration.apart) await inTransaction(session, [{ text: migration.sql }, note]);
        else {
          const isDone = async () => {
            applied = await appliedIn(session);
            return isIn(applied, migration);
          };
          const until = pool.clock.monotonic() + allMs / 2;
          if (await applyApart(session, statementsOf(migration.sql), { clock: pool.clock, lock, isDone, until })) await session.run([note]);
          await session.run(limits('session', deadlineMs, deadlineMs));
        }
      }
      await lock.release();
    }, allMs);
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== 'StatementError') throw thrown;
    throw statementError(thrown).toError();
  }
}

async function appliedIn(session: Session): Promise<ReadonlyMap<string, string>> {
  const [rows] = await session.run([{ text: 'select name, checksum from aorta_migration' }]);
  return new Map((rows ?? []).map((row) => [row.name as string, row.checksum as string]));
}

function isIn(applied: ReadonlyMap<string, string>, { name, checksum }: Migration): boolean {
  const before = applied.get(name);
  if (before !== undefined && before !== checksum)
    throw error('AORTA_STATE_009', { migration: name, problem: 'it was changed after it had been applied' });
  return before === checksum;
}

/** All of it or nothing. A connection whose transaction failed is closed by `apart`. */
async function inTransaction(session: Session, statements: readonly Statement[]): Promise<void> {
  await session.run([{ text: 'begin' }]);
  for (const statement of statements) await session.run([statement]);
  await session.run([{ text: 'commit' }]);
}

/** A transaction that no other worker's migration or table declaration runs beside. */
export function exclusively<T>(pool: PostgresPool, work: (session: Session) => Promise<T>): Promise<T> {
  const schema = pool.schema;
  return pool.transaction(async (session) => {
    await session.run([
      ...limits('local', deadlineMs, deadlineMs),
      { text: `set local idle_in_transaction_session_timeout = ${deadlineMs}` },
    ]);
    await taken(pool, session, 'pg_try_advisory_xact_lock');
    if (schema !== undefined) await session.run([{ text: `create schema if not exists "${schema}"` }]);
    return work(session);
  }, deadlineMs);
}

const limits = (scope: 'local' | 'session', statementMs: number, lockMs: number): Statement[] => [
  { text: `set ${scope} statement_timeout = ${statementMs}` },
  { text: `set ${scope} lock_timeout = ${lockMs}` },
];

const lockOf = (pool: PostgresPool, session: Session): Lock => ({
  take: () => taken(pool, session, 'pg_try_advisory_lock'),
  release: async () => {
    await session.run([{ text: `select pg_advisory_unlock(${lockKey})`, values: [lockName(pool)] }]);
  },
});

const lockKey = 'hashtextextended($1::text, 0)';
const lockName = (pool: PostgresPool): string => `aorta:${pool.schema ?? ''}`;

/**
 * Asks again and again instead of waiting at the server: a statement that waits has a snapshot, and an index that is built
 * concurrently waits for all of those, so that it would wait for who waits for it. The caller's deadline is the bound.
 */
async function taken(pool: PostgresPool, session: Session, call: 'pg_try_advisory_lock' | 'pg_try_advisory_xact_lock'): Promise<void> {
  for (let pause = 20; ; pause = Math.min(500, 2 * pause)) {
    const [rows] = await session.run([{ text: `select ${call}(${lockKey}) as taken`, values: [lockName(pool)] }]);
    if (rows?.[0]?.taken === 1) return;
    await sleep(pool.clock, pause);
  }
}
