import type { Writer } from '../../sqlite/jobs.ts';
import type { Brake, Landmark, RedriveNote } from '../operations.ts';

/** Job: puts the brake on; one that is on stays as it is. */
export function putBrake(writer: Writer, { flow, reason, deadLetters, records, at }: Brake): null {
  writer
    .prepare('INSERT INTO aorta_brake (flow, reason, dead_letters, records, tripped_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
    .run(flow, reason, deadLetters, records, at);
  return null;
}

/** Job: false if it was not on. */
export function releaseBrake(writer: Writer, { flow }: { readonly flow: string }): boolean {
  return writer.prepare('DELETE FROM aorta_brake WHERE flow = ?').run(flow).changes > 0;
}

/** Job: ids of the notes that stand. */
export function noteRedrives(writer: Writer, notes: readonly RedriveNote[]): readonly string[] {
  const flow = notes[0]?.flow ?? '';
  const { last } = writer.prepare('SELECT coalesce(max(seq), 0) AS last FROM aorta_redriven WHERE flow = ?').get(flow) as { last: number };
  const insert = writer.prepare(`INSERT INTO aorta_redriven (id, flow, event_id, action, actor, redriven_at, letter, seq, sent)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);
  const noted: string[] = [];
  for (const [position, { id, eventId, action, actor, at, letter }] of notes.entries()) {
    const seq = letter === null ? null : Math.max(at, last) + position + 1;
    const { changes } = insert.run(id, flow, eventId, action, actor, at, letter, seq, letter === null || action === 'discard' ? 1 : 0);
    if (changes > 0) noted.push(id);
  }
  return noted;
}

/** Job. */
export function redrivesSent(writer: Writer, ids: readonly string[]): null {
  const update = writer.prepare('UPDATE aorta_redriven SET sent = 1 WHERE id = ?');
  for (const id of ids) update.run(id);
  return null;
}

/** Job: a position behind the one noted changes nothing. */
export function putLandmarks(writer: Writer, landmarks: readonly Landmark[]): null {
  const put =
    writer.prepare(`INSERT INTO aorta_landmark (flow, topic, partition, position, record_offset, record_time) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (flow, topic, partition) DO UPDATE
    SET position = excluded.position, record_offset = excluded.record_offset, record_time = excluded.record_time
    WHERE aorta_landmark.position <= excluded.position`);
  for (const { flow, topic, partition, position, offset, timestamp } of landmarks)
    put.run(flow, topic, partition, position, offset, timestamp);
  return null;
}

/** Job: answers how many were forgotten. */
export function pruneRedrives(writer: Writer, { before }: { readonly before: number }): number {
  return Number(writer.prepare('DELETE FROM aorta_redriven WHERE redriven_at < ? AND sent = 1').run(before).changes);
}
