import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import pg from 'pg';
import type { Clock } from '../clock/clock.ts';
import { systemClock } from '../clock/system.ts';
import { AortaError, error } from '../errors/index.ts';
import { silentTelemetry, type Telemetry } from '../telemetry/port.ts';
import { StatementError, statementError } from './errors.ts';
import { type Connection, commit, Pipeline } from './pipeline.ts';
import { numberTypes } from './types.ts';

/**
 * PostgreSQL connections: the only importer of `pg`.
 *
 * Nothing here waits for ever or grows without bound. The server ends a statement after 4 s, a wait for a lock after
 * 3 s and an idle transaction after 4 s; when it does not answer at all (black hole, SIGSTOP), the client cuts the
 * connection at the call's deadline, 5 s at most, because node-postgres itself would wait for ever (its #2973, #3399).
 * Connections that die idle are dropped and counted (its #3202: without a listener they end the process). At most
 * `maxWaiting` calls wait for a connection, the next is refused (AORTA_STATE_007).
 *
 * Plans are not compiled (`jit`): a statement without sequential scans, for which the planner finds no other plan, is held
 * for so costly that it would be compiled for a hundred milliseconds, to run for one.
 *
 * A transaction goes out as one pipeline, BEGIN to COMMIT in one round trip. Not for a pooler in transaction mode:
 * statements are prepared per connection. PostgreSQL 14 or newer.
 */
export interface PostgresOptions {
  /** `postgres://user@host:5432/database`; libpq's parameters, `sslmode` too. */
  readonly url: string;
  /** Asked for at every new connection, so that a rotated password is taken up. */
  readonly password?: () => Promise<string>;
  /** Schema that holds the tables; made by `migrate`. Default: the database's search path. */
  readonly schema?: string;
  /** @default 8 */
  readonly connections?: number;
  /** Calls that may wait for a connection. @default 200 */
  readonly maxWaiting?: number;
  /** Milliseconds after which any call has rejected. @default 5000 */
  readonly deadlineMs?: number;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
}

export interface Statement {
  readonly text: string;
  readonly values?: readonly (string | number | Buffer | null)[];
  /** Keep it prepared: for a bounded number of different texts only. */
  readonly prepared?: boolean;
}

export type Row = Record<string, unknown>;

export interface Session {
  /** Several statements in one round trip; the first failure rejects, and what comes after it is not tried. */
  run(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
}

/** Sum of the parameters of one call; above it the server would refuse the message anyway, after much copying. */
const maxBytes = 256 * 1024 * 1024;
const begin: Statement = { text: 'begin', prepared: true };
const beginRead: Statement = { text: 'begin read only', prepared: true };
const rollback: Statement = { text: 'rollback' };

/** Adapters that work together share one pool; the one that was given options of its own closes it. */
export function poolOf(source: PostgresOptions | PostgresPool): { readonly pool: PostgresPool; close(): Promise<void> } {
  if (source instanceof PostgresPool) return { pool: source, close: async () => {} };
  const pool = new PostgresPool(source);
  return { pool, close: () => pool.close() };
}

export class PostgresPool {
  readonly schema: string | undefined;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Milliseconds after which any call has rejected. */
  readonly deadlineMs: number;
  readonly #pool: pg.Pool;
  readonly #clients = new Set<pg.PoolClient>();
  readonly #maxWaiting: number;
  readonly #unsample: readonly (() => void)[];
  #closing: Promise<void> | undefined;

  constructor(options: PostgresOptions) {
    const { telemetry = silentTelemetry, clock = systemClock, connections = 8, maxWaiting = 200, deadlineMs = 5000 } = options;
    if (options.schema !== undefined && !/^[a-z_][a-z0-9_]{0,62}$/.test(options.schema)) {
      throw error('AORTA_CFG_001', { problem: 'the PostgreSQL schema is not a snake_case name' });
    }
    this.schema = options.schema;
    this.clock = clock;
    this.telemetry = telemetry;
    this.deadlineMs = deadlineMs;
    this.#maxWaiting = maxWaiting;
    const url = new URL(options.url);
    const settings = [url.searchParams.get('options'), options.schema && `-c search_path="${options.schema}"`].filter(Boolean).join(' ');
    url.searchParams.delete('options');
    // Its timer ends with a query's callback, which a pipeline has none of; `deadlineMs` bounds every call.
    url.searchParams.delete('query_timeout');
    this.#pool = new pg.Pool({
      connectionString: url.href,
      Client: clientWith(options.password),
      options:
        `${settings} -c default_transaction_isolation=read\\ committed -c jit=off -c tcp_user_timeout=5000 -c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3 -c client_connection_check_interval=2000`.trim(),
      application_name: 'aorta',
      max: connections,
      connectionTimeoutMillis: Math.min(3000, deadlineMs),
      idleTimeoutMillis: 30_000,
      statement_timeout: Math.min(4000, deadlineMs),
      lock_timeout: Math.min(3000, deadlineMs),
      idle_in_transaction_session_timeout: Math.min(4000, deadlineMs),
      keepAlive: true,
      keepAliveInitialDelayMillis: 2000,
      pipeline: true,
      types: numberTypes,
    } as pg.PoolConfig);

