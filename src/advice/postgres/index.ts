import { type PostgresOptions, type PostgresPool, poolOf } from '../../postgres/pool.ts';
import { plain } from '../../postgres/repeat.ts';
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

/** Port Advice on PostgreSQL. */
export function createPostgresAdvice(source: PostgresOptions | PostgresPool): AdviceStore {
  const { pool, close } = poolOf(source);
  const read = (text: string, values: (string | number)[] = []) => plain(pool.query({ text, values, prepared: true }));
  const newest = (table: string, limit: number, before: string | undefined) =>
    before === undefined
      ? read(`select * from ${table} order by id desc limit $1`, [limit])
      : read(`select * from ${table} where id < $2 order by id desc limit $1`, [limit, before]);
  /** All rows in one statement: a list of JSON objects, taken apart by the database. */
  const insert = async (table: string, columns: readonly string[], rows: readonly object[]) => {
    if (rows.length === 0) return;
    const text = `insert into ${table} (${columns.join(', ')}) select ${columns.join(', ')} from json_populate_recordset(null::${table}, $1::json)
      on conflict do nothing`;
    await plain(pool.query({ text, values: [JSON.stringify(rows)], prepared: true }));
  };

  return {
    kind: 'postgres',
    record: (advice) => insert('aorta_advice', adviceColumns, advice.map(adviceRow)),
    feedback: (entries) => insert('aorta_advice_feedback', feedbackColumns, entries.map(feedbackRow)),
    advice: async (limit, before) => (await newest('aorta_advice', limit, before)).map((row) => adviceOf(row as unknown as AdviceRow)),
    feedbackOf: async (limit, before) =>
      (await newest('aorta_advice_feedback', limit, before)).map((row) => feedbackOf(row as unknown as FeedbackRow)),
    counts: async () => (await read(countsSql)).map((row) => countOf(row as { service: unknown; outcome: unknown; cards: unknown })),
    async prune(before) {
      const [row] = await read(
        `with advice as (delete from aorta_advice where at < $1 returning 1),
          feedback as (delete from aorta_advice_feedback where received_at < $1 returning 1)
        select (select count(*) from advice) + (select count(*) from feedback) as count`,
        [before],
      );
      return Number(row?.count ?? 0);
    },
    close,
  };
}
