import { array } from '../../postgres/array.ts';
import { encodeHeaders } from '../../postgres/headers.ts';
import { indexes } from '../../postgres/indexes.ts';
import type { Row, Statement } from '../../postgres/pool.ts';
import type { Admission } from '../port.ts';
import { linkWrites, pendingRead } from './links.ts';
import type { KnownFingerprint, KnownIdentifier, Plan } from './plan.ts';

/**
 * Settles what the instance has appended, then reads what is known of the batch; the last three answers count.
 *
 * Each fingerprint and identifier by its primary key, whatever the planner believes about the tables: `offset 0` keeps the
 * inner select from being joined in another way, and without sequential scans a plan that is kept from when the table had a
 * page or two does not read it whole. A semi-join with `unnest` is a hash join over all that is stored, on tables that were
 * not analysed since they grew. Identifiers are locked in the order of the outer select, which is that of `readLinks`.
 */
export function admitReads(
  instance: string,
  batch: readonly Admission[],
  settledThrough: number,
  removedThrough: number,
  lastSeq = 0,
): Statement[] {
  const identifiers = batch.flatMap((admission) => [...admission.identifiers, ...(admission.merge?.identifiers ?? [])]);
  const fingerprints = batch.map((admission) => admission.fingerprint);
  return [
    {
      text: `insert into aorta_instance as t (instance, last_seq, settled_through) values ($1, $3, $2)
        on conflict (instance) do update set settled_through = greatest(t.settled_through, excluded.settled_through),
          last_seq = greatest(t.last_seq, excluded.last_seq)
        returning ${indexes}`,
      values: [instance, settledThrough, lastSeq],
      prepared: true,
    },
    {
      text: 'delete from aorta_owed where instance = $1 and seq > $2 and seq <= $3',
      values: [instance, removedThrough, settledThrough],
      prepared: true,
    },
    {
      text: `select f.*, exists (select from aorta_owed o where o.instance = f.instance and o.seq = f.seq) as owed
        from (select distinct * from unnest($1::text[], $2::text[])) as g(sender, control_id) cross join lateral
        (select * from aorta_fingerprint t where t.sender = g.sender and t.control_id = g.control_id offset 0) f`,
      values: [
        array(
          'text',
          fingerprints.map(({ sender }) => sender),
        ),
        array(
          'text',
          fingerprints.map(({ controlId }) => controlId),
        ),
      ],
      prepared: true,
    },
    {
      text: `select i.* from (select distinct u.system collate "C" as system, u.value collate "C" as value
          from unnest($1::text[], $2::text[]) as u(system, value) order by 1, 2) g cross join lateral
        (select t.system, t.value, t.patient_id from aorta_identifier t where t.system = g.system and t.value = g.value offset 0 for share) i`,
      values: [
        array(
          'text',
          identifiers.map(({ system }) => system),
        ),
        array(
          'text',
          identifiers.map(({ value }) => value),
        ),
      ],
      prepared: true,
    },
    pendingRead(instance, batch),
  ];
}

/** A division by zero: what `admitAtOnce` takes for granted is not so. */
export const notAsExpected = '22012';

/** The identifiers of a batch, each with the patient under whom `admitAtOnce` takes it to be stored. */
export const expected = (batch: readonly Admission[]): readonly KnownIdentifier[] =>
  batch.flatMap(({ identifiers, patientId }) => identifiers.map((identifier) => ({ ...identifier, patientId })));

export const exactly = ({ system, value, patientId }: KnownIdentifier): string => `${system}\u0000${value}\u0000${patientId}`;

const holds = (condition: string): string => `1 / (${condition})::int`;

/**
 * The whole admission of a batch in one round trip, where nothing but the ordinary is to be expected: all identifiers are
 * stored under the patients given, nothing is merged, no message came before. Locks, reads and writes as the two round trips
 * do; whatever is not so fails the transaction (`notAsExpected`, or a unique violation). The third answer counts: what is
 * known of the control ids.
 */
export function admitAtOnce(instance: string, batch: readonly Admission[], settledThrough: number, removedThrough: number, now: number) {
  const lastSeq = Math.max(0, ...batch.map(({ seq }) => seq));
  const reads = admitReads(instance, batch, settledThrough, removedThrough, lastSeq);
  const [settle, remove, fingerprints] = reads as [Statement, Statement, Statement];
  const named = expected(batch);
  const distinct = new Set(named.map(exactly));
  const pending = pendingRead(instance, batch);
  return [
    settle,
    remove,
    fingerprints,
    {
      text: `select ${holds('count(*) = $4')} from (select distinct u.system collate "C" as system, u.value collate "C" as value, u.patient
          from unnest($1::text[], $2::text[], $3::text[]) as u(system, value, patient) order by 1, 2) g cross join lateral
        (select t.patient_id from aorta_identifier t where t.system = g.system and t.value = g.value offset 0 for share) i
        where i.patient_id = g.patient`,
      values: [
        array(
          'text',
          named.map(({ system }) => system),
        ),
        array(
          'text',
          named.map(({ value }) => value),
        ),
        array(
          'text',
          named.map(({ patientId }) => patientId),
        ),
        distinct.size,
      ],
      prepared: true,
    },
    { ...pending, text: `select ${holds(`not exists (${pending.text})`)}` },
    ...admitWrites(instance, { outcomes: [], identifiers: [], repointed: [], admitted: batch, linked: [], unlinked: [] }, now, false),
  ] satisfies Statement[];
}

