import type { Clock } from '../../clock/clock.ts';
import { error } from '../../errors/index.ts';
import { array } from '../../postgres/array.ts';
import { type PostgresOptions, type PostgresPool, poolOf } from '../../postgres/pool.ts';
import { plain, repeat } from '../../postgres/repeat.ts';
import type { Blob } from '../port.ts';
import { checkDigest, digestIn, referenceOf } from '../reference.ts';

const chunkBytes = 256 * 1024;
/** Chunks of one statement: short enough to block neither the event loop nor the statement time-out. */
const chunksAtOnce = 8;

/**
 * Port Blob on PostgreSQL: chunks of 256 KiB, all of a body in one transaction. Putting the same bytes again writes
 * them again, which renews their time and repairs what was damaged.
 */
export function createPostgresBlob(source: PostgresOptions | PostgresPool, options: { readonly clock?: Clock } = {}): Blob {
  const { pool, close } = poolOf(source);
  const clock = options.clock ?? pool.clock;
  return {
    kind: 'postgres',
    async put(bytes) {
      const reference = await referenceOf(bytes);
      const chunks = Math.max(1, Math.ceil(bytes.length / chunkBytes));
      const now = clock.now();
      await repeat((leftMs) =>
        pool.transaction(async (session) => {
          for (let first = 0; first < chunks; first += chunksAtOnce) {
            const numbers = Array.from({ length: Math.min(chunksAtOnce, chunks - first) }, (_, i) => first + i);
            await session.run([
              {
                text: `insert into aorta_blob (sha256, size, put_at, chunk, bytes) select $1, $2::int8, $3::int8, g.* from unnest($4::int4[], $5::bytea[]) as g
                  on conflict (sha256, chunk) do update set put_at = excluded.put_at, bytes = excluded.bytes`,
                values: [
                  reference.sha256,
                  bytes.length,
                  now,
                  array('int4', numbers),
                  array(
                    'bytea',
                    numbers.map((chunk) => bytes.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes)),
                  ),
                ],
                prepared: true,
              },
            ]);
          }
        }, leftMs),
      );
      return reference;
    },

    async get(ref) {
      const sha256 = digestIn(ref);
      const parts: Buffer[] = [];
      for (let first = 0; ; first += chunksAtOnce) {
        const rows = await plain(
          pool.query({
            text: 'select bytes from aorta_blob where sha256 = $1 and chunk >= $2 and chunk < $3 order by chunk',
            values: [sha256, first, first + chunksAtOnce],
            prepared: true,
          }),
        );
        parts.push(...rows.map((row) => row.bytes as Buffer));
        if (rows.length < chunksAtOnce) break;
      }
      if (parts.length === 0) throw error('AORTA_BLOB_001', { ref });
      return checkDigest(ref, Buffer.concat(parts));
    },

    async prune(before) {
      // Every chunk has the time: one that is put again meanwhile is left by the second look at `put_at`.
      const [row] = await plain(
        pool.query({
          text: `with gone as (
            delete from aorta_blob where put_at < $1 and sha256 in (select sha256 from aorta_blob where chunk = 0 and put_at < $1) returning chunk
          ) select count(*) as count from gone where chunk = 0`,
          values: [before],
        }),
      );
      return row?.count as number;
    },

    close,
  };
}
