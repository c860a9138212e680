import type pg from 'pg';

export const kinds = [
  'lost',
  'duplicate',
  'invented',
  'reordered',
  'torn',
  'two owners',
  'emission lost',
  'emission twice',
  'emission reordered',
] as const;
export type Kind = (typeof kinds)[number];

export interface Anomaly {
  readonly kind: Kind;
  readonly patient: string | null;
  readonly seq: number | null;
  readonly detail: string;
}

/**
 * What the suite knows from outside: `fault_sent` is each entry that must have its effect, `fault_emitted` what readers of
 * the flow's topic get. The trigger notes the lane's epoch and the time in the transaction that appends.
 */
export const prepare = `
create table if not exists fault_sent (patient text collate "C" not null, seq bigint not null, event_id text collate "C" not null);
create table if not exists fault_emitted (patient text collate "C" not null, at bigint not null, event_id text collate "C" not null);
create or replace function fault_note() returns trigger language plpgsql as $$
begin
  select epoch into new.epoch from aorta_lane where topic like 'fault.in.%' and partition = new.source_partition;
  new.applied_at := extract(epoch from clock_timestamp()) * 1000;
  return new;
end $$;
create or replace trigger fault_note before insert on fault_list for each row execute function fault_note();
`;

/**
 * One query over the lists, empty when every promise was kept:
 * - lost, duplicate, invented: each entry that was sent stands there once, and nothing else does;
 * - reordered: along a list the sender's numbers rise, and the owner's epoch never falls;
 * - torn: both halves of a row are there, and the positions, which come from the state, are 1, 2, 3, … without a gap;
 * - two owners: under one epoch of a partition one process wrote;
 * - emissions: one for each row, in the order of the list.
 */
export const anomaliesQuery = `
with entry as (
  select l.*, h.run as half,
    lag(l.seq) over w as seq_before, lag(l.epoch) over w as epoch_before, row_number() over w as place
  from fault_list l left join fault_half h on h.run = l.run
  window w as (partition by l.patient order by l.pos, l.applied_at, l.run)
), emission as (
  select e.*, l.pos, lag(l.pos) over (partition by e.patient order by e.at) as pos_before
  from fault_emitted e left join (select event_id, min(pos) as pos from fault_list group by event_id) l using (event_id)
)
select 'lost' as kind, s.patient, s.seq, s.event_id as detail from fault_sent s
  where not exists (select from fault_list l where l.event_id = s.event_id)
union all select 'duplicate', min(patient), min(seq), event_id || ' stands at ' || string_agg(pos::text, ', ' order by pos)
  from fault_list group by event_id having count(*) > 1
union all select 'invented', patient, seq, event_id from fault_list l
  where not exists (select from fault_sent s where s.event_id = l.event_id and s.patient = l.patient)
union all select 'reordered', patient, seq, 'after ' || seq_before from entry where seq < seq_before
union all select 'reordered', patient, seq, 'epoch ' || epoch || ' after ' || epoch_before from entry where epoch < epoch_before
union all select 'torn', patient, seq, 'its second half is missing' from entry where half is null
union all select 'torn', null, null, 'a second half alone: ' || h.event_id from fault_half h
  where not exists (select from fault_list l where l.run = h.run)
union all select 'torn', patient, seq, 'position ' || pos || ' at place ' || place from entry where pos <> place
union all select 'two owners', null, null, 'partition ' || source_partition || ' epoch ' || epoch || ': ' || string_agg(distinct owner, ', ')
  from fault_list group by source_partition, epoch having count(distinct owner) > 1
union all select 'emission lost', l.patient, l.seq, l.event_id from fault_list l
  where not exists (select from fault_emitted e where e.event_id = l.event_id)
union all select 'emission twice', min(patient), null, event_id from fault_emitted group by event_id having count(*) > 1
union all select 'emission reordered', patient, null, event_id from emission where pos is null or pos < pos_before
`;

/** At most `limit` of them, each kind first by patient and number. `without`: kinds that do not count. */
export async function anomalies(client: pg.Client, limit = 20, without: readonly Kind[] = []): Promise<readonly Anomaly[]> {
  const { rows } = await client.query(
    `select * from (${anomaliesQuery}) as found where kind <> all($1) order by kind, patient, seq limit ${limit}`,
    [without],
  );
  return rows.map((row) => ({ ...row, seq: row.seq === null ? null : Number(row.seq) })) as Anomaly[];
}

export interface AnomalyCount {
  readonly kind: Kind;
  readonly count: number;
}

/** How many of each kind; kinds without any, and those of `without`, are left out. */
export async function anomalyCounts(client: pg.Client, without: readonly Kind[] = []): Promise<readonly AnomalyCount[]> {
  const { rows } = await client.query(
    `select kind, count(*)::int as count from (${anomaliesQuery}) as found where kind <> all($1) group by kind order by kind`,
    [without],
  );
  return rows as AnomalyCount[];
}

/** A promise was broken: how often each, and the first ones by name. */
export class AnomaliesFound extends Error {
  readonly counts: readonly AnomalyCount[];

  constructor(counts: readonly AnomalyCount[], first: readonly Anomaly[]) {
    super(`${counts.map(({ kind, count }) => `${count} ${kind}`).join(', ')}: ${JSON.stringify(first)}`);
    this.counts = counts;
  }
}
