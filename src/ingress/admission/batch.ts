import type { Clock, Random } from '../../clock/clock.ts';
import { sleep } from '../../clock/system.ts';
import { ulid } from '../../clock/ulid.ts';
import { classOf, error } from '../../errors/index.ts';
import type { AdmitOutcome, Identifier, Identity, Admission as IdentityAdmission } from '../../identity/port.ts';
import { header } from '../../log/port.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import { keyOf, type PatientCache } from './patient-cache.ts';
import type { Waiting } from './request.ts';

/** A request with its patient, its number and its record. */
export interface Numbered {
  readonly waiting: Waiting;
  readonly admission: IdentityAdmission;
}

export interface BatchParts {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly instance: string;
  readonly cache: PatientCache;
  /** Aborted when ingress gives up at the end of its drain time. */
  readonly signal: AbortSignal;
}

/**
 * Finds or mints the patient of each request, in order of arrival; undefined when identity does not answer. Works on
 * single identifiers, so that what one request of the batch makes known counts for the next, as in the transaction.
 */
export async function resolvePatients(batch: readonly Waiting[], parts: BatchParts): Promise<ReadonlyMap<Waiting, string> | undefined> {
  const { cache, identity, clock, random, telemetry } = parts;
  const known = new Map<string, string>();
  const asked = new Map<string, Identifier>();
  for (const { request, patientId } of batch) {
    const [first] = request.identifiers;
    const id = patientId ?? (first && cache.get(first));
    if (id !== undefined && first) known.set(keyOf(first), id);
    else for (const identifier of request.identifiers) asked.set(keyOf(identifier), identifier);
  }
  if (asked.size > 0) {
    try {
      const answers = await identity.resolve([...asked.values()].map((identifier) => [identifier]));
      for (const [at, key] of [...asked.keys()].entries()) {
        const id = answers[at]?.patientId;
        if (id && !known.has(key)) known.set(key, id);
      }
    } catch (cause) {
      identityFailed(telemetry, cause, batch.length);
      const reason = error('AORTA_INGRESS_002', { store: 'the identity store' }, { cause });
      for (const each of batch) each.reject(reason);
      return undefined;
    }
  }
  const found = new Map<Waiting, string>();
  for (const each of batch) {
    const keys = each.request.identifiers.map(keyOf);
    const id = each.patientId ?? keys.map((key) => known.get(key)).find((one) => one !== undefined) ?? ulid(clock, random);
    for (const key of keys) if (!known.has(key)) known.set(key, id);
    found.set(each, id);
  }
  return found;
}

/** Numbers the requests and makes their records. One whose record cannot be made is answered and left out. */
export function number(batch: readonly Waiting[], patients: ReadonlyMap<Waiting, string>, firstSeq: number, parts: BatchParts): Numbered[] {
  const numbered: Numbered[] = [];
  let seq = firstSeq;
  for (const waiting of batch) {
    const patientId = patients.get(waiting) ?? '';
    const { eventId, request, traceparent } = waiting;
    try {
      const built = request.build({ patientId, eventId, seq });
      const headers = {
        [header.traceparent]: traceparent,
        ...built.headers,
        [header.eventId]: eventId,
        [header.seq]: `ingress.${parts.instance}/0/${seq}`,
      };
      const admission = {
        seq,
        eventId,
        patientId,
        identifiers: request.identifiers,
        fingerprint: request.fingerprint,
        append: { ...built, headers },
      };
      numbered.push({ waiting, admission });
      seq++;
    } catch (cause) {
      parts.telemetry.log('error', 'ingress.record.failed', { error: cause });
      waiting.reject(error('AORTA_INGRESS_006', {}, { cause }));
    }
  }
  return numbered;
}

/**
 * Stores the batch in the identity store, and does not return before it is known what was stored: a transaction whose
 * answer got lost may have committed. So a failed one is asked again as it is, with the same numbers and event ids,
 * until it answers; a `duplicate` of its own event id then means that the first try went through. The senders are
 * answered at the first failure. What the store refuses for good (any class but Transient and Overload) is halved until
 * the culprit stands alone, which is then left out.
 */
export async function store(
  batch: readonly Numbered[],
  settledThrough: number,
  parts: BatchParts,
): Promise<readonly (readonly [Numbered, AdmitOutcome])[]> {
  for (let attempt = 0; ; attempt++) {
    try {
      const outcomes = await parts.identity.admit(
        parts.instance,
        batch.map((each) => each.admission),
        settledThrough,
        parts.clock.now(),
      );
      return batch.map((each, at) => [each, outcomes[at] ?? { kind: 'admitted', controlIdReused: false }] as const);
    } catch (cause) {
      identityFailed(parts.telemetry, cause, batch.length);
      const reason = error('AORTA_INGRESS_002', { store: 'the identity store' }, { cause });
      for (const each of batch) if (batch.length === 1 || isPassing(cause)) each.waiting.reject(reason);
      if (parts.signal.aborted) throw reason;
      if (!isPassing(cause)) {
        if (batch.length === 1) return [];
        const half = batch.length >> 1;
        return [...(await store(batch.slice(0, half), settledThrough, parts)), ...(await store(batch.slice(half), settledThrough, parts))];
      }
      await sleep(parts.clock, Math.min(5_000, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + parts.random.next() / 2), parts.signal);
    }
  }
}

const isPassing = (cause: unknown): boolean => ['Transient', 'Overload', 'Cancelled', 'Fenced'].includes(classOf(cause));

function identityFailed(telemetry: Telemetry, cause: unknown, count: number): void {
  telemetry.counter('aorta_ingress_identity_failures_total', 'Calls of the identity store by ingress that failed.').inc();
  telemetry.log('error', 'ingress.identity.failed', { error: cause, count });
}
