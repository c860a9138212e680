import { error } from '../../errors/index.ts';
import { buffer } from '../../sqlite/bytes.ts';
import type { Database } from '../../sqlite/database.ts';
import type { Quarantine, QuarantineEntry } from '../port.ts';

/** Entries removed by one job: bodies are up to 1 MiB each. */
const pruneStep = 200;

interface EntryRow {
  readonly id: string;
  readonly source: string;
  readonly peer: string;
  readonly code: string;
  readonly reason: string;
  readonly received_at: number;
  readonly size: number;
}

/** The embedded Quarantine, newest entry first. Failures: those of the database (src/sqlite/database.ts). */
export function createSqliteQuarantine({ database }: { readonly database: Database }): Quarantine {
  const jobs = database.jobs<typeof import('./entries.ts')>(new URL('./entries.ts', import.meta.url));
  const columns = 'id, source, peer, code, reason, received_at, size';
  let closed = false;
  const open = () => {
    if (closed) throw error('AORTA_SQLITE_008');
  };

  return {
    kind: 'sqlite',
    async put({ id, source, peer, code, reason, receivedAt, size, body }) {
      open();
      await jobs('put', (pack) => ({ id, source, peer, code, reason, receivedAt, size, body: pack(body) }));
    },
    async list(limit, before) {
      open();
      const rows =
        before === undefined
          ? database.read<EntryRow>(`SELECT ${columns} FROM aorta_quarantine WHERE resolved_at IS NULL ORDER BY id DESC LIMIT ?`, [limit])
          : database.read<EntryRow>(
              `SELECT ${columns} FROM aorta_quarantine WHERE id < ? AND resolved_at IS NULL ORDER BY id DESC LIMIT ?`,
              [before, limit],
            );
      return rows.map(entry);
    },
    async get(id) {
      open();
      const row = database.read<EntryRow & { body: Uint8Array; resolution: NonNullable<QuarantineEntry['resolution']> | null }>(
        `SELECT ${columns}, body, resolution FROM aorta_quarantine WHERE id = ?`,
        [id],
      )[0];
      return row && { ...entry(row), body: buffer(row.body), ...(row.resolution === null ? {} : { resolution: row.resolution }) };
    },
    async count() {
      open();
      return database.read<{ n: number }>('SELECT count(*) AS n FROM aorta_quarantine WHERE resolved_at IS NULL')[0]?.n ?? 0;
    },
    async resolve(id, resolution, at) {
      open();
      return jobs('resolve', () => ({ id, resolution, at }));
    },
    async prune(before) {
      open();
      let removed = 0;
      for (;;) {
        const step = await jobs('prune', () => ({ before, limit: pruneStep }));
        removed += step;
        if (step < pruneStep) return removed;
      }
    },
    async close() {
      closed = true;
    },
  };
}

const entry = ({ id, source, peer, code, reason, received_at: receivedAt, size }: EntryRow): Omit<QuarantineEntry, 'body'> => ({
  id,
  source,
  peer,
  code,
  reason,
  receivedAt,
  size,
});
