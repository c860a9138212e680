import { error } from '../../errors/index.ts';
import type { Database, Row, Statement, Value } from '../../sqlite/database.ts';
import type { AdviceStore } from '../port.ts';
import {
  type AdviceRow,
  adviceColumns,
  adviceOf,
  adviceRow,
  countOf,
  countsSql,
  type FeedbackRow,
  feedbackColumns,
  feedbackOf,
  feedbackRow,
} from '../row.ts';

/** Port Advice in the embedded database. Failures: those of the database (src/sqlite/database.ts). */
export function createSqliteAdvice({ database }: { readonly database: Database }): AdviceStore {
  let closed = false;
  const open = () => {
    if (closed) throw error('AORTA_SQLITE_008');
  };
  const insert = <R extends object>(table: string, columns: readonly (keyof R & string)[], rows: readonly R[]): Statement[] =>
    rows.map((row) => [
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`,
      columns.map((name) => row[name] as Value),
    ]);
  const newest = (table: string, limit: number, before: string | undefined): Row[] => {
    open();
    return before === undefined
      ? database.read(`SELECT * FROM ${table} ORDER BY id DESC LIMIT ?`, [limit])
      : database.read(`SELECT * FROM ${table} WHERE id < ? ORDER BY id DESC LIMIT ?`, [before, limit]);
  };

  return {
    kind: 'sqlite',
    async record(advice) {
      open();
      if (advice.length > 0) await database.run(insert('aorta_advice', adviceColumns, advice.map(adviceRow)));
    },
    async feedback(entries) {
      open();
      if (entries.length > 0) await database.run(insert('aorta_advice_feedback', feedbackColumns, entries.map(feedbackRow)));
    },
    advice: async (limit, before) => newest('aorta_advice', limit, before).map((row) => adviceOf(row as unknown as AdviceRow)),
    feedbackOf: async (limit, before) =>
      newest('aorta_advice_feedback', limit, before).map((row) => feedbackOf(row as unknown as FeedbackRow)),
    async counts() {
      open();
      return database.read<{ service: string; outcome: string; cards: number }>(countsSql).map(countOf);
    },
    async prune(before, most) {
      open();
      const old = (table: string, time: string) =>
        `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE ${time} < ? ORDER BY ${time} LIMIT ?) RETURNING id`;
      const gone = await database.run([
        [old('aorta_advice', 'at'), [before, most]],
        [old('aorta_advice_feedback', 'received_at'), [before, most]],
      ]);
      return gone.reduce((sum, rows) => sum + rows.length, 0);
    },
    async close() {
      closed = true;
    },
  };
}
