import type { Append } from '../../log/port.ts';
import { array } from '../../postgres/array.ts';
import type { StatementError } from '../../postgres/errors.ts';
import { decodeHeaders } from '../../postgres/headers.ts';
import { type PostgresOptions, type PostgresPool, poolOf, type Row } from '../../postgres/pool.ts';
import { plain, repeat } from '../../postgres/repeat.ts';
import type { AdmitOutcome, Identifier, Identity, OwedAppend } from '../port.ts';
import { patientLink, pendingOf, readLinks } from './links.ts';
import { pair, plan } from './plan.ts';
import { admitAtOnce, admitReads, admitWrites, exactly, expected, knownFingerprint, knownIdentifier, notAsExpected } from './statements.ts';

/**
 * Port Identity on PostgreSQL.
 *
 * An admission reads what is known of the batch, decides (`plan.ts`) and inserts, in one transaction; a batch that is as
 * ordinary as the one before it does so in one round trip, and in two if something turns out not to be. Two instances
 * that decide on the same identifier or message at once meet at the primary keys: the second insert waits for the
 * first, fails, and is decided again on what is stored then. Known identifiers are locked (FOR SHARE) against a merge
 * that points them elsewhere; a batch with merges takes a few round trips more (`links.ts`). Admitting is idempotent by (instance, seq, event), so a lost reply is just tried again.
 */
const uniqueViolation = '23505';
const decidedAgain = ({ sqlState }: StatementError): boolean => sqlState === uniqueViolation || sqlState === notAsExpected;
/** Identifiers in one look-up from which on it is not prepared. */
const many = 16;
/** Fingerprints removed in one statement. */
const pruneStep = 5000;

