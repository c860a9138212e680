import { compose, type Retrieved, retrieve } from '../assist/index.ts';
import type { Canonical } from '../canonical/index.ts';
import type { Clock } from '../clock/clock.ts';
import type { AortaError } from '../errors/index.ts';
import { classOf, error } from '../errors/index.ts';
import type { FhirClient } from '../fhir/client/index.ts';
import type { Reference, Resource } from '../fhir/r4.ts';
import type { Job, JobRequest, Jobs } from '../jobs/port.ts';
import type { Model } from '../model/index.ts';
import type { Telemetry } from '../telemetry/port.ts';
import { provenanceOf } from './provenance.ts';

export interface DraftingOptions {
  readonly jobs: Jobs;
  readonly canonical: Canonical;
  /** Access to the EHR as the component `drafts`. */
  readonly client: FhirClient | undefined;
  /** Access to create a Provenance there; undefined where that is not granted, and nothing is sent. */
  readonly attests?: FhirClient | undefined;
  readonly model: Model;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** @default 2_000 */
  readonly maxOutputTokens?: number;
  /** Milliseconds for a model to write: longer than an answer may take. @default 80_000 */
  readonly modelMs?: number;
}

/** The request as the log has it. */
export interface DraftJob {
  readonly jobId: string;
  readonly patientId: string;
  readonly type: string;
  readonly requestedBy: string;
  readonly requestedAt: number;
}

type Ended = {
  readonly status: 'succeeded' | 'failed' | 'cancelled';
  readonly occurredAt: number;
  readonly code: string | null;
  readonly document: string | null;
};
interface Document extends Resource {
  readonly identifier: readonly { readonly system?: string; readonly value?: string }[];
}

const perReadMs = 8_000;
const createMs = 15_000;
/** Together with `createMs` less than the flow gives its step. */
const attestMs = 4_000;
/** Milliseconds until a Provenance that failed is tried again: as long as it has been owed, within these. */
const attestAgainMs = { first: 60_000, most: 3_600_000 };
const attestForMs = 7 * 86_400_000;

/**
 * What the flow `clinical-drafts` does outside: the row of the job, the context, the model, one create at the EHR.
 * `stop(id)` aborts what runs in this process; elsewhere a cancelled job ends at its next step.
 */
