import { array } from '../../postgres/array.ts';
import { indexes } from '../../postgres/indexes.ts';
import type { PostgresPool } from '../../postgres/pool.ts';
import type { ProcessedId } from '../processed.ts';
import { many } from './reads.ts';

const columns = ['node', 'key', 'id'] as const;

export async function processed(pool: PostgresPool, flow: string, ids: readonly ProcessedId[]): Promise<readonly (string | null)[]> {
  if (ids.length === 0) return [];
  const rows = await pool.query({
    // Each id by the whole primary key, see `statesOf` in reads.ts.
    text: `select p.coordinate from unnest($2::text[], $3::text[], $4::text[]) with ordinality as g(node, key, id, position)
      left join lateral (select coordinate from aorta_processed where flow = $1 and node = g.node and key = g.key and id = g.id offset 0) p
        on true order by g.position`,
    values: [
      flow,
      ...columns.map((column) =>
        array(
          'text',
          ids.map((id) => id[column]),
        ),
      ),
    ],
    prepared: ids.length < many,
  });
  return rows.map((row) => row.coordinate as string | null);
}

/** Workers that do it at once step around each other's rows. */
export async function forgetProcessed(pool: PostgresPool, flow: string, node: string, before: number, limit: number): Promise<number> {
  const [, rows] = await pool.pipeline([
    { text: `select ${indexes}`, prepared: true },
    {
      text: `with old as (
        select ctid from aorta_processed where flow = $1 and node = $2 and at < $3 order by at limit $4
          for update skip locked
      ), gone as (
        delete from aorta_processed where ctid = any(array(select ctid from old)) returning 1
      ) select count(*)::int4 as count from gone`,
      values: [flow, node, before, limit],
      prepared: true,
    },
  ]);
  return rows?.[0]?.count as number;
}
