import type { Clock } from '../clock/clock.ts';
import { sleep } from '../clock/system.ts';
import { StatementError } from './errors.ts';
import type { Session } from './pool.ts';

/** The lock of the migrations, held by the session that applies them. */
export interface Lock {
  take(): Promise<void>;
  release(): Promise<void>;
}

interface Apart {
  readonly clock: Clock;
  readonly lock: Lock;
  /** Whether another worker has applied it while the lock was given up. */
  isDone(): Promise<boolean>;
  /** Monotonic time after which nothing is tried again. */
  readonly until: number;
}

/** A table's lock was not to be had in time; a deadlock. */
const again: ReadonlySet<string> = new Set(['55P03', '40P01']);
/**
 * Milliseconds that a statement waits for a table, with all writers of it waiting behind: below their own time-outs, and at last
 * above the second (`deadlock_timeout`) after which the server ends an autovacuum that stands in the way.
 */
const lockMs = { first: 100, most: 2000 };
const mostPauseMs = 5000;

/** The paragraphs of a file; comments say nothing to the server. */
export const statementsOf = (sql: string): readonly string[] =>
  sql
    .split(/\n[ \t]*\n/)
    .map((paragraph) => paragraph.replace(/^--.*$/gm, '').trim())
    .filter((statement) => statement !== '');

/**
 * Statements one by one, each in a transaction of its own, beside workers that write. Each may run more than once: after a
 * crash all of them do.
 *
 * - What locks a table whole waits for it shortly, since all writers wait behind it, and then again after a longer pause.
 *   It holds no other table, so no writer that holds one waits for it in a circle.
 * - `create [unique] index concurrently` and `drop index concurrently` let writers go on, and take as long as they need. An index that
 *   an interrupted try has left is invalid: nobody reads it, all writes pay for it. It is made again. They wait for every
 *   transaction of the database, whatever it does; a table that was never written to (a first start) is spared that.
 *
 * False: another worker has done it.
 */
export async function applyApart(session: Session, statements: readonly string[], apart: Apart): Promise<boolean> {
  for (const written of statements) {
    const statement = (await isUnwritten(session, written)) ? written.replace(' concurrently ', ' ') : written;
    const concurrent = /^(create|create unique|drop) index concurrently /.test(statement);
    for (let attempt = 0; ; attempt++) {
      const left = Math.max(1, Math.ceil(apart.until - apart.clock.monotonic()));
      try {
        await session.run([
          { text: `set statement_timeout = ${left}` },
          { text: `set lock_timeout = ${concurrent ? left : Math.min(lockMs.most, lockMs.first * 2 ** attempt)}` },
        ]);
        await (/^create (unique )?index /.test(statement) ? index(session, statement) : session.run([{ text: statement }]));
        break;
      } catch (thrown) {
        if (!(thrown instanceof StatementError) || thrown.closes || !again.has(thrown.sqlState ?? '')) throw thrown;
        const pause = Math.min(mostPauseMs, 2 * lockMs.first * 2 ** attempt);
        if (apart.clock.monotonic() + pause > apart.until) throw thrown;
        // A worker of the version before that starts now waits for the lock at the server, and an index build waits for it.
        if (concurrent) await apart.lock.release();
        await sleep(apart.clock, pause);
        if (concurrent) {
          await apart.lock.take();
          if (await apart.isDone()) return false;
        }
      }
    }
  }
  return true;
}

async function isUnwritten(session: Session, statement: string): Promise<boolean> {
  const [, made, dropped] =
    /^(?:create (?:unique )?index concurrently \w+ on (\w+)|drop index concurrently if exists (\w+))/.exec(statement) ?? [];
  const name = made ?? dropped;
  if (name === undefined) return false;
  const table = made === undefined ? '(select indrelid from pg_index where indexrelid = to_regclass($1))' : 'to_regclass($1)::oid';
  const [rows] = await session.run([{ text: `select pg_relation_size(${table}) = 0 as unwritten`, values: [name] }]);
  return rows?.[0]?.unwritten === 1;
}

async function index(session: Session, statement: string): Promise<void> {
  const [, name] = /^create (?:unique )?index (?:concurrently )?(\w+) on /.exec(statement) ?? [];
  if (name !== undefined) {
    const [rows] = await session.run([
      { text: 'select indisvalid as valid from pg_index where indexrelid = to_regclass($1)', values: [name] },
    ]);
    if (rows?.[0]?.valid === 1) return;
    if (rows?.[0] !== undefined) await session.run([{ text: `drop index concurrently ${name}` }]);
  }
  await session.run([{ text: statement }]);
}