    const cut = telemetry.counter('aorta_postgres_idle_connections_lost_total', 'Connections that died while idle.');
    this.#pool.on('error', () => cut.inc());
    this.#pool.on('connect', (client) => {
      this.#clients.add(client as pg.PoolClient);
      // A connection that dies while it is checked out tells its queries; the event itself would end the process.
      client.on('error', () => {});
      client.once('end', () => this.#clients.delete(client as pg.PoolClient));
    });
    this.#unsample = [
      telemetry.sampled('aorta_postgres_pool_waiting', 'Calls that wait for a connection.', {}, () => this.#pool.waitingCount),
      telemetry.sampled('aorta_postgres_pool_connections', 'Open connections.', {}, () => this.#pool.totalCount),
    ];
  }

  /** One transaction in one round trip; rejects with a `StatementError`, `lost` when nobody knows whether it committed. */
  async pipeline(
    statements: readonly Statement[],
    { readOnly = false, deadlineMs = this.deadlineMs }: { readOnly?: boolean; deadlineMs?: number } = {},
  ): Promise<readonly (readonly Row[])[]> {
    return this.#use(deadlineMs, async (session) => {
      try {
        const results = await session.run([readOnly ? beginRead : begin, ...statements, commit]);
        return results.slice(1, -1);
      } catch (thrown) {
        await undo(session, thrown);
        throw thrown;
      }
    });
  }

  /** One statement outside any transaction. */
  async query(statement: Statement, deadlineMs = this.deadlineMs): Promise<readonly Row[]> {
    const [rows] = await this.#use(deadlineMs, (session) => session.run([statement]));
    return rows as readonly Row[];
  }

  /** A transaction in two round trips: what it reads decides what it writes. */
  async readThenWrite<T>(
    reads: readonly Statement[],
    decide: (rows: readonly (readonly Row[])[]) => { readonly writes: readonly Statement[]; readonly value: T },
    deadlineMs = this.deadlineMs,
  ): Promise<T> {
    return this.#use(deadlineMs, async (session) => {
      try {
        const [, ...rows] = await session.run([begin, ...reads]);
        const { writes, value } = decide(rows);
        await session.run([...writes, commit]);
        return value;
      } catch (thrown) {
        await undo(session, thrown);
        throw thrown;
      }
    });
  }

  /** For everything else. A longer deadline is for migrations only. */
  async transaction<T>(work: (session: Session) => Promise<T>, deadlineMs = this.deadlineMs): Promise<T> {
    return this.#use(deadlineMs, async (session) => {
      await session.run([begin]);
      try {
        const result = await work(session);
        await session.run([commit]);
        return result;
      } catch (thrown) {
        await undo(session, thrown);
        throw thrown;
      }
    });
  }

  /**
   * A connection outside any transaction, for what sets or locks something for the session: it is closed afterwards. Of
   * several statements each is for itself.
   */
  async apart<T>(work: (session: Session) => Promise<T>, deadlineMs: number): Promise<T> {
    return this.#use(deadlineMs, work, true);
  }

  /** Waits at most 2 s for calls under way, then cuts them. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      for (const stop of this.#unsample) stop();
      const ended = this.#pool.end();
      const cancel = this.clock.after(2000, () => {
        for (const client of this.#clients) socketOf(client).destroy();
      });
      await ended.finally(cancel);
    })();
    return this.#closing;
  }

  /** Waits for a connection. Nothing was sent yet: whatever fails here, nothing can have been committed. */
  #connect(deadlineMs: number): Promise<pg.PoolClient> {
    return new Promise((resolve, reject) => {
      const busy = (sqlState: string | null, problem: string) => reject(new StatementError('busy', sqlState, true, problem));
      let late = false;
      const cancel = this.clock.after(deadlineMs, () => {
        late = true;
        busy(null, 'no connection in time');
      });
      this.#pool.connect().then(
        (client) => {
          cancel();
          if (late) client.release();
          else resolve(client);
        },
        (thrown) => {
          cancel();
          const { sqlState, problem } = statementError(thrown);
          busy(sqlState, problem);
        },
      );
    });
  }

  async #use<T>(deadlineMs: number, work: (session: Session) => Promise<T>, once = false): Promise<T> {
    if (this.#closing) throw error('AORTA_STATE_001', { problem: 'it is closed' }, { class: 'Cancelled' });
    if (this.#pool.waitingCount >= this.#maxWaiting) throw error('AORTA_STATE_007', { limit: this.#maxWaiting }, { retryAfterMs: 1000 });
    const started = this.clock.monotonic();
    const client = await this.#connect(deadlineMs);
    const left = Math.max(1, deadlineMs - (this.clock.monotonic() - started));
    const cancel = this.clock.after(left, () => socketOf(client).destroy(new Error('timeout')));
    let broken = false;
    try {
      return await work({ run: (statements) => run(client, statements, once) });
    } catch (thrown) {
      broken = thrown instanceof StatementError && thrown.closes;
      throw thrown;
    } finally {
      cancel();
      const idle = (client as unknown as { getTransactionStatus(): string | null }).getTransactionStatus() === 'I';
      client.release(once || broken || !idle || !socketOf(client).writable);
    }
  }
}

