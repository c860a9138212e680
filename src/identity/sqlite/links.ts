import type { Writer } from '../../sqlite/jobs.ts';
import type { AdmitOutcome, Merge } from '../port.ts';

/** Whether the identifiers of a merge name others than it was built for. */
export function mergedOthers(writer: Writer, { identifiers, links }: Merge, survivor: string): boolean {
  const find = writer.prepare('SELECT patient_id FROM aorta_identifier WHERE system = ? AND value = ?');
  const found = new Set<string>();
  for (const { system, value } of identifiers) {
    const row = find.get(system, value) as { patient_id: string } | undefined;
    if (row && row.patient_id !== survivor) found.add(row.patient_id);
  }
  return found.size !== links.length || links.some(({ from }) => !found.has(from));
}

/** Points all identifiers of `from` to `to`, and notes which. */
export function link(
  writer: Writer,
  { id, from, to, at, instance, seq }: { id: string; from: string; to: string; at: number; instance: string; seq: number },
): void {
  const rows = writer.prepare('SELECT system, value FROM aorta_identifier WHERE patient_id = ? ORDER BY system, value').all(from) as {
    system: string;
    value: string;
  }[];
  const moved = JSON.stringify(rows.map(({ system, value }) => [system, value]));
  writer.prepare('UPDATE aorta_identifier SET patient_id = ? WHERE patient_id = ?').run(to, from);
  writer
    .prepare(
      'INSERT INTO aorta_link (id, from_patient, to_patient, linked_at, identifiers, active, instance, seq) VALUES (?, ?, ?, ?, ?, 1, ?, ?)',
    )
    .run(id, from, to, at, moved, instance, seq);
}

/** The record that another instance owes about a merge or unmerge of one of the patients. */
export function behind(writer: Writer, instance: string, patients: readonly string[]): AdmitOutcome | undefined {
  const find =
    writer.prepare(`SELECT o.event_id, o.owed_since FROM aorta_link l JOIN aorta_owed o ON o.instance = l.instance AND o.seq = l.seq
    WHERE o.instance <> ?1 AND (l.from_patient = ?2 OR l.to_patient = ?2) LIMIT 1`);
  for (const patient of patients) {
    const row = find.get(instance, patient) as { event_id: string; owed_since: number } | undefined;
    if (row) return { kind: 'behind', eventId: row.event_id, owedSince: row.owed_since };
  }
  return undefined;
}

/** The patients of a merge. */
export const sidesOf = (writer: Writer, id: string | null): readonly string[] => {
  const row = id === null ? undefined : active(writer, id);
  return row ? [row.from_patient, row.to_patient] : [];
};

interface LinkRow {
  readonly from_patient: string;
  readonly to_patient: string;
  readonly identifiers: string;
}

const active = (writer: Writer, id: string): LinkRow | undefined =>
  writer.prepare('SELECT from_patient, to_patient, identifiers FROM aorta_link WHERE id = ? AND active = 1').get(id) as LinkRow | undefined;

export function refusedUnmerge(
  writer: Writer,
  instance: string,
  { unmerge }: { readonly unmerge: string | null },
): AdmitOutcome | undefined {
  if (unmerge === null) return undefined;
  const row = active(writer, unmerge);
  if (!row) return { kind: 'refused', reason: 'not-merged' };
  if (writer.prepare('SELECT 1 FROM aorta_link WHERE from_patient = ? AND active = 1 LIMIT 1').get(row.to_patient))
    return { kind: 'refused', reason: 'merged-on' };
  const owed = writer.prepare('SELECT 1 FROM aorta_owed WHERE instance <> ? AND record_key = ? LIMIT 1');
  return owed.get(instance, Buffer.from(row.to_patient)) ? { kind: 'refused', reason: 'owed' } : undefined;
}

/** Gives back what the merge moved, as far as the survivor still has it. */
export function unlink(writer: Writer, id: string, instance: string, seq: number): void {
  const row = active(writer, id);
  if (!row) return;
  const give = writer.prepare('UPDATE aorta_identifier SET patient_id = ? WHERE system = ? AND value = ? AND patient_id = ?');
  for (const [system, value] of JSON.parse(row.identifiers) as [string, string][])
    give.run(row.from_patient, system, value, row.to_patient);
  writer.prepare('UPDATE aorta_link SET active = 0, instance = ?, seq = ? WHERE id = ?').run(instance, seq, id);
}
