import type { Blob } from '../blob/port.ts';
import { blobThreshold } from '../blob/port.ts';
import type { Clock, Random } from '../clock/clock.ts';
import { sleep } from '../clock/system.ts';
import { ulid } from '../clock/ulid.ts';
import { error } from '../errors/index.ts';
import type { Identity } from '../identity/port.ts';
import type { Log } from '../log/port.ts';
import type { Telemetry } from '../telemetry/port.ts';
import { AppendPump, type Pending } from './admission/append-pump.ts';
import { type BatchParts, number, resolvePatients, store } from './admission/batch.ts';
import { finishElsewhere, takeOverAfter } from './admission/elsewhere.ts';
import { PatientCache } from './admission/patient-cache.ts';
import { WaitingQueue } from './admission/queue.ts';
import { type AdmissionRequest, type Admitted, type MergeOutcome, Waiting } from './admission/request.ts';
import { Unanswered } from './admission/unanswered.ts';
import { refusal, type Unmerge, type Unmerged, unmergeWith } from './admission/unmerge.ts';

export type { AdmissionRequest, Admitted, MergeOutcome, MergeRequest } from './admission/request.ts';
export type { Unmerge, Unmerged } from './admission/unmerge.ts';

/**
 * The durable append that every entry point ends in. `admit` resolves when the record is in the log (all replicas), and
 * only then may a sender be acknowledged.
 *
 * Requests wait in order of arrival. All that wait are taken as one batch: patients are looked up or minted, numbered
 * (`aorta-seq`), and stored by the identity port in one transaction with their fingerprints and the appends still owed;
 * then appended in one call. The next batch's identity work runs while the last one is appended; appends never overlap.
 *
 * A merge of patients (HL7 A40) is one request with several records: the re-pointing of identifiers and all records are
 * one transaction; what is behind it in the queue is the survivor's already. What came before it on another instance
 * may enter the log after it, under the merged patient, whose actors forward it.
 *
 * Failures:
 * - Crash after the transaction: `start` appends what is owed, in order, before anything new.
 * - The log fails: the batch's senders get AORTA_INGRESS_002, it is tried again before anything later; the same message
 *   sent again joins it and gets its result.
 * - The identity store fails: AORTA_INGRESS_002; if it may have committed, it is asked until that is known.
 * - Neither answers: AORTA_INGRESS_005 after `answerMs`; what was not stored by then never is.
 * - Too much waits: AORTA_INGRESS_001 at once. Stopping: AORTA_INGRESS_004.
 * - A record that the log refuses for good blocks ingress loudly (metric, log line): it is owed, so it may not be lost.
 */
