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
    async prune(before, most) {
      // A part at a time, oldest first, and none that another worker removes just now: a statement may take a few seconds.
      const old = (table: string, time: string) =>
        `delete from ${table} where id in (select id from ${table} where ${time} < $1 order by ${time} limit $2 for update skip locked) returning 1`;
      const [row] = await read(
        `with advice as (${old('aorta_advice', 'at')}), feedback as (${old('aorta_advice_feedback', 'received_at')})
        select (select count(*) from advice) + (select count(*) from feedback) as count`,
        [before, most],
      );
      return Number(row?.count ?? 0);
    },
    close,
  };
}
