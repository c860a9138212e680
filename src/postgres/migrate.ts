import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { error } from '../errors/index.ts';
import { statementError } from './errors.ts';
import type { PostgresPool, Session } from './pool.ts';

const folder = new URL('./migrations/', import.meta.url);
/** Milliseconds. Index builds on a large table take their time; nothing else runs yet. */
const deadlineMs = 10 * 60_000;

/**
 * Applies the numbered files of `migrations/` that the database does not have, in one transaction, under an advisory
 * lock: many workers may start at once. An applied file is never edited (its checksum is compared: AORTA_STATE_009).
 * A database that has more migrations than this version is accepted, so that an older worker can restart during a
 * rolling upgrade: migrations only add.
 */
export async function migrate(pool: PostgresPool): Promise<void> {
  const files = (await readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  const wanted = await Promise.all(
    files.map(async (name) => {
      const sql = await readFile(new URL(name, folder), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
  try {
    await exclusively(pool, async (session) => {
      await session.run([
        {
          text: 'create table if not exists aorta_migration (name text primary key, checksum text not null, applied_at timestamptz not null default now())',
        },
      ]);
      const [rows] = await session.run([{ text: 'select name, checksum from aorta_migration' }]);
      const applied = new Map((rows ?? []).map((row) => [row.name as string, row.checksum as string]));
      for (const { name, sql, checksum } of wanted) {
        const before = applied.get(name);
        if (before === checksum) continue;
        if (before !== undefined) throw error('AORTA_STATE_009', { migration: name, problem: 'it was changed after it had been applied' });
        await session.run([{ text: sql }]);
        await session.run([{ text: 'insert into aorta_migration (name, checksum) values ($1, $2)', values: [name, checksum] }]);
      }
    });
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== 'StatementError') throw thrown;
    throw statementError(thrown).toError();
  }
}

/** A transaction that no other worker's migration or table declaration runs beside. */
export function exclusively<T>(pool: PostgresPool, work: (session: Session) => Promise<T>): Promise<T> {
  const schema = pool.schema;
  return pool.transaction(async (session) => {
    await session.run([
      { text: `set local statement_timeout = ${deadlineMs}` },
      { text: `set local lock_timeout = ${deadlineMs}` },
      { text: `set local idle_in_transaction_session_timeout = ${deadlineMs}` },
      { text: 'select pg_advisory_xact_lock(hashtextextended($1::text, 0))', values: [`aorta:${schema ?? ''}`] },
    ]);
    if (schema !== undefined) await session.run([{ text: `create schema if not exists "${schema}"` }]);
    return work(session);
  }, deadlineMs);
}
