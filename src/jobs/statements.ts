import type { Job, JobEnd, JobRequest, JobStep, Jobs } from './port.ts';

export type Value = string | number | null;
export type Row = Readonly<Record<string, unknown>>;
/** Runs one statement with `?` places; rows of a RETURNING clause or a SELECT. */
export type Run = (sql: string, params: readonly Value[]) => Promise<readonly Row[]>;

const text = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

const number = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

const jobOf = (row: Row): Job => ({
  ...{ id: String(row['id']), type: String(row['type']), patient: String(row['patient']), client: String(row['client']) },
  ...{ fingerprint: String(row['fingerprint']), requestedAt: Number(row['requested_at']), updatedAt: Number(row['updated_at']) },
  ...{ status: row['status'] as Job['status'], phase: text(row['phase']) as Job['phase'], progress: Number(row['progress']) },
  ...{ appended: Number(row['appended']) === 1, code: text(row['code']), draft: text(row['draft']), provenance: text(row['provenance']) },
  ...{
    document: text(row['document']),
    attested: text(row['attested']),
    attestDue: number(row['attest_due']),
    approvedBy: text(row['approved_by']),
  },
  approvedAt: number(row['approved_at']),
});

const insert = `INSERT INTO aorta_job (id, type, patient, client, fingerprint, requested_at, updated_at, appended, status, progress)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING RETURNING *`;
const insertion = ({ id, type, patient, client, fingerprint, requestedAt }: JobRequest, appended: 0 | 1, status: string): Value[] => [
  ...[id, type, patient, client, fingerprint, requestedAt, requestedAt],
  ...[appended, status],
];

/** The port in SQL that both databases have; every move of a status is one conditional statement. */
export function jobsOn(kind: Jobs['kind'], write: Run, read: Run, close: () => Promise<void>): Jobs {
  const one = (rows: readonly Row[]): Job | undefined => (rows[0] ? jobOf(rows[0]) : undefined);
  const find = async (id: string) => one(await read('SELECT * FROM aorta_job WHERE id = ?', [id]));
  const found = async (id: string): Promise<Job> => {
    const job = await find(id);
    if (!job) throw new Error('the job went away while it was looked at');
    return job;
  };
  return {
    kind,
    async request(request) {
      const made = one(await write(insert, insertion(request, 0, 'queued')));
      return made ? { job: made, fresh: true } : { job: await found(request.id), fresh: false };
    },
    async appended(id) {
      await write('UPDATE aorta_job SET appended = 1 WHERE id = ?', [id]);
    },
    owed: async (before, limit) =>
      (
        await read('SELECT * FROM aorta_job WHERE appended = 0 AND requested_at <= ? ORDER BY requested_at, id LIMIT ?', [before, limit])
      ).map(jobOf),
    find,
    async open(client) {
      const [row] = await read("SELECT count(*) AS count FROM aorta_job WHERE client = ? AND status IN ('queued', 'running')", [client]);
      return Number(row?.['count'] ?? 0);
    },
    async start(request, now) {
      await write(insert, insertion(request, 1, 'queued'));
      const sql = "UPDATE aorta_job SET status = 'running', appended = 1, updated_at = ? WHERE id = ? AND status = 'queued' RETURNING *";
      return one(await write(sql, [now, request.id])) ?? found(request.id);
    },
    async advance(id, { phase, progress, draft, provenance }: JobStep, now) {
      const sql = `UPDATE aorta_job SET phase = ?, progress = ?, draft = coalesce(draft, ?), provenance = coalesce(provenance, ?), updated_at = ?
        WHERE id = ? AND status = 'running' RETURNING *`;
      return one(await write(sql, [phase, progress, draft ?? null, provenance ?? null, now, id]));
    },
    async finish(id, { status, code, document, attestDue }: JobEnd, now) {
      const sql = `UPDATE aorta_job SET status = ?, code = ?, document = ?, attest_due = ?, progress = ?, updated_at = ?
        WHERE id = ? AND status = 'running' RETURNING *`;
      const params = [status, code ?? null, document ?? null, attestDue ?? null, status === 'succeeded' ? 100 : 0, now, id];
      return one(await write(sql, params));
    },
    async cancel(id, now) {
      const sql = `UPDATE aorta_job SET status = 'cancelled', updated_at = ?
        WHERE id = ? AND (status = 'queued' OR (status = 'running' AND coalesce(phase, '') <> 'writing')) RETURNING *`;
      return one(await write(sql, [now, id]));
    },
    async unattested(now, until, limit) {
      // The second look is for another worker that took them meanwhile.
      const sql = `UPDATE aorta_job SET attest_due = ? WHERE attest_due <= ?
        AND id IN (SELECT id FROM aorta_job WHERE attest_due <= ? ORDER BY attest_due LIMIT ?) RETURNING *`;
      return (await write(sql, [until, now, now, limit])).map(jobOf);
    },
    async attested(id, reference, due) {
      await write('UPDATE aorta_job SET attested = coalesce(attested, ?), attest_due = ? WHERE id = ?', [reference, due, id]);
    },
    async approve(id, by, now) {
      const sql = `UPDATE aorta_job SET approved_by = coalesce(approved_by, ?), approved_at = coalesce(approved_at, ?)
        WHERE id = ? AND status = 'succeeded' RETURNING *`;
      return one(await write(sql, [by, now, id]));
    },
    async prune(before) {
      const ended = "updated_at < ? AND status IN ('succeeded', 'failed', 'cancelled')";
      const texts = await write(`UPDATE aorta_job SET draft = NULL WHERE draft IS NOT NULL AND ${ended} RETURNING id`, [before]);
      // Provenance comes with the draft, before anything is sent.
      const unsent = await write(`DELETE FROM aorta_job WHERE provenance IS NULL AND ${ended} RETURNING id`, [before]);
      return texts.length + unsent.length;
    },
    close,
  };
}
