import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { toFailure } from './failure.ts';
import type { JobFunction, Outcome, Writer } from './jobs.ts';

export interface LoadedJob {
  readonly id: number;
  readonly run: JobFunction;
  readonly args: unknown;
}

/** Runs all jobs in one transaction; see `groupCommit`. */
export type GroupCommit = (jobs: readonly LoadedJob[]) => readonly Outcome[];

/**
 * Group commit: one transaction and one fsync for all waiting jobs, each under its own SAVEPOINT, so that a failing job
 * rolls back alone. Some failures (disk full, I/O) make SQLite roll the whole transaction back: then nothing of the
 * group is in the file, and each job is run again in a transaction of its own, so that one job too large for the disk
 * does not fail the others. Outcomes are given only after COMMIT.
 */
export function groupCommit(connection: DatabaseSync, file: string): GroupCommit {
  const cache = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    let statement = cache.get(sql);
    if (!statement) {
      statement = connection.prepare(sql);
      cache.set(sql, statement);
    }
    return statement;
  };
  const memo = new Map<string, unknown>();
  const writer: Writer = { prepare, memo, exec: (sql) => connection.exec(sql) };

  const rollback = () => {
    memo.clear();
    if (connection.isTransaction) prepare('ROLLBACK').run();
  };

  const underSavepoint = (job: LoadedJob): Outcome => {
    prepare('SAVEPOINT job').run();
    try {
      const value = job.run(writer, job.args);
      prepare('RELEASE job').run();
      return { id: job.id, value };
    } catch (thrown) {
      memo.clear();
      if (!connection.isTransaction) throw thrown;
      prepare('ROLLBACK TO job').run();
      prepare('RELEASE job').run();
      return { id: job.id, failure: toFailure(thrown, file) };
    }
  };

  const begin = (jobs: readonly LoadedJob[]): readonly Outcome[] | undefined => {
    try {
      prepare('BEGIN IMMEDIATE').run();
      return undefined;
    } catch (thrown) {
      return jobs.map((job) => ({ id: job.id, failure: toFailure(thrown, file) }));
    }
  };

  const together = (jobs: readonly LoadedJob[]): readonly Outcome[] => {
    const refused = begin(jobs);
    if (refused) return refused;
    try {
      const outcomes = jobs.map(underSavepoint);
      prepare('COMMIT').run();
      return outcomes;
    } catch (thrown) {
      rollback();
      if (jobs.length > 1) return jobs.flatMap((job) => together([job]));
      return jobs.map((job) => ({ id: job.id, failure: toFailure(thrown, file) }));
    }
  };

  return together;
}