export interface Admission {
  /** Reads what this instance owes and queues it. Rejects when the identity store is not there. */
  start(): Promise<void>;
  /** Queues at once, in the order of calls. Rejects with AORTA_INGRESS_*. */
  admit(request: AdmissionRequest): Promise<Admitted>;
  /**
   * Undoes the newest merge of `merged` into `survivor`: the identifiers go back, flows hear of it. Resolves when it is in
   * the log. Rejects with AORTA_INGRESS_008 (not merged), _009 (the survivor was merged on), or as `admit`.
   */
  unmerge(unmerge: Unmerge): Promise<Unmerged>;
  /** The body for a record: itself, or above 256 KiB a reference to the blob store, durable when this resolves. */
  body(bytes: Buffer): Body | Promise<Body>;
  /** How much later than it should be the oldest message without an answer is: 0, in time; 1, so late that all else must wait. */
  pressure(): number;
  /** Finishes what was accepted, for at most `drainMs` (default 10 000); the rest is owed and done by the next start. */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

export type Body = { readonly raw: Buffer; readonly blobRef: null } | { readonly raw: null; readonly blobRef: string };

export interface AdmissionLimits {
  /** Requests of one batch. @default 256 */
  readonly batch: number;
  /** Bytes of one batch: below the broker's limit for a request. @default 524_288 */
  readonly batchBytes: number;
  /** Requests that may wait. @default 10_000 */
  readonly waiting: number;
  /** Bytes that may wait. @default 67_108_864 */
  readonly waitingBytes: number;
  /** Milliseconds until a request is answered, come what may. @default 15_000 */
  readonly answerMs: number;
  /** Milliseconds that a message is known as a duplicate: at least the topic's retention. @default 1_209_600_000 (14 days) */
  readonly knownMs: number;
  /** Identifiers remembered. @default 50_000 */
  readonly cached: number;
}

const defaultLimits: AdmissionLimits = {
  batch: 256,
  batchBytes: 512 * 1024,
  waiting: 10_000,
  waitingBytes: 64 * 1024 * 1024,
  answerMs: 15_000,
  knownMs: 14 * 24 * 3_600_000,
  cached: 50_000,
};

const pruneEveryMs = 3_600_000;
const idleMarkMs = 2_000;
const mostMoves = 8;
const behindMs = 20;

export interface AdmissionOptions {
  readonly identity: Identity;
  readonly log: Log;
  readonly blob: Blob;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Name of this process, unique among those that share the identity store, and kept over restarts. */
  readonly instance: string;
  readonly limits?: Partial<AdmissionLimits>;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { identity, log, blob, clock, random, telemetry, instance } = options;
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(instance))
    throw error('AORTA_CFG_001', { problem: 'the instance name has characters other than A-Z a-z 0-9 _ . -' });
  const limits = { ...defaultLimits, ...options.limits };
  const abort = new AbortController();
  const pump = new AppendPump({ log, clock, random, telemetry });
  const parts: BatchParts = { identity, clock, random, telemetry, instance, cache: new PatientCache(limits.cached), signal: abort.signal };
  const elsewhere = finishElsewhere(options);
  const duplicates = telemetry.counter('aorta_ingress_duplicates_total', 'Messages that came before and were not stored again.');
  const batchSize = telemetry.histogram('aorta_ingress_batch_records', 'Records of one batch of ingress.', [1, 2, 5, 10, 25, 50, 100, 250]);
  const identitySeconds = telemetry.histogram(
    'aorta_ingress_identity_seconds',
    'Time of one batch of ingress in the identity store.',
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  );

  const queue = new WaitingQueue();
  const unanswered = new Unanswered(clock, limits.answerMs, (waiting) => {
    telemetry.counter('aorta_ingress_timeouts_total', 'Messages that were not durable in time.').inc();
    waiting.reject(error('AORTA_INGRESS_005', { seconds: limits.answerMs / 1000 }));
  });
  let nextSeq = 1;
  let state: 'new' | 'running' | 'stopping' | 'stopped' = 'new';
  let wake: () => void = () => {};
  let looping: Promise<void> = Promise.resolve();
  let cancelMark: () => void = () => {};
  let markDue = false;
  let cancelPrune: () => void = () => {};
  const stopSampling = [
    telemetry.sampled('aorta_ingress_waiting', 'Messages that wait to be stored.', {}, () => queue.length),
    telemetry.sampled('aorta_ingress_oldest_seconds', 'Age of the oldest message without an answer.', {}, () => unanswered.oldestMs / 1000),
    telemetry.sampled('aorta_ingress_owed', 'Messages stored by identity and not yet in the log.', {}, () => pump.owed),
  ];

  const settle = (waiting: Waiting, eventId: string, patientId: string, owedSince: number, ready: readonly Pending[]): void => {
    const result: Admitted = { kind: 'duplicate', eventId, patientId, controlIdReused: false };
    const own = pump.find(eventId) ?? ready.find((each) => each.eventId === eventId);
    if (own && !own.done) own.waiters.push({ waiting, result });
    else if (own) waiting.resolve(result);
    else
      elsewhere(eventId, owedSince).then(
        () => waiting.resolve(result),
        (cause) =>
          waiting.reject(cause?.code === 'AORTA_INGRESS_003' ? cause : error('AORTA_INGRESS_002', { store: 'the log' }, { cause })),
      );
  };

  const merged = (outcome: MergeOutcome, eventId: string): void => {
    telemetry.counter('aorta_ingress_merges_total', 'Merges of patients (HL7 A40), by what came of them.', { outcome }).inc();
    telemetry.log(outcome === 'repeated' ? 'warn' : 'info', 'ingress.merge', { outcome, eventId });
  };

