import { error } from '../../errors/index.ts';
import type { Append } from '../../log/port.ts';
import { bufferOrNull } from '../../sqlite/bytes.ts';
import type { Database } from '../../sqlite/database.ts';
import { decodeHeaders, encodeHeaders } from '../../sqlite/headers.ts';
import type { Pack } from '../../sqlite/jobs.ts';
import type { Admission, Identifier, Identity } from '../port.ts';
import type { SentAdmission } from './admissions.ts';

/** Fingerprints removed by one job; others wait no longer than that takes. */
const pruneStep = 5000;

/**
 * The embedded Identity. `resolve` and `owed` read on the main thread; a batch of admissions is one job of the writer
 * thread (admissions.ts), done in the order of the calls. An append is settled when its owed row is gone.
 * Failures: those of the database (src/sqlite/database.ts). Repeating a batch whose reply was lost is safe: what was
 * stored answers `duplicate` with the same event id.
 */
export function createSqliteIdentity({ database }: { readonly database: Database }): Identity {
  const jobs = database.jobs<typeof import('./admissions.ts')>(new URL('./admissions.ts', import.meta.url));
  let closed = false;
  const open = () => {
    if (closed) throw error('AORTA_SQLITE_008');
  };

  return {
    kind: 'sqlite',
    async resolve(lists) {
      open();
      return lists.map((identifiers) => {
        const all = new Set<string>();
        for (const { system, value } of identifiers) {
          const found = database.read<{ patient_id: string }>('SELECT patient_id FROM aorta_identifier WHERE system = ? AND value = ?', [
            system,
            value,
          ])[0];
          if (found) all.add(found.patient_id);
        }
        const ids = [...all];
        return { patientId: ids[0] ?? null, all: ids };
      });
    },
    async admit(instance, batch, settledThrough, now) {
      open();
      return jobs('admit', (pack) => ({ instance, batch: batch.map((admission) => send(admission, pack)), settledThrough, now }));
    },
    async owed(instance, olderThan) {
      open();
      const select = 'SELECT instance, seq, event_id, topic, partition, record_key, value, headers, record_time FROM aorta_owed';
      const rows =
        olderThan === undefined
          ? database.read<OwedRow>(`${select} WHERE instance = ? ORDER BY seq`, [instance])
          : database.read<OwedRow>(`${select} WHERE owed_since < ? ORDER BY instance, seq`, [olderThan]);
      return rows.map((row) => ({ instance: row.instance, seq: row.seq, eventId: row.event_id, append: appendOf(row) }));
    },
    async settle(appends) {
      open();
      if (appends.length > 0) await jobs('settle', () => appends.map(({ instance: owner, seq }) => ({ instance: owner, seq })));
    },
    async lastSeq(instance) {
      open();
      return database.read<{ last_seq: number }>('SELECT last_seq FROM aorta_instance WHERE instance = ?', [instance])[0]?.last_seq ?? 0;
    },
    async links(patientId) {
      open();
      const rows = database.read<LinkRow>(
        `SELECT id, from_patient, to_patient, linked_at, identifiers FROM aorta_link
         WHERE active = 1 AND (from_patient = ? OR to_patient = ?) ORDER BY linked_at, id`,
        [patientId, patientId],
      );
      return rows.map((row) => ({
        id: row.id,
        from: row.from_patient,
        to: row.to_patient,
        at: row.linked_at,
        identifiers: (JSON.parse(row.identifiers) as [string, string][]).map(([system, value]) => ({ system, value })),
      }));
    },
    async prune(before) {
      open();
      let removed = 0;
      for (;;) {
        const step = await jobs('prune', () => ({ before, limit: pruneStep }));
        removed += step;
        if (step < pruneStep) return removed;
      }
    },
    async close() {
      closed = true;
    },
  };
}

interface LinkRow {
  readonly id: string;
  readonly from_patient: string;
  readonly to_patient: string;
  readonly linked_at: number;
  readonly identifiers: string;
}

interface OwedRow {
  readonly instance: string;
  readonly seq: number;
  readonly event_id: string;
  readonly topic: string;
  readonly partition: number | null;
  readonly record_key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: string;
  readonly record_time: number | null;
}

function send(admission: Admission, pack: Pack): SentAdmission {
  const { seq, eventId, patientId, identifiers, fingerprint, append, ahead = [], merge, unmerge = null } = admission;
  return {
    seq,
    eventId,
    patientId,
    identifiers: identifiers.map(pairOf),
    fingerprint: { sender: fingerprint.sender, controlId: fingerprint.controlId, digest: fingerprint.digest },
    append: sendAppend(append, pack),
    ahead: ahead.map((each) => ({ seq: each.seq, eventId: each.eventId, append: sendAppend(each.append, pack) })),
    merge: merge
      ? { identifiers: merge.identifiers.map(pairOf), links: merge.links.map((each) => ({ id: each.id, from: each.from })) }
      : null,
    unmerge,
  };
}

const pairOf = ({ system, value }: Identifier): Identifier => ({ system, value });

function sendAppend(append: Append, pack: Pack): SentAdmission['append'] {
  const { topic, partition = null, key, value, headers, timestamp = null } = append;
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  return {
    topic,
    partition,
    key: bytes === null ? null : pack(bytes),
    value: value === null ? null : pack(value),
    headers: encodeHeaders(headers),
    timestamp,
  };
}

const appendOf = (row: OwedRow): Append => ({
  topic: row.topic,
  ...(row.partition === null ? {} : { partition: row.partition }),
  key: bufferOrNull(row.record_key),
  value: bufferOrNull(row.value),
  headers: decodeHeaders(row.headers),
  ...(row.record_time === null ? {} : { timestamp: row.record_time }),
});
