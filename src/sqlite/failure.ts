import { AortaError, type ErrorClass, type ErrorCode, error } from '../errors/index.ts';

/** An error on its way from the writer thread; `AortaError` does not survive structured cloning. */
export interface Failure {
  readonly code: string;
  readonly class: ErrorClass;
  readonly details: Readonly<Record<string, string | number | boolean>>;
  /** Stack frames only: the first line of a stack may quote data. */
  readonly frames?: string;
}

/** Primary result codes, https://www.sqlite.org/rescode.html */
const busy = new Set([
  5 /* BUSY */, 6 /* LOCKED */, 7 /* NOMEM */, 8 /* READONLY */, 10 /* IOERR */, 13 /* FULL */, 14 /* CANTOPEN */, 15 /* PROTOCOL */,
]);
const damaged = new Set([11 /* CORRUPT */, 26 /* NOTADB */]);
const refusedValue = new Set([18 /* TOOBIG */, 19 /* CONSTRAINT */, 20 /* MISMATCH */]);

interface SqliteError extends Error {
  readonly errcode: number;
  readonly errstr: string;
}

export const isSqliteError = (thrown: unknown): thrown is SqliteError =>
  thrown instanceof Error && (thrown as NodeJS.ErrnoException).code === 'ERR_SQLITE_ERROR' && 'errcode' in thrown;

/** The primary code of a SQLite error, 0 for anything else. */
export const sqliteCode = (thrown: unknown): number => (isSqliteError(thrown) ? thrown.errcode & 0xff : 0);

/** The coded error of anything that SQLite, or a job that used it, threw. `file` names the database in messages. */
export function coded(thrown: unknown, file: string): AortaError {
  if (thrown instanceof AortaError) return thrown;
  if (isSqliteError(thrown)) {
    const primary = sqliteCode(thrown);
    if (busy.has(primary)) return error('AORTA_SQLITE_003', { problem: `${thrown.errstr} (${thrown.errcode})` }, { cause: thrown });
    if (damaged.has(primary)) return error('AORTA_SQLITE_002', { file, problem: thrown.errstr }, { cause: thrown });
    // Messages of these two name tables and columns, never values.
    if (refusedValue.has(primary)) return error('AORTA_SQLITE_005', { problem: thrown.message }, { cause: thrown });
    return error('AORTA_SQLITE_006', { problem: thrown.message }, { cause: thrown });
  }
  const name = thrown instanceof Error ? `${thrown.name} ${(thrown as NodeJS.ErrnoException).code ?? ''}`.trim() : typeof thrown;
  return error('AORTA_SQLITE_007', { problem: name }, { cause: thrown });
}

export function toFailure(thrown: unknown, file: string): Failure {
  const failed = coded(thrown, file);
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  const frames = stack?.slice(Math.max(0, stack.indexOf('\n    at ')));
  return { code: failed.code, class: failed.class, details: failed.details, ...(frames === undefined ? {} : { frames }) };
}

export function fromFailure(failure: Failure): AortaError {
  const cause = new Error('in the writer thread');
  if (failure.frames !== undefined) cause.stack = `${cause.message}${failure.frames}`;
  return error(failure.code as ErrorCode, failure.details, { class: failure.class, cause });
}
