import { serialize } from 'node:v8';
import { error } from '../../errors/index.ts';
import type { Writer } from '../../sqlite/jobs.ts';
import type { GroupOutcome } from '../port.ts';
import { heldColumns } from './held.ts';
import type { LaneKey, SentGroup, SentGroups } from './send.ts';

const ofLane = 'flow = ? AND lane = ? AND topic = ? AND partition = ?';

/**
 * Job: the groups of one call, all or none. A group whose epoch, or one of its fence, is not its lane's is left out as `fenced`; one that
 * committed before is `applied` without effect; one that leaves a number out is AORTA_STATE_005.
 */
export function transact(writer: Writer, { groups, sqls }: SentGroups): GroupOutcome[] {
  const epochOf = writer.prepare(`SELECT epoch FROM aorta_lane WHERE ${ofLane}`);
  const stale = ([key, epoch]: SentGroup['fence'][number]) => (epochOf.get(...key) as { epoch: number } | undefined)?.epoch !== epoch;
  return groups.map((group) => {
    const lane = writer.prepare(`SELECT epoch, group_number, sent_through FROM aorta_lane WHERE ${ofLane}`).get(...group.lane) as
      | { epoch: number; group_number: number; sent_through: number }
      | undefined;
    if (!lane || lane.epoch !== group.epoch || group.fence.some(stale)) return 'fenced';
    if (group.group <= lane.group_number) return 'applied';
    if (group.group !== lane.group_number + 1) {
      throw error('AORTA_STATE_005', { group: group.group, lane: group.lane.join('/'), last: lane.group_number });
    }
    advance(writer, group, lane.sent_through);
    writeStates(writer, group);
    for (const [sql, values] of group.effects) writer.prepare(sqls[sql] as string).run(...values);
    writeTimers(writer, group);
    writeHeld(writer, group);
    writeRest(writer, group);
    return 'applied';
  });
}

function advance(writer: Writer, group: SentGroup, sentBefore: number): void {
  const sent = Math.max(sentBefore, group.sentThrough);
  writer
    .prepare(`UPDATE aorta_lane SET group_number = ?, sent_through = ?, watermark = ?, runs = ?, hops = ? WHERE ${ofLane}`)
    .run(group.group, sent, group.watermark, group.runs, group.hops, ...group.lane);
  if (sent > sentBefore) writer.prepare(`DELETE FROM aorta_outbox WHERE ${ofLane} AND group_number <= ?`).run(...group.lane, sent);
  if (group.outbox.length === 0) return;
  writer
    .prepare('INSERT INTO aorta_outbox (flow, lane, topic, partition, group_number, records) VALUES (?, ?, ?, ?, ?, ?)')
    .run(...group.lane, group.group, serialize(group.outbox));
}

function writeStates(writer: Writer, { lane, states }: SentGroup): void {
  const put = writer.prepare(`INSERT INTO aorta_state (flow, store, key, value, version, source_event, source_flow, source_version)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (flow, store, key) DO UPDATE SET value = excluded.value, version = excluded.version, source_event = excluded.source_event,
      source_flow = excluded.source_flow, source_version = excluded.source_version`);
  const remove = writer.prepare('DELETE FROM aorta_state WHERE flow = ? AND store = ? AND key = ?');
  const flow = lane[0];
  for (const state of states) {
    if ('put' in state) put.run(flow, ...state.put);
    else remove.run(flow, ...state.remove);
  }
}

function writeTimers(writer: Writer, { lane, timers }: SentGroup): void {
  const set = writer.prepare(`INSERT INTO aorta_timer (flow, lane, topic, partition, node, key, name, due, payload, event_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (flow, lane, topic, partition, node, key, name) DO UPDATE SET due = excluded.due, payload = excluded.payload, event_id = excluded.event_id`);
  const cancel = writer.prepare(`DELETE FROM aorta_timer WHERE ${ofLane} AND node = ? AND key = ? AND name = ?`);
  for (const { id, due, payload, eventId } of timers) {
    if (due === null) cancel.run(...lane, ...id);
    else set.run(...lane, ...id, due, payload, eventId);
  }
}

const heldKey = `${ofLane} AND key = ? AND seq = ?`;
const addHeld = `INSERT INTO aorta_held (flow, lane, topic, partition, key, seq, ${heldColumns.join(', ')}) VALUES (?, ?, ?, ?, ?, ?, ${heldColumns.map(() => '?').join(', ')})`;
const updateHeld = `UPDATE aorta_held SET ${heldColumns.map((column) => `${column} = ?`).join(', ')} WHERE ${heldKey}`;
const removeHeld = `DELETE FROM aorta_held WHERE ${heldKey}`;

function writeHeld(writer: Writer, { lane, held }: SentGroup): void {
  for (const write of held) {
    const id: readonly [...LaneKey, string, number] = [...lane, write.key, write.seq];
    if (write.op === 'add') writer.prepare(addHeld).run(...id, ...write.values);
    else if (write.op === 'update') writer.prepare(updateHeld).run(...write.values, ...id);
    else writer.prepare(removeHeld).run(...id);
  }
}

const notesOf = `${ofLane} AND record_offset = ?`;
const addNote =
  'INSERT INTO aorta_try (flow, lane, topic, partition, record_offset, epoch) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';

function writeRest(writer: Writer, { lane, epoch, suspects, redrivesDone }: SentGroup): void {
  for (const { offset, note } of suspects) {
    if (note === 'begun') writer.prepare(addNote).run(...lane, offset, epoch);
    else if (note === 'over') writer.prepare(`DELETE FROM aorta_try WHERE ${notesOf} AND epoch = ?`).run(...lane, offset, epoch);
    else writer.prepare(`DELETE FROM aorta_try WHERE ${notesOf}`).run(...lane, offset);
  }
  for (const id of redrivesDone) writer.prepare('DELETE FROM aorta_redrive WHERE id = ?').run(id);
}
