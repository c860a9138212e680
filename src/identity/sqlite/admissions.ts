import type { Writer } from '../../sqlite/jobs.ts';
import type { AdmitOutcome, Fingerprint, Identifier, Merge } from '../port.ts';
import { behind, link, mergedOthers, refusedUnmerge, sidesOf, unlink } from './links.ts';

interface SentAppend {
  readonly topic: string;
  readonly partition: number | null;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: string;
  readonly timestamp: number | null;
}

/** An admission on its way to the writer thread. */
export interface SentAdmission {
  readonly seq: number;
  readonly eventId: string;
  readonly patientId: string;
  readonly identifiers: readonly Identifier[];
  readonly fingerprint: Fingerprint;
  readonly append: SentAppend;
  readonly ahead: readonly { readonly seq: number; readonly eventId: string; readonly append: SentAppend }[];
  readonly merge: Merge | null;
  readonly unmerge: string | null;
}

export interface SentBatch {
  readonly instance: string;
  readonly batch: readonly SentAdmission[];
  readonly settledThrough: number;
  readonly now: number;
}

/** Job: one batch in order, all of it in the writer's transaction. */
export function admit(writer: Writer, { instance, batch, settledThrough, now }: SentBatch): AdmitOutcome[] {
  writer.prepare('DELETE FROM aorta_owed WHERE instance = ? AND seq <= ?').run(instance, settledThrough);
  const displaced = new Set<string>();
  const outcomes = batch.map((admission) => {
    const { patientId, merge, unmerge } = admission;
    const duplicate = duplicateOf(writer, admission);
    if (duplicate) return duplicate;
    const concerned = [patientId, ...(merge?.links ?? []).map(({ from }) => from)];
    const follows = concerned.some((id) => displaced.has(id));
    const moved = follows ? ({ kind: 'moved', patientId } as const) : movedTo(writer, admission);
    if (moved) for (const id of [...concerned, moved.patientId]) displaced.add(id);
    const waits = moved ? undefined : behind(writer, instance, [...concerned, ...sidesOf(writer, unmerge)]);
    if (waits) for (const id of concerned) displaced.add(id);
    return moved ?? waits ?? refusedUnmerge(writer, instance, admission) ?? store(writer, instance, admission, now);
  });
  const lastSeq = batch.reduce((last, { seq }, index) => (outcomes[index]?.kind === 'admitted' ? Math.max(last, seq) : last), 0);
  writer
    .prepare(`INSERT INTO aorta_instance (instance, last_seq, settled_through) VALUES (?, ?, ?)
      ON CONFLICT (instance) DO UPDATE SET last_seq = max(last_seq, excluded.last_seq), settled_through = max(settled_through, excluded.settled_through)`)
    .run(instance, lastSeq, settledThrough);
  return outcomes;
}

function duplicateOf(writer: Writer, { fingerprint }: SentAdmission): AdmitOutcome | undefined {
  const found = writer
    .prepare(`SELECT f.event_id, f.patient_id, f.admitted_at, o.owed_since FROM aorta_fingerprint f
      LEFT JOIN aorta_owed o ON o.instance = f.instance AND o.seq = f.seq
      WHERE f.sender = ? AND f.control_id = ? AND f.digest = ?`)
    .get(fingerprint.sender, fingerprint.controlId, fingerprint.digest) as
    | { event_id: string; patient_id: string; admitted_at: number; owed_since: number | null }
    | undefined;
  if (!found) return undefined;
  return {
    kind: 'duplicate',
    eventId: found.event_id,
    patientId: found.patient_id,
    settled: found.owed_since === null,
    owedSince: found.owed_since ?? found.admitted_at,
  };
}

/**
 * The rule of `resolve` again, inside the transaction: the first known identifier names the patient. Other identifiers
 * may belong to other patients (a conflict that ingress has seen and decided); only a changed answer is `moved`.
 */
function movedTo(writer: Writer, { identifiers, patientId, merge }: SentAdmission): { kind: 'moved'; patientId: string } | undefined {
  const find = writer.prepare('SELECT patient_id FROM aorta_identifier WHERE system = ? AND value = ?');
  for (const { system, value } of identifiers) {
    const found = find.get(system, value) as { patient_id: string } | undefined;
    if (!found) continue;
    if (found.patient_id !== patientId) return { kind: 'moved', patientId: found.patient_id };
    break;
  }
  return merge && mergedOthers(writer, merge, patientId) ? { kind: 'moved', patientId } : undefined;
}

function store(writer: Writer, instance: string, admission: SentAdmission, now: number): AdmitOutcome {
  const { seq, eventId, patientId, identifiers, fingerprint, append, ahead, merge, unmerge } = admission;
  const reused = writer
    .prepare('SELECT 1 FROM aorta_fingerprint WHERE sender = ? AND control_id = ? LIMIT 1')
    .get(fingerprint.sender, fingerprint.controlId);
  const known = writer.prepare(
    'INSERT INTO aorta_identifier (system, value, patient_id) VALUES (?, ?, ?) ON CONFLICT (system, value) DO NOTHING',
  );
  for (const { id, from } of merge?.links ?? []) link(writer, { id, from, to: patientId, at: now, instance, seq });
  for (const { system, value } of [...identifiers, ...(merge?.identifiers ?? [])]) known.run(system, value, patientId);
  if (unmerge !== null) unlink(writer, unmerge, instance, seq);
  writer
    .prepare(`INSERT INTO aorta_fingerprint (sender, control_id, digest, event_id, patient_id, instance, seq, admitted_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
    .run(fingerprint.sender, fingerprint.controlId, fingerprint.digest, eventId, patientId, instance, seq, now);
  const owe = writer.prepare(`INSERT INTO aorta_owed
    (instance, seq, event_id, topic, partition, record_key, value, headers, record_time, owed_since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  for (const each of [...ahead, { seq, eventId, append }]) {
    const { topic, partition, key, value, headers, timestamp } = each.append;
    owe.run(instance, each.seq, each.eventId, topic, partition, key, value, headers, timestamp, now);
  }
  return { kind: 'admitted', controlIdReused: reused !== undefined };
}

/** Job: the appends are in the log. */
export function settle(writer: Writer, appends: readonly { readonly instance: string; readonly seq: number }[]): null {
  const remove = writer.prepare('DELETE FROM aorta_owed WHERE instance = ? AND seq = ?');
  for (const { instance, seq } of appends) remove.run(instance, seq);
  return null;
}

/** Job: forgets at most `limit` settled fingerprints admitted before `before`; answers how many. */
export function prune(writer: Writer, { before, limit }: { readonly before: number; readonly limit: number }): number {
  const done = writer
    .prepare(`DELETE FROM aorta_fingerprint WHERE (sender, control_id, digest) IN (
      SELECT sender, control_id, digest FROM aorta_fingerprint f WHERE admitted_at < ?
        AND NOT EXISTS (SELECT 1 FROM aorta_owed o WHERE o.instance = f.instance AND o.seq = f.seq) ORDER BY admitted_at LIMIT ?)`)
    .run(before, limit);
  return Number(done.changes);
}
