import type { Writer } from '../../sqlite/jobs.ts';
import type { QuarantineEntry } from '../port.ts';

export type SentEntry = Omit<QuarantineEntry, 'body'> & { readonly body: Uint8Array };

/** Job: putting the same entry again changes nothing. */
export function put(writer: Writer, { id, source, peer, code, reason, receivedAt, size, body }: SentEntry): null {
  writer
    .prepare(
      'INSERT INTO aorta_quarantine (id, source, peer, code, reason, received_at, size, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
    )
    .run(id, source, peer, code, reason, receivedAt, size, body);
  return null;
}

/** Job: false if it is not there, or was resolved before. */
export function resolve(
  writer: Writer,
  { id, resolution, at }: { readonly id: string; readonly resolution: string; readonly at: number },
): boolean {
  const done = writer
    .prepare('UPDATE aorta_quarantine SET resolved_at = ?, resolution = ? WHERE id = ? AND resolved_at IS NULL')
    .run(at, resolution, id);
  return done.changes > 0;
}

/** Job: removes at most `limit` entries received before `before`; answers how many. */
export function prune(writer: Writer, { before, limit }: { readonly before: number; readonly limit: number }): number {
  const done = writer
    .prepare(
      'DELETE FROM aorta_quarantine WHERE id IN (SELECT id FROM aorta_quarantine WHERE received_at < ? ORDER BY received_at LIMIT ?)',
    )
    .run(before, limit);
  return Number(done.changes);
}