  const process = async (batch: readonly Waiting[]): Promise<void> => {
    const patients = await resolvePatients(batch, parts);
    if (!patients) return;
    const numbered = number(batch, patients, nextSeq, parts);
    if (numbered.length === 0) return;
    nextSeq = (numbered.at(-1)?.admission.seq ?? 0) + 1;
    const settledThrough = pump.settledThrough;
    const asked = clock.monotonic();
    const outcomes = await store(numbered, settledThrough, parts);
    identitySeconds.observe((clock.monotonic() - asked) / 1000);
    pump.marked(settledThrough);
    const ready: Pending[] = [];
    const moved: Waiting[] = [];
    let waits = false;
    for (const [{ waiting, admission, merge }, outcome] of outcomes) {
      const { eventId, patientId, identifiers, seq, append, ahead = [] } = admission;
      const mine = outcome.kind === 'admitted' || (outcome.kind === 'duplicate' && outcome.eventId === eventId);
      if (mine) {
        for (const { from } of admission.merge?.links ?? []) parts.cache.forgetPatient(from);
        if (waiting.request.unmerge) parts.cache.forgetPatient(waiting.request.unmerge.link.to);
        if (identifiers[0]) parts.cache.set(identifiers[0], patientId);
        const result: Admitted = {
          kind: 'admitted',
          eventId,
          patientId,
          controlIdReused: outcome.kind === 'admitted' && outcome.controlIdReused,
          ...(merge ? { merge } : {}),
        };
        if (merge) merged(merge, eventId);
        for (const each of ahead) ready.push({ ...each, done: false, waiters: [] });
        // Other instances wait for these records with everything of the patient: told at once, not with the next batch.
        const appended = ahead.length > 0 ? { appended: markSoon } : {};
        ready.push({ seq, eventId, append, done: false, waiters: waiting.answered ? [] : [{ waiting, result }], ...appended });
      } else if (outcome.kind === 'duplicate') {
        duplicates.inc();
        if (outcome.settled)
          waiting.resolve({ kind: 'duplicate', eventId: outcome.eventId, patientId: outcome.patientId, controlIdReused: false });
        else settle(waiting, outcome.eventId, outcome.patientId, outcome.owedSince, ready);
      } else if (outcome.kind === 'moved') {
        parts.cache.forget(identifiers);
        // The same patient: it is behind one that is moved, or its other side is. Looked up again.
        waiting.patientId = outcome.patientId === patientId ? undefined : outcome.patientId;
        if (++waiting.moves > mostMoves) waiting.reject(error('AORTA_INGRESS_007'));
        else moved.push(waiting);
      } else if (outcome.kind === 'behind') {
        waiting.patientId = undefined;
        parts.cache.forget(identifiers);
        moved.push(waiting);
        waits = true;
        if (clock.now() - outcome.owedSince > takeOverAfter) elsewhere(outcome.eventId, outcome.owedSince).catch(() => {});
      } else if (outcome.kind === 'refused') {
        waiting.reject(refusal(outcome.reason));
      }
    }
    queue.putBack(moved);
    batchSize.observe(numbered.length);
    pump.push(ready);
    // Nothing else to do: another instance is about to append.
    if (waits && ready.length === 0) await sleep(clock, behindMs, abort.signal);
  };

  /**
   * Between two batches: a batch that is being decided may have read that a message is owed, and then looks for it among
   * those that are not marked.
   */
  const markSoon = (): void => {
    markDue = true;
    wake();
  };

  /** Between messages nobody carries the mark to identity; without it other instances would think them owed. */
  const markWhenIdle = (): void => {
    cancelMark();
    cancelMark = clock.after(idleMarkMs, () => {
      if (pump.idle) markSoon();
      else markWhenIdle();
    });
  };

  const mark = async (): Promise<void> => {
    const done = pump.unmarked();
    if (done.length === 0) return;
    await identity.settle(done.map(({ seq }) => ({ instance, seq })));
    pump.marked(Math.max(...done.map(({ seq }) => seq)));
  };

