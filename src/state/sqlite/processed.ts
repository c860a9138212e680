import type { Writer } from '../../sqlite/jobs.ts';

interface Forget {
  readonly flow: string;
  readonly node: string;
  readonly before: number;
  readonly limit: number;
}

/** Job: removes the oldest processed ids; gives how many. */
export function forget(writer: Writer, { flow, node, before, limit }: Forget): number {
  const { changes } = writer
    .prepare(`DELETE FROM aorta_processed WHERE flow = ? AND node = ? AND (key, id) IN (
      SELECT key, id FROM aorta_processed WHERE flow = ? AND node = ? AND at < ? ORDER BY at LIMIT ?)`)
    .run(flow, node, flow, node, before, limit);
  return Number(changes);
}
