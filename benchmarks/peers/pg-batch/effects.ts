import type pg from 'pg';
import { effectRow, effectTable } from '../../work/effect-table.ts';
import { decode } from '../../work/event.ts';
import type { Step } from './step.ts';

const insert = {
  name: 'insert',
  text: `insert into bench_effect
    select * from unnest($1::text[], $2::integer[], $3::text[], $4::bigint[], $5::text[]) on conflict do nothing`,
};

export async function effectsOf(pool: pg.Pool): Promise<Step> {
  await pool.query(effectTable);
  return {
    size: 250,
    async apply(_partition, messages) {
      const rows = messages.flatMap(({ value }) => (value ? [effectRow(decode(value))] : []));
      const columns = [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column]));
      await pool.query({ ...insert, values: columns });
    },
  };
}