/** A password in the URL, even an empty one, would win over the function in pg's own configuration. */
function clientWith(password: (() => Promise<string>) | undefined): typeof pg.Client {
  if (!password) return pg.Client;
  return class extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super(config);
      Object.defineProperty(this, 'password', { value: password, writable: true, enumerable: false });
    }
  };
}

const connectionOf = (client: pg.PoolClient): Connection => (client as unknown as { connection: Connection }).connection;
const socketOf = (client: pg.PoolClient): Socket => connectionOf(client).stream;

/** A connection whose transaction is open for ever would be closed: it is used again after this. */
async function undo(session: Session, thrown: unknown): Promise<void> {
  if (!(thrown instanceof StatementError && thrown.closes)) await session.run([rollback]).catch(() => {});
}

/**
 * Bytes of parameters up to which statements go with one Sync: what a socket takes at once. The server's time-out for an idle transaction
 * begins at a Sync, so of a transaction that is longer each statement has one. Else a client that stood still in the middle of it
 * (its host gone, the process suspended) would keep its locks for as long as the connection is not known to be dead.
 */
const atOnce = 16 * 1024;

async function run(client: pg.PoolClient, statements: readonly Statement[], apart: boolean): Promise<readonly (readonly Row[])[]> {
  let [bytes, size] = [0, 0];
  for (const { values = [] } of statements)
    for (const value of values) {
      if (value === null || typeof value === 'number') continue;
      size += value.length;
      if (typeof value !== 'string') bytes += value.length;
    }
  // Checked before anything is sent: a statement that fails on our side would be left out of the transaction.
  if (bytes > maxBytes) throw new StatementError('refused', null, false, `${bytes} bytes in one transaction`);
  // A text without parameters may be a file of many statements; and several in one are one transaction.
  if (apart || statements.some(({ values, prepared }) => values === undefined && !prepared)) return runEach(client, statements);
  const named = statements.map((statement) => ({ ...statement, name: statement.prepared ? nameOf(statement.text) : '' }));
  const socket = socketOf(client);
  socket.cork();
  const sent = (size > atOnce ? named.map((one) => [one]) : [named]).map(
    (group) => new Promise<readonly (readonly Row[])[]>((resolve, reject) => void client.query(new Pipeline(group, resolve, reject))),
  );
  socket.uncork();
  return (await answersOf(sent)).flat();
}

/** Each as a query of its own, with an answer of its own; all are tried even if one fails. */
async function runEach(client: pg.PoolClient, statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
  const sent = statements.map(({ text, values = [], prepared }) =>
    client.query({ text, values: values as unknown[], ...(prepared ? { name: nameOf(text) } : {}) }),
  );
  // A file of several statements answers with a list of results, which has no rows.
  return (await answersOf(sent)).map(({ rows }) => (rows as Row[] | undefined) ?? []);
}

/** All that were sent, or the first failure when all have ended. */
async function answersOf<T>(sent: readonly Promise<T>[]): Promise<readonly T[]> {
  const answers = await Promise.allSettled(sent);
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (failed) throw failed.reason instanceof AortaError ? failed.reason : statementError(failed.reason);
  return answers.map((answer) => (answer as PromiseFulfilledResult<T>).value);
}

const names = new Map<string, string>();

/** Prepared statements are named by their text, so that one name never means two. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `aorta_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
    names.set(text, name);
  }
  return name;
}
