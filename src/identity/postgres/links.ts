import { array } from '../../postgres/array.ts';
import type { Row, Session, Statement } from '../../postgres/pool.ts';
import type { Admission, PatientLink } from '../port.ts';
import type { KnownIdentifier, KnownLinks, Pending, Plan } from './plan.ts';

const texts = (values: readonly string[]): Buffer => array('text', values);

/**
 * Locks and reads what merges and unmerges of a batch need besides the identifiers that they name: all identifiers of
 * the merged, and the journal. Again and again until nothing new comes: an admission that adds an identifier to a
 * merged patient holds a lock on one of that patient's, so whoever waits for that lock must look again.
 */
export async function readLinks(
  session: Session,
  instance: string,
  batch: readonly Admission[],
): Promise<{ readonly identifiers: readonly KnownIdentifier[]; readonly known: KnownLinks }> {
  const merged = [...new Set(batch.flatMap(({ merge }) => merge?.links.map(({ from }) => from) ?? []))];
  const undone = batch.flatMap(({ unmerge }) => unmerge ?? []);
  let identifiers: readonly Row[] = [];
  for (let before = -1; before !== identifiers.length; ) {
    before = identifiers.length;
    const [rows] = await session.run([
      {
        text: `select system, value, patient_id from aorta_identifier where patient_id = any($1::text[])
          or (system, value) in (select e ->> 0, e ->> 1 from aorta_link l, jsonb_array_elements(l.identifiers::jsonb) as e where l.id = any($2::text[]))
          order by system, value for update of aorta_identifier`,
        values: [texts(merged), texts(undone)],
      },
    ]);
    identifiers = rows ?? [];
  }
  const [links, owed] = await session.run([
    {
      text: `select * from aorta_link where active = 1 and (id = any($1::text[])
        or from_patient in (select to_patient from aorta_link where id = any($1::text[]))) order by linked_at, id for update`,
      values: [texts(undone)],
    },
    {
      text: `select l.to_patient from aorta_link l where l.id = any($1::text[])
        and exists (select from aorta_owed o where o.instance <> $2 and o.record_key = convert_to(l.to_patient, 'UTF8'))`,
      values: [texts(undone), instance],
    },
  ]);
  return {
    identifiers: identifiers.map((row) => ({
      system: row.system as string,
      value: row.value as string,
      patientId: row.patient_id as string,
    })),
    known: { links: (links ?? []).map(patientLink), owed: new Set((owed ?? []).map((row) => row.to_patient as string)) },
  };
}

export function linkWrites(
  instance: string,
  { repointed, linked, unlinked }: Pick<Plan, 'repointed' | 'linked' | 'unlinked'>,
): Statement[] {
  const writes: Statement[] = [];
  if (repointed.length > 0)
    writes.push({
      text: `update aorta_identifier i set patient_id = g.patient_id from unnest($1::text[], $2::text[], $3::text[]) as g(system, value, patient_id)
        where i.system = g.system and i.value = g.value`,
      values: [
        texts(repointed.map(({ system }) => system)),
        texts(repointed.map(({ value }) => value)),
        texts(repointed.map(({ patientId }) => patientId)),
      ],
    });
  for (const { id, from, to, at, identifiers, seq } of linked)
    writes.push({
      text: `insert into aorta_link (id, from_patient, to_patient, linked_at, identifiers, active, instance, seq)
        values ($1, $2, $3, $4, $5, 1, $6, $7)`,
      values: [id, from, to, at, JSON.stringify(identifiers.map(({ system, value }) => [system, value])), instance, seq],
    });
  for (const { id, seq } of unlinked)
    writes.push({ text: 'update aorta_link set active = 0, instance = $2, seq = $3 where id = $1', values: [id, instance, seq] });
  return writes;
}

/** Asked after the identifiers were locked, so that a merge that was waited for is seen. */
export const pendingRead = (instance: string, batch: readonly Admission[]): Statement => ({
  // Each by an index, as in `admitReads`: one condition with `or` reads all links that there are.
  text: `select l.from_patient, l.to_patient, o.event_id, o.owed_since from (
      select l.* from unnest($2::text[]) as g(patient) cross join lateral (select * from aorta_link t where t.from_patient = g.patient offset 0) l
      union all
      select l.* from unnest($2::text[] || array(select to_patient from aorta_link where id = any($3::text[]))) as g(patient)
        cross join lateral (select * from aorta_link t where t.to_patient = g.patient offset 0) l
      union all
      select l.* from aorta_link l where l.id = any($3::text[])
    ) l join aorta_owed o on o.instance = l.instance and o.seq = l.seq where o.instance <> $1`,
  values: [
    instance,
    texts([...new Set(batch.flatMap(({ patientId, merge }) => [patientId, ...(merge?.links ?? []).map(({ from }) => from)]))]),
    texts(batch.flatMap(({ unmerge }) => unmerge ?? [])),
  ],
  prepared: true,
});

export const pendingOf = (rows: readonly Row[]): Pending =>
  new Map(
    rows.flatMap((row) =>
      [row.from_patient, row.to_patient].map((patient) => [
        patient as string,
        { eventId: row.event_id as string, owedSince: row.owed_since as number },
      ]),
    ),
  );

export const patientLink = (row: Row): PatientLink => ({
  id: row.id as string,
  from: row.from_patient as string,
  to: row.to_patient as string,
  at: row.linked_at as number,
  identifiers: (JSON.parse(row.identifiers as string) as [string, string][]).map(([system, value]) => ({ system, value })),
});