  const pruneLater = (): void => {
    cancelPrune = clock.after(pruneEveryMs, () => {
      identity.prune(clock.now() - limits.knownMs).catch((cause) => telemetry.log('warn', 'ingress.prune.failed', { error: cause }));
      pruneLater();
    });
  };

  const loop = async (): Promise<void> => {
    while (!abort.signal.aborted) {
      // One batch in the log's hands and one prepared behind it.
      await pump.room(1);
      if (markDue) {
        markDue = false;
        await mark().catch(() => markWhenIdle());
      }
      if (queue.length === 0) {
        if (state === 'stopping') return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const batch = queue.take(limits.batch, limits.batchBytes);
      if (batch.length === 0) continue;
      try {
        await process(batch);
      } catch (cause) {
        for (const each of batch) each.reject(error('AORTA_INGRESS_002', { store: 'the identity store' }, { cause }));
      }
      markWhenIdle();
    }
  };

  const admit = (request: AdmissionRequest): Promise<Admitted> => {
    if (state !== 'running') return Promise.reject(error('AORTA_INGRESS_004'));
    if (queue.length >= limits.waiting || (queue.bytes > 0 && queue.bytes + request.size > limits.waitingBytes)) {
      telemetry.counter('aorta_ingress_refused_total', 'Messages refused because too many wait.').inc();
      return Promise.reject(error('AORTA_INGRESS_001', { waiting: queue.length }, { retryAfterMs: 1_000 }));
    }
    return new Promise<Admitted>((resolve, reject) => {
      const waiting = new Waiting(request, ulid(clock, random), traceparent(random), resolve, reject);
      unanswered.came(waiting);
      queue.push(waiting);
      wake();
    });
  };

  return {
    async start() {
      if (state !== 'new') return;
      const last = await identity.lastSeq(instance);
      const owed = [...(await identity.owed(instance))].filter((row) => row.instance === instance).sort((a, b) => a.seq - b.seq);
      nextSeq = Math.max(last, owed.at(-1)?.seq ?? 0) + 1;
      if (owed.length > 0) telemetry.log('info', 'ingress.owed', { count: owed.length });
      for (let at = 0; at < owed.length; at += 64) {
        const part = owed.slice(at, at + 64);
        pump.push(
          part.map(({ seq, eventId, append }, n): Pending => {
            const last = at + n === owed.length - 1;
            return { seq, eventId, append, done: false, waiters: [], ...(last ? { appended: markSoon } : {}) };
          }),
        );
      }
      state = 'running';
      if (owed.length > 0) markWhenIdle();
      pruneLater();
      looping = loop();
    },

    admit,
    pressure: () => unanswered.pressure,
    unmerge: unmergeWith({ identity, clock, random, admit }),

    body(bytes) {
      if (bytes.length <= blobThreshold) return { raw: bytes, blobRef: null };
      return blob.put(bytes).then(({ ref }) => ({ raw: null, blobRef: ref }));
    },

    async stop({ drainMs = 10_000 } = {}) {
      if (state === 'stopped') return;
      if (state === 'new') {
        state = 'stopped';
        return;
      }
      state = 'stopping';
      wake();
      const stopped = error('AORTA_INGRESS_004');
      let cancel: () => void = () => {};
      const late = new Promise<'late'>((resolve) => {
        cancel = clock.after(drainMs, () => resolve('late'));
      });
      const drained = looping.then(() => pump.room(0));
      if ((await Promise.race([drained, late])) === 'late') {
        abort.abort(stopped);
        pump.abandon(stopped);
        queue.rejectAll(stopped);
        wake();
        telemetry.log('warn', 'ingress.stop.owed', { count: pump.owed });
      } else {
        await mark().catch(() => {});
      }
      cancel();
      cancelMark();
      cancelPrune();
      for (const end of stopSampling) end();
      state = 'stopped';
    },
  };
}

/** W3C Trace Context: a new trace for every message. */
function traceparent(random: Random): string {
  const id = Buffer.from(random.bytes(24)).toString('hex');
  return `00-${id.slice(0, 32)}-${id.slice(32)}-01`;
}