export function createPostgresIdentity(source: PostgresOptions | PostgresPool): Identity {
  const { pool, close } = poolOf(source);
  const repeatOptions = { also: decidedAgain, clock: pool.clock, deadlineMs: pool.deadlineMs };
  /** The newest batch was ordinary: each identifier was stored under its patient, nothing came before, nothing was merged. */
  let ordinary = false;
  /** Where the removal of settled appends may start: everything at or below is gone. */
  const removed = new Map<string, number>();

  return {
    kind: 'postgres',
    async resolve(lists) {
      const all = new Map(lists.flat().map((identifier) => [pair(identifier.system, identifier.value), identifier]));
      if (all.size === 0) return lists.map(() => ({ patientId: null, all: [] }));
      const patients = await plain(patientsOf(pool, [...all.values()]));
      return lists.map((list) => {
        const found = list.map(({ system, value }) => patients.get(pair(system, value))).filter((id) => id !== undefined);
        return { patientId: found[0] ?? null, all: [...new Set(found)] };
      });
    },

    async admit(instance, batch, settledThrough, now) {
      const reads = admitReads(instance, batch, settledThrough, removed.get(instance) ?? 0);
      const decide = (
        [, , fingerprints, identifiers, pending]: readonly (readonly Row[])[],
        merging?: Awaited<ReturnType<typeof readLinks>>,
      ) => {
        // Of what was read twice the newer reading counts: it was made under the lock.
        const known = new Map(
          [...(identifiers ?? []).map(knownIdentifier), ...(merging?.identifiers ?? [])].map((each) => [
            pair(each.system, each.value),
            each,
          ]),
        );
        return plan(
          instance,
          batch,
          now,
          (fingerprints ?? []).map(knownFingerprint),
          [...known.values()],
          merging?.known,
          pendingOf(pending ?? []),
        );
      };
      const merges = batch.some(({ merge, unmerge }) => merge || unmerge !== undefined);
      /** One round trip in place of two. */
      const atOnce = async (leftMs: number): Promise<readonly AdmitOutcome[]> => {
        const statements = admitAtOnce(instance, batch, settledThrough, removed.get(instance) ?? 0, now);
        const [, , fingerprints] = await pool.pipeline(statements, { deadlineMs: leftMs });
        return plan(instance, batch, now, (fingerprints ?? []).map(knownFingerprint), expected(batch)).outcomes;
      };
      const outcomes = await repeat<readonly AdmitOutcome[]>(async (leftMs) => {
        const usual = ordinary && !merges;
        // Until it is known again: what is not as expected, or has lost its reply, is decided in two.
        ordinary = false;
        if (usual) {
          const done = await atOnce(leftMs);
          ordinary = true;
          return done;
        }
        if (merges)
          return pool.transaction(async (session) => {
            const merging = await readLinks(session, instance, batch);
            const planned = decide(await session.run(reads), merging);
            const writes = admitWrites(instance, planned, now);
            if (writes.length > 0) await session.run(writes);
            return planned.outcomes;
          }, leftMs);
        return pool.readThenWrite(
          reads,
          (rows) => {
            const planned = decide(rows);
            const stored = new Set((rows[3] ?? []).map((row) => exactly(knownIdentifier(row))));
            ordinary =
              planned.outcomes.every(({ kind }) => kind === 'admitted') &&
              expected(batch).every((identifier) => stored.has(exactly(identifier)));
            return { writes: admitWrites(instance, planned, now), value: planned.outcomes };
          },
          leftMs,
        );
      }, repeatOptions);
      removed.set(instance, settledThrough);
      return outcomes;
    },

    async owed(instance, olderThan) {
      const columns = 'instance, seq, event_id, topic, partition, record_key, value, headers, record_time';
      const [where, value] = olderThan === undefined ? ['instance = $1', instance] : ['owed_since < $1', olderThan];
      const rows = await plain(
        pool.query({ text: `select ${columns} from aorta_owed where ${where} order by instance, seq`, values: [value] }),
      );
      return rows.map(owedAppend);
    },

    async settle(appends) {
      if (appends.length === 0) return;
      await plain(
        pool.query({
          text: 'delete from aorta_owed o using unnest($1::text[], $2::int8[]) as g(instance, seq) where o.instance = g.instance and o.seq = g.seq',
          values: [
            array(
              'text',
              appends.map(({ instance }) => instance),
            ),
            array(
              'int8',
              appends.map(({ seq }) => seq),
            ),
          ],
          prepared: true,
        }),
      );
    },

    async lastSeq(instance) {
      const rows = await plain(pool.query({ text: 'select last_seq from aorta_instance where instance = $1', values: [instance] }));
      return (rows[0]?.last_seq as number | undefined) ?? 0;
    },

    async links(patientId) {
      const text = 'select * from aorta_link where active = 1 and (from_patient = $1 or to_patient = $1) order by linked_at, id';
      return (await plain(pool.query({ text, values: [patientId] }))).map(patientLink);
    },

    async prune(before) {
      for (let total = 0; ; ) {
        const [row] = await plain(
          pool.query({
            text: `with gone as (
              delete from aorta_fingerprint where (sender, control_id, digest) in (
                select sender, control_id, digest from aorta_fingerprint f where admitted_at < $1
                  and not exists (select from aorta_owed o where o.instance = f.instance and o.seq = f.seq) limit ${pruneStep}
              ) returning 1
            ) select count(*) as count from gone`,
            values: [before],
          }),
        );
        total += row?.count as number;
        if ((row?.count as number) < pruneStep) return total;
      }
    },

    close,
  };
}

async function patientsOf(pool: PostgresPool, identifiers: readonly Identifier[]): Promise<ReadonlyMap<string, string>> {
  const rows = await pool.query({
    // Each by the primary key, see `admitReads`. From some number on it is planned each time, for the table as it is by then.
    text: `select i.* from unnest($1::text[], $2::text[]) as g(system, value) cross join lateral
      (select t.system, t.value, t.patient_id from aorta_identifier t where t.system = g.system and t.value = g.value offset 0) i`,
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
    prepared: identifiers.length < many,
  });
  return new Map(rows.map(knownIdentifier).map(({ system, value, patientId }) => [pair(system, value), patientId]));
}

function owedAppend(row: Row): OwedAppend {
  const append: Append = {
    topic: row.topic as string,
    ...(row.partition === null ? {} : { partition: row.partition as number }),
    key: row.record_key as Buffer | null,
    value: row.value as Buffer | null,
    headers: decodeHeaders(row.headers as string),
    ...(row.record_time === null ? {} : { timestamp: row.record_time as number }),
  };
  return { instance: row.instance as string, seq: row.seq as number, eventId: row.event_id as string, append };
}
