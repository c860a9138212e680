import { type PostgresOptions, type PostgresPool, poolOf } from '../../postgres/pool.ts';
import { plain } from '../../postgres/repeat.ts';
import type { Quarantine, QuarantineEntry } from '../port.ts';

/** Bytes of a body that are kept; `size` tells the real length. */
const kept = 1024 * 1024;
const columns = 'id, source, peer, code, reason, received_at as "receivedAt", size';

/** Port Quarantine on PostgreSQL. Ids are ULIDs: their order is the order of arrival. */
export function createPostgresQuarantine(source: PostgresOptions | PostgresPool): Quarantine {
  const { pool, close } = poolOf(source);
  const read = (text: string, values: (string | number)[]) => plain(pool.query({ text, values, prepared: true }));
  return {
    kind: 'postgres',
    async put({ id, source: entryPoint, peer, code, reason, receivedAt, size, body }) {
      await plain(
        pool.query({
          text: `insert into aorta_quarantine (id, source, peer, code, reason, received_at, size, body) values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (id) do nothing`,
          values: [id, entryPoint, peer, code, reason, receivedAt, size, body.subarray(0, kept)],
          prepared: true,
        }),
      );
    },
    async list(limit, before) {
      const rows =
        before === undefined
          ? await read(`select ${columns} from aorta_quarantine where resolved_at is null order by id desc limit $1`, [limit])
          : await read(`select ${columns} from aorta_quarantine where id < $2 and resolved_at is null order by id desc limit $1`, [
              limit,
              before,
            ]);
      return rows as unknown as Omit<QuarantineEntry, 'body'>[];
    },
    async get(id) {
      const [row] = await read(`select ${columns}, body, resolution from aorta_quarantine where id = $1`, [id]);
      if (!row) return undefined;
      const { resolution, ...entry } = row;
      return { ...entry, ...(resolution === null ? {} : { resolution }) } as unknown as QuarantineEntry;
    },
    async count() {
      const [row] = await read('select count(*) as count from aorta_quarantine where resolved_at is null', []);
      return row?.count as number;
    },
    async resolve(id, resolution, at) {
      const rows = await read(
        'update aorta_quarantine set resolved_at = $3, resolution = $2 where id = $1 and resolved_at is null returning id',
        [id, resolution, at],
      );
      return rows.length > 0;
    },
    async prune(before) {
      const [row] = await read(
        'with gone as (delete from aorta_quarantine where received_at < $1 returning 1) select count(*) as count from gone',
        [before],
      );
      return row?.count as number;
    },
    close,
  };
}
