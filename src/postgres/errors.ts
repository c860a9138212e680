import { type AortaError, error } from '../errors/index.ts';

/** What node-postgres throws for an answer of the server: only fields that hold no data are read. */
interface ServerError {
  readonly code?: string;
  readonly severity?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
}

/**
 * What a failed statement means to the caller.
 * - `lost`: the connection is gone; a COMMIT that was under way may have happened.
 * - `conflict`: rolled back because of another transaction; doing it again may work.
 * - `busy`: rolled back or never started, for now (time-outs, restart, no space, standby).
 * - `refused`: rolled back, and would be again.
 */
export type Failure = 'lost' | 'conflict' | 'busy' | 'refused';

/** A lane was not at the expected epoch and group (raised by `aorta_advance`). */
export const laneMoved = 'AO001';

const conflicts: ReadonlySet<string> = new Set(['40001', '40P01']);
/** Data, cardinality, constraint, SQL and routine errors: the same statement fails again. */
const refusedClasses: ReadonlySet<string> = new Set(['21', '22', '23', '27', '2F', '38', '39', '42', '44', 'P0', 'AO']);
/** The session cannot go on: shut down, cut, or its prepared statements are gone. */
const closing: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '26000', '0A000', '25006']);

/** A statement failed. `sqlState` is `null` when no answer came. */
export class StatementError extends Error {
  readonly failure: Failure;
  readonly sqlState: string | null;
  /** The connection must not be used again. */
  readonly closes: boolean;
  /** Codes and names only: PostgreSQL quotes values in its own messages. */
  readonly problem: string;

  constructor(failure: Failure, sqlState: string | null, closes: boolean, problem: string) {
    super(problem);
    this.name = 'StatementError';
    this.failure = failure;
    this.sqlState = sqlState;
    this.closes = closes;
    this.problem = problem;
  }

  /** The error of the public ports. */
  toError(): AortaError {
    switch (this.failure) {
      case 'refused':
        return error('AORTA_STATE_002', { problem: this.problem });
      case 'conflict':
        return error('AORTA_STATE_006', { problem: this.problem });
      default:
        return error('AORTA_STATE_001', { problem: this.problem });
    }
  }
}

/** Reads what pg or the socket threw. */
export function statementError(thrown: unknown): StatementError {
  if (thrown instanceof StatementError) return thrown;
  const server = thrown as ServerError;
  if (typeof server.severity === 'string' && typeof server.code === 'string') {
    const { code, table, column, constraint } = server;
    const problem = [`SQLSTATE ${code}`, table && `table ${table}`, column && `column ${column}`, constraint && `constraint ${constraint}`]
      .filter(Boolean)
      .join(', ');
    const failure = conflicts.has(code) ? 'conflict' : refusedClasses.has(code.slice(0, 2)) ? 'refused' : 'busy';
    // The server says so before it cuts the line: a COMMIT under way did not happen, or its own reply came first.
    return new StatementError(failure, code, closing.has(code) || code.startsWith('08') || server.severity !== 'ERROR', problem);
  }
  const code = (thrown as NodeJS.ErrnoException).code;
  return new StatementError('lost', null, true, code ?? socketProblem(thrown));
}

/** node-postgres's own messages name no data; anything else is not repeated. */
function socketProblem(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : '';
  if (/timeout/i.test(message)) return 'no answer in time';
  if (/terminated|closed|not queryable/i.test(message)) return 'the connection was cut';
  return 'the connection failed';
}
