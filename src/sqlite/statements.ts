import type { Row, Value } from './database.ts';
import type { Writer } from './jobs.ts';

/** Job: statements one after the other; the rows of each. */
export function run(writer: Writer, statements: readonly (readonly [string, readonly Value[]])[]): readonly (readonly Row[])[] {
  return statements.map(([sql, params]) => writer.prepare(sql).all(...params) as Row[]);
}

/** Job: a commit that reaches the disk. */
export function ping(writer: Writer): null {
  const { user_version: version } = writer.prepare('PRAGMA user_version').get() as { user_version: number };
  // Writes the file's first page, unchanged: an empty transaction would not touch the disk.
  writer.exec(`PRAGMA user_version = ${version}`);
  return null;
}
