import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../clock/clock.ts';
import { systemClock } from '../clock/system.ts';
import { error } from '../errors/index.ts';
import { silentTelemetry, type Telemetry } from '../telemetry/port.ts';
import { openChannel } from './channel.ts';
import { openForReading, openForWriting } from './connection.ts';
import { coded } from './failure.ts';
import type { JobFunction, Pack } from './jobs.ts';
import { lockDirectory } from './lock.ts';
import { migrate } from './migrate.ts';
import { reader } from './reader.ts';

/**
 * The embedded profile's one database, `<dir>/aorta.db` (SQLite, WAL, synchronous FULL).
 *
 * - One **writer thread** (writer.ts) makes every change. A change is a **job**: a function of a job module, named by
 *   the module's URL, run in the writer inside a transaction that it shares with all jobs waiting at that moment (group
 *   commit). Its promise resolves after COMMIT, so after fsync; a job that throws rolls back alone.
 * - The main thread reads through its own read-only connection; it sees every write whose promise has resolved.
 * - One process owns the directory (lock.ts); a second one is refused with AORTA_SQLITE_001.
 *
 * Failures: a full or failing disk, a foreign lock, a stopped or hung writer thread reject as `Transient`
 * (AORTA_SQLITE_003: repeat; the outcome may be unknown, so jobs are idempotent); a damaged file is AORTA_SQLITE_002, a
 * value that breaks its table's rules AORTA_SQLITE_005, wrong SQL AORTA_SQLITE_006.
 */
export interface Database {
  /** Absolute path of the data directory. */
  readonly dir: string;
  /**
   * Typed access to a job module: `const writes = database.jobs<typeof import('./writes.ts')>(writesUrl)`, then
   * `await writes('append', (pack) => args)`. Bytes in `args` must go through `pack`; `args` must be plain data.
   * Jobs of one database are done in the order of the calls.
   */
  jobs<Module>(url: URL): Jobs<Module>;
  /**
   * Statements in one transaction of the writer, for small tables with no logic of their own. The result has the rows
   * of each statement (`RETURNING`, `SELECT`), else an empty list.
   */
  run(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  /** Rows of a SELECT on the main thread, at once. For look-ups by index: it blocks everything else meanwhile. */
  read<T extends object = Row>(sql: string, params?: readonly Value[]): T[];
  /** As `read`, row by row; stop early by leaving the loop. Rows are read as they are asked for. */
  readEach<T extends object = Row>(sql: string, params?: readonly Value[]): Iterable<T>;
  /** As `read`, for SQL from elsewhere: a wrong number of values, or a statement that writes, is AORTA_SQLITE_006. */
  select<T extends object = Row>(sql: string, params: readonly Value[]): T[];
  /** Rejects when the file cannot be written. */
  ping(): Promise<void>;
  /** Finishes what was sent, then closes file and lock. Idempotent. */
  close(): Promise<void>;
}

export type Value = string | number | null | Uint8Array;
export type Row = Record<string, Value>;
export type Statement = readonly [sql: string, params?: readonly Value[]];

export type Jobs<Module> = <Name extends keyof Module & string>(
  name: Name,
  build: (pack: Pack) => Module[Name] extends JobFunction ? Parameters<Module[Name]>[1] : never,
) => Promise<Module[Name] extends JobFunction ? ReturnType<Module[Name]> : never>;

export interface DatabaseOptions {
  /** Data directory, made if missing; on a local disk. */
  readonly dir: string;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
  /** @default 30000 milliseconds */
  readonly replyTimeoutMs?: number;
}

const statementsUrl = new URL('./statements.ts', import.meta.url);

/** Opens (or makes) the database and starts its writer thread. Blocks for some milliseconds: once, at start. */
export function openDatabase(options: DatabaseOptions): Database {
  const dir = resolve(options.dir);
  const file = join(dir, 'aorta.db');
  const clock = options.clock ?? systemClock;
  const telemetry = options.telemetry ?? silentTelemetry;
  try {
    mkdirSync(dir, { recursive: true });
  } catch (thrown) {
    throw error('AORTA_SQLITE_003', { problem: `${dir}: ${(thrown as NodeJS.ErrnoException).code}` }, { cause: thrown });
  }
  const lock = lockDirectory(dir);
  let reading: DatabaseSync;
  try {
    const writer = openForWriting(file);
    try {
      migrate(writer);
      reading = openForReading(file);
    } finally {
      writer.close();
    }
  } catch (thrown) {
    lock.release();
    throw coded(thrown, file);
  }
  const channel = openChannel({ file, clock, telemetry, replyTimeoutMs: options.replyTimeoutMs ?? 30_000 });

  const rows = reader(reading, file);
  let closing: Promise<void> | undefined;
  const open = () => {
    if (closing) throw error('AORTA_SQLITE_008');
    return rows;
  };
  const jobs =
    <Module>(url: URL): Jobs<Module> =>
    (name, build) =>
      channel.send(url.href, name, build) as never;
  const statements = jobs<typeof import('./statements.ts')>(statementsUrl);

  return {
    dir,
    jobs,
    run: (list) =>
      statements('run', (pack) =>
        list.map(([sql, params = []]) => [sql, params.map((value) => (value instanceof Uint8Array ? pack(value) : value))] as const),
      ),
    read: <T extends object>(sql: string, params: readonly Value[] = []) => open().all(sql, params) as T[],
    readEach: <T extends object>(sql: string, params: readonly Value[] = []) => open().each(sql, params) as Iterable<T>,
    select: <T extends object>(sql: string, params: readonly Value[]) => open().checked(sql, params) as T[],
    ping: async () => {
      await statements('ping', () => undefined);
    },
    close() {
      if (!closing) {
        // The writer must be the last to close: it then folds the write-ahead log into the file, a reader cannot.
        reading.close();
        closing = channel.close().then(() => lock.release());
      }
      return closing;
    },
  };
}
