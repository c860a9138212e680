import type { Socket } from 'node:net';
import pg from 'pg';
import { StatementError } from './errors.ts';
import { type Message, messagesOf } from './messages.ts';
import type { Row, Statement } from './pool.ts';
import { numberTypes } from './types.ts';

/** As pg has it. */
export interface Connection {
  readonly stream: Socket;
  /** Text by name: what the server has prepared, and what it was sent to prepare. */
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
}

interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

interface Column {
  readonly name: string;
  readonly read: (text: string) => unknown;
}

/** Known here: what it answers says whether anything is stored. */
export const commit: Statement = { text: 'commit', prepared: true };

/** Columns of prepared statements, by name: they are asked for once. A statement whose columns have changed is refused by the server. */
const described = new WeakMap<Connection, Map<string, readonly Column[]>>();

/**
 * Several statements with one Sync, as one query of pg (which refuses queries of foreign classes on a connection with
 * `pipeline`). After a failure the server passes over the rest; a transaction that was begun waits for its rollback then.
 */
export class Pipeline extends pg.Query {
  /** Name and text of the statement whose answer comes next: pg notes them when it was parsed. */
  name: string;
  text: string;
  readonly #statements: readonly (Statement & { readonly name: string })[];
  readonly #resolve: (rows: readonly (readonly Row[])[]) => void;
  readonly #reject: (cause: unknown) => void;
  readonly #rows: Row[][];
  #columns: Map<string, readonly Column[]> = new Map();
  /** Of the statement at `#at`; undefined: not known yet. */
  #current: readonly Column[] | undefined;
  #at = 0;
  /** A value that could not be read. */
  #thrown: unknown;

  constructor(
    statements: readonly (Statement & { readonly name: string })[],
    resolve: (rows: readonly (readonly Row[])[]) => void,
    reject: (cause: unknown) => void,
  ) {
    super('');
    this.name = statements[0]?.name ?? '';
    this.text = statements[0]?.text ?? '';
    this.#statements = statements;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#rows = statements.map(() => []);
  }

  override submit = (own: unknown): null => {
    const connection = own as Connection;
    const columns = described.get(connection) ?? new Map<string, readonly Column[]>();
    described.set(connection, columns);
    this.#columns = columns;
    this.#current = columns.get(this.name);
    const { parsedStatements, submittedNamedStatements: submitted, stream } = connection;
    const messages = this.#statements.map(({ name, text, values = [] }): Message => {
      const known = name !== '' && (parsedStatements[name] !== undefined || submitted[name] !== undefined);
      if (!known && name !== '') submitted[name] = text;
      return { name, parse: known ? undefined : text, values, describe: name === '' || !columns.has(name) };
    });
    // What is closed says so by its event, which ends all queries.
    if (!stream.writable) return null;
    // The caller holds them together.
    for (const part of messagesOf(messages)) stream.write(part);
    return null;
  };

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#current = fields.map(({ name, dataTypeID }) => ({ name, read: numberTypes.getTypeParser(dataTypeID, 'text') }));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const columns = this.#current ?? [];
    const row: Row = {};
    try {
      for (let i = 0; i < columns.length; i++) {
        const { name, read } = columns[i] as Column;
        const text = fields[i] as string | null;
        row[name] = text === null ? null : read(text);
      }
    } catch (cause) {
      this.#thrown ??= cause;
      return;
    }
    this.#rows[this.#at]?.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    // So the server says that a statement before it had failed, and that nothing is stored.
    if (text === 'ROLLBACK' && this.text === commit.text)
      this.#thrown ??= new StatementError('busy', null, false, 'COMMIT was answered by ROLLBACK');
    this.#passed();
  }

  #passed(): void {
    if (this.name !== '' && !this.#columns.has(this.name)) this.#columns.set(this.name, this.#current ?? []);
    const next = this.#statements[++this.#at];
    this.name = next?.name ?? '';
    this.text = next?.text ?? '';
    this.#current = this.#columns.get(this.name);
  }

  handleEmptyQuery(): void {
    this.#passed();
  }

  /** The server would wait for data that nobody has, and pass over the Sync that is on its way. */
  handleCopyInResponse(connection: Connection): void {
    connection.stream.destroy(new Error('COPY FROM STDIN has no data'));
  }

  handleReadyForQuery(): void {
    if (this.#thrown === undefined) this.#resolve(this.#rows);
    else this.#reject(this.#thrown);
  }

  handleError(cause: unknown, connection: Connection): void {
    // Sent to be parsed and passed over: the next one that needs them must send them again.
    for (const { name } of this.#statements.slice(this.#at)) delete connection.submittedNamedStatements[name];
    // A server that is shut down says so at the Sync: what COMMIT had answered by then is stored.
    if (this.#thrown === undefined && this.#at === this.#statements.length && this.#statements.at(-1)?.text === commit.text) {
      // At once: the next caller must not get it before its end is noticed.
      connection.stream.destroy();
      this.#resolve(this.#rows);
      return;
    }
    this.#reject(this.#thrown ?? cause);
  }
}