/** `numbers`: the highest one is to be noted, too. Plain inserts: a key that someone else took meanwhile must fail, not be passed over. Sorted, so that two batches cannot wait in a circle. */
export function admitWrites(instance: string, planned: Plan, now: number, numbers = true): Statement[] {
  const { identifiers, admitted } = planned;
  const writes: Statement[] = linkWrites(instance, planned);
  if (identifiers.length > 0) {
    const sorted = sortedBy(identifiers, ({ system, value }) => [system, value]);
    writes.push({
      text: 'insert into aorta_identifier (system, value, patient_id) select * from unnest($1::text[], $2::text[], $3::text[])',
      values: [
        array(
          'text',
          sorted.map(({ system }) => system),
        ),
        array(
          'text',
          sorted.map(({ value }) => value),
        ),
        array(
          'text',
          sorted.map(({ patientId }) => patientId),
        ),
      ],
      prepared: true,
    });
  }
  if (admitted.length === 0) return writes;
  const owed = admitted.flatMap(({ ahead = [], seq, eventId, append }) => [...ahead, { seq, eventId, append }]);
  const sorted = sortedBy(admitted, ({ fingerprint }) => [fingerprint.sender, fingerprint.controlId, fingerprint.digest]);
  writes.push(
    {
      text: `insert into aorta_fingerprint (sender, control_id, digest, event_id, patient_id, seq, instance, admitted_at)
        select g.*, $1::text, $2::int8 from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int8[]) as g`,
      values: [
        instance,
        now,
        array(
          'text',
          sorted.map(({ fingerprint }) => fingerprint.sender),
        ),
        array(
          'text',
          sorted.map(({ fingerprint }) => fingerprint.controlId),
        ),
        array(
          'text',
          sorted.map(({ fingerprint }) => fingerprint.digest),
        ),
        array(
          'text',
          sorted.map(({ eventId }) => eventId),
        ),
        array(
          'text',
          sorted.map(({ patientId }) => patientId),
        ),
        array(
          'int8',
          sorted.map(({ seq }) => seq),
        ),
      ],
      prepared: true,
    },
    {
      text: `insert into aorta_owed (instance, seq, event_id, topic, partition, record_key, value, headers, record_time, owed_since)
        select $1::text, g.*, $2::int8 from unnest($3::int8[], $4::text[], $5::text[], $6::int4[], $7::bytea[], $8::bytea[], $9::text[], $10::int8[]) as g`,
      values: [
        instance,
        now,
        array(
          'int8',
          owed.map(({ seq }) => seq),
        ),
        array(
          'text',
          owed.map(({ eventId }) => eventId),
        ),
        array(
          'text',
          owed.map(({ append }) => append.topic),
        ),
        array(
          'int4',
          owed.map(({ append }) => append.partition ?? null),
        ),
        array(
          'bytea',
          owed.map(({ append }) => (append.key === null ? null : Buffer.from(append.key))),
        ),
        array(
          'bytea',
          owed.map(({ append }) => append.value),
        ),
        array(
          'text',
          owed.map(({ append }) => encodeHeaders(append.headers ?? {})),
        ),
        array(
          'int8',
          owed.map(({ append }) => append.timestamp ?? null),
        ),
      ],
      prepared: true,
    },
  );
  if (numbers)
    writes.push({
      text: 'update aorta_instance set last_seq = greatest(last_seq, $2) where instance = $1',
      values: [instance, Math.max(...admitted.map(({ seq }) => seq))],
      prepared: true,
    });
  return writes;
}

function sortedBy<T>(items: readonly T[], key: (item: T) => readonly string[]): T[] {
  const keyed = items.map((item) => [key(item).join('\u0000'), item] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);
}

export const knownFingerprint = (row: Row): KnownFingerprint => ({
  sender: row.sender as string,
  controlId: row.control_id as string,
  digest: row.digest as string,
  eventId: row.event_id as string,
  patientId: row.patient_id as string,
  instance: row.instance as string,
  seq: row.seq as number,
  admittedAt: row.admitted_at as number,
  owed: row.owed === 1,
});

export const knownIdentifier = (row: Row): KnownIdentifier => ({
  system: row.system as string,
  value: row.value as string,
  patientId: row.patient_id as string,
});
