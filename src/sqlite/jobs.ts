import type { StatementSync } from 'node:sqlite';

/** What a job may use, in the writer thread, inside the group's transaction. */
export interface Writer {
  /** A cached prepared statement. */
  prepare(sql: string): StatementSync;
  /** Statements without a result (DDL). */
  exec(sql: string): void;
  /**
   * Memory for look-ups that jobs keep between calls. Emptied whenever anything is rolled back, so it never knows more
   * than the file does.
   */
  readonly memo: Map<string, unknown>;
}

/** A function of a job module. Synchronous; what it throws rolls its own writes back and rejects its caller only. */
// biome-ignore lint/suspicious/noExplicitAny: each job has its own argument type, checked at `write`.
export type JobFunction = (writer: Writer, args: any) => unknown;

/** Copies bytes into the message (see parcel.ts); anything a job's arguments hold of Uint8Array must go through it. */
export type Pack = (bytes: Uint8Array) => Uint8Array;

/** One job in a message to the writer: the module that holds it, the function's name, its argument. */
export interface SentJob {
  readonly id: number;
  readonly module: string;
  readonly name: string;
  readonly args: unknown;
}

export type Request = { readonly jobs: readonly SentJob[]; readonly bytes: number } | { readonly close: true };

export type Outcome =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: import('./failure.ts').Failure };

export interface Reply {
  readonly outcomes: readonly Outcome[];
  /** Milliseconds that the transaction took, COMMIT included. */
  readonly ms: number;
}
