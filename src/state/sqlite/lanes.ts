import { deserialize } from 'node:v8';
import type { Writer } from '../../sqlite/jobs.ts';
import type { RedriveRequest, SuspectNote } from '../port.ts';
import { type HeldRecord, selectHeads } from './held.ts';
import type { LaneKey, SentEmission } from './send.ts';

const ofLane = 'flow = ? AND lane = ? AND topic = ? AND partition = ?';

export const selectNotes = `SELECT record_offset AS "offset", epoch FROM aorta_try WHERE ${ofLane} ORDER BY record_offset, epoch`;

export interface ClaimedRows {
  readonly epoch: number;
  readonly group: number;
  readonly sentThrough: number;
  readonly watermark: number;
  readonly runs: string;
  readonly hops: string;
  readonly clean: boolean;
  readonly partitions: number;
  readonly outbox: readonly { readonly group: number; readonly records: readonly SentEmission[] }[];
  readonly held: readonly (HeldRecord & { readonly waiting: number })[];
  readonly suspects: readonly SuspectNote[];
}

interface LaneRow {
  readonly epoch: number;
  readonly group_number: number;
  readonly sent_through: number;
  readonly watermark: number;
  readonly runs: string;
  readonly hops: string;
  readonly clean: number;
  readonly partitions: number;
}

/** Job: a new epoch, the lane marked unclean, and everything its owner needs to go on. */
export function claim(writer: Writer, { lane, partitions }: { readonly lane: LaneKey; readonly partitions: number }): ClaimedRows {
  writer
    .prepare(`INSERT INTO aorta_lane (flow, lane, topic, partition, epoch, group_number, sent_through, watermark, runs, hops, clean, partitions)
      VALUES (?, ?, ?, ?, 0, 0, 0, 0, '[]', '{}', 1, ?) ON CONFLICT DO NOTHING`)
    .run(...lane, partitions);
  const row = writer.prepare(`SELECT * FROM aorta_lane WHERE ${ofLane}`).get(...lane) as unknown as LaneRow;
  writer.prepare(`UPDATE aorta_lane SET epoch = epoch + 1, clean = 0 WHERE ${ofLane}`).run(...lane);
  const outbox = writer
    .prepare(`SELECT group_number, records FROM aorta_outbox WHERE ${ofLane} AND group_number > ? ORDER BY group_number`)
    .all(...lane, row.sent_through) as unknown as { group_number: number; records: Uint8Array }[];
  return {
    epoch: row.epoch + 1,
    group: row.group_number,
    sentThrough: row.sent_through,
    watermark: row.watermark,
    runs: row.runs,
    hops: row.hops,
    clean: row.clean === 1,
    partitions: row.partitions,
    outbox: outbox.map(({ group_number: group, records }) => ({ group, records: deserialize(records) as SentEmission[] })),
    held: writer.prepare(`${selectHeads} WHERE ${ofLane} GROUP BY key ORDER BY seq`).all(...lane) as unknown as ClaimedRows['held'],
    suspects: writer.prepare(selectNotes).all(...lane) as unknown as ClaimedRows['suspects'],
  };
}

/** Job: marks the lane clean if the epoch is still current. */
export function release(writer: Writer, { lane, epoch }: { readonly lane: LaneKey; readonly epoch: number }): null {
  writer.prepare(`UPDATE aorta_lane SET clean = 1 WHERE ${ofLane} AND epoch = ?`).run(...lane, epoch);
  return null;
}

/** Job: notes of an owner that lost the lane and lives. */
export function outlived(
  writer: Writer,
  { lane, epoch, offsets }: { readonly lane: LaneKey; readonly epoch: number; readonly offsets: readonly number[] },
): null {
  const remove = writer.prepare(`DELETE FROM aorta_try WHERE ${ofLane} AND epoch = ? AND record_offset = ?`);
  for (const offset of offsets) remove.run(...lane, epoch, offset);
  return null;
}

/** Job: stores a redrive request; asking again with the same id changes nothing. */
export function requestRedrive(writer: Writer, { id, flow, key, errorClass, action, actor, at }: RedriveRequest): null {
  writer
    .prepare(
      'INSERT INTO aorta_redrive (id, flow, key, error_class, action, actor, requested_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
    )
    .run(id, flow, key, errorClass, action, actor, at);
  return null;
}