export function createDrafting(options: DraftingOptions) {
  const { jobs, canonical, client, attests, model, clock, telemetry, maxOutputTokens = 2_000, modelMs = 80_000 } = options;
  const running = new Map<string, AbortController>();

  const ended = (job: Job): Ended => ({
    status: job.status as Ended['status'],
    ...{ occurredAt: job.updatedAt, code: job.code, document: job.document },
  });
  const over = async (id: string): Promise<Ended> => {
    running.delete(id);
    const job = await jobs.find(id);
    if (!job || job.status === 'queued' || job.status === 'running') throw error('AORTA_JOB_007', {}, { class: 'Transient' });
    return ended(job);
  };

  /** Work that ends early when the job is cancelled: then it is over, whatever the work says. */
  async function cancellable<T>({ jobId }: DraftJob, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T | Ended> {
    const own = running.get(jobId) ?? new AbortController();
    running.set(jobId, own);
    try {
      return await work(AbortSignal.any([signal, own.signal]));
    } catch (thrown) {
      if (own.signal.aborted && !signal.aborted) return over(jobId);
      throw thrown;
    } finally {
      running.delete(jobId);
    }
  }

  /**
   * Provenance beside the document of a job that succeeded, once: by its target (R4 has no identifier there). A job does
   * not wait for it, and no draft fails for it: it is owed (`attestDue`), and asked for again while that may help.
   */
  async function attest(job: Job, signal?: AbortSignal): Promise<void> {
    const provenance = provenanceOf(job, 'ehr');
    if (!attests || job.document === null || !provenance) return jobs.attested(job.id, null, null);
    const count = (outcome: string) =>
      telemetry.counter('aorta_drafts_provenance_total', 'Provenance of drafts for the EHR, by how it went', { outcome }).inc();
    try {
      const call = { deadlineMs: attestMs, ...(signal ? { signal } : {}) };
      const { created, id } = await attests.create(provenance, `target=${job.document}`, call);
      await jobs.attested(job.id, id === undefined ? null : `Provenance/${id}`, null);
      count(created ? 'created' : 'found');
    } catch (thrown) {
      const [errorClass, age] = [classOf(thrown), clock.now() - job.updatedAt];
      const passing = signal?.aborted || ['Transient', 'Overload', 'Cancelled'].includes(errorClass);
      const due = passing && age < attestForMs ? clock.now() + Math.min(Math.max(attestAgainMs.first, age), attestAgainMs.most) : null;
      await jobs.attested(job.id, null, due);
      count(due === null ? 'failed' : 'owed');
      telemetry.log('warn', 'draft.provenance.failed', { class: errorClass, again: due !== null, error: thrown as AortaError });
    }
  }

  return {
    stop: (id: string): void => running.get(id)?.abort(error('AORTA_JOB_002', { status: 'cancelled' }, { class: 'Cancelled' })),

    async begin(job: DraftJob) {
      const row = await jobs.start(requestOf(job), clock.now());
      if (row.status !== 'running') return { ended: ended(row) };
      return row.draft === null ? {} : { kept: JSON.parse(row.draft) as never };
    },

    gather: (job: DraftJob, signal: AbortSignal) =>
      cancellable(job, signal, async (either) => {
        if (!(await jobs.advance(job.jobId, { phase: 'reading', progress: 10 }, clock.now()))) return over(job.jobId);
        if (!client) throw error('AORTA_JOB_006');
        const known = await retrieve(job.patientId, { canonical, client, clock, perReadMs, signal: either });
        if (!known) throw error('AORTA_JOB_005');
        return { subject: subjectOf(known), encounter: encounterOf(known), known };
      }),

    write: (job: DraftJob, context: { readonly known: unknown }, now: number, signal: AbortSignal) =>
      cancellable(job, signal, async (either) => {
        if (!(await jobs.advance(job.jobId, { phase: 'drafting', progress: 40 }, clock.now()))) return over(job.jobId);
        const retrieved = context.known as Retrieved;
        const late = new AbortController();
        const cancel = clock.after(modelMs, () => late.abort(error('AORTA_MODEL_007', { provider: model.provider, ms: modelMs })));
        try {
          let text = '';
          const pieces = compose({
            ...{ task: 'clinical-draft', retrieved, model, now, maxOutputTokens },
            signal: AbortSignal.any([either, late.signal]),
          });
          for (let piece = await pieces.next(); ; piece = await pieces.next()) {
            if (!piece.done) {
              text += piece.value;
              continue;
            }
            const composition = piece.value;
            // Facts there were, and none of them is in the text.
            if (composition.facts > 0 && composition.cited.length === 0) throw error('AORTA_MODEL_008');
            const provenance = JSON.stringify({ ...composition, gathered: retrieved.provenance, gaps: retrieved.gaps });
            return { text, writer: composition.model, prompt: composition.prompt, provenance };
          }
        } finally {
          cancel();
        }
      }),

    async keep(job: DraftJob, document: Resource, provenance: string) {
      const step = { phase: 'writing', progress: 80, draft: JSON.stringify(document), provenance } as const;
      const row = await jobs.advance(job.jobId, step, clock.now());
      return row ? (JSON.parse(row.draft ?? '') as never) : over(job.jobId);
    },

    async file(job: DraftJob, document: Resource, signal: AbortSignal): Promise<Ended> {
      if (!client) throw error('AORTA_JOB_006');
      const [{ system, value } = {}] = (document as Document).identifier;
      const made = await client.create(document, `identifier=${system}|${value}`, { deadlineMs: createMs, signal });
      telemetry.counter('aorta_drafts_written_total', 'Drafts at the EHR, new or found there', { created: String(made.created) }).inc();
      // An EHR may say that it is there, and not where.
      const reference = made.id === undefined ? {} : { document: `DocumentReference/${made.id}` };
      const owed = attests && made.id !== undefined ? { attestDue: clock.now() + attestAgainMs.first } : {};
      const row = await jobs.finish(job.jobId, { status: 'succeeded', ...reference, ...owed }, clock.now());
      if (!row) return over(job.jobId);
      if (row.attestDue !== null) await attest(row, signal).catch(() => {});
      return ended(row);
    },

    attest: (job: Job): Promise<void> => attest(job),

    async fail(job: DraftJob, code: string, thrown: unknown): Promise<Ended> {
      telemetry.log('warn', 'draft.failed', { code, class: classOf(thrown), error: thrown as AortaError });
      const row = await jobs.finish(job.jobId, { status: 'failed', code }, clock.now());
      return row ? ended(row) : over(job.jobId);
    },
  };
}

const requestOf = ({ jobId, patientId, type, requestedBy, requestedAt }: DraftJob): JobRequest => ({
  ...{ id: jobId, type, patient: patientId, client: requestedBy, requestedAt, fingerprint: `${type} ${patientId}` },
});

/** At the EHR; where it does not have the patient, by identifier (R4 2.3.0.1, logical reference). */
function subjectOf({ atEhr, own }: Retrieved): Reference {
  if (atEhr?.id !== undefined) return { reference: `Patient/${atEhr.id}`, type: 'Patient' };
  const [identifier] = (own?.identifier ?? []).filter(({ system, value }) => system && value);
  if (!identifier) throw error('AORTA_JOB_005');
  return { type: 'Patient', identifier: { system: identifier.system ?? '', value: identifier.value ?? '' } };
}

/** The one that is open at the EHR, else the newest. */
function encounterOf({ resources }: Retrieved): Reference | undefined {
  const all = resources
    .filter(({ resource, source }) => source === 'ehr' && resource.resourceType === 'Encounter')
    .map(({ resource }) => resource);
  const start = ({ period }: (typeof all)[number]) => String((period as { start?: string } | undefined)?.start ?? '');
  const [chosen] = all.sort(
    (one, other) =>
      Number(other['status'] === 'in-progress') - Number(one['status'] === 'in-progress') || (start(one) < start(other) ? 1 : -1),
  );
  return chosen?.id === undefined ? undefined : { reference: `Encounter/${chosen.id}`, type: 'Encounter' };
}
