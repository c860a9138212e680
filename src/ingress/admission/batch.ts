import type { Clock, Random } from '../../clock/clock.ts';
import { sleep } from '../../clock/system.ts';
import { ulid } from '../../clock/ulid.ts';
import { classOf, error } from '../../errors/index.ts';
import type { AdmitOutcome, Identifier, Identity, Admission as IdentityAdmission } from '../../identity/port.ts';
import { type Append, header } from '../../log/port.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import { controlRecords } from './control.ts';
import { keyOf, type PatientCache } from './patient-cache.ts';
import type { MergeOutcome, Waiting } from './request.ts';

/** A request with its patient, its numbers and its records. */
export interface Numbered {
  readonly waiting: Waiting;
  readonly admission: IdentityAdmission;
  /** Of a merge. */
  readonly merge: MergeOutcome | undefined;
}

/** Who a request is about. */
export interface Resolved {
  readonly patientId: string;
  /** Whom it merges into that patient. */
  readonly merged: readonly string[];
  readonly merge: MergeOutcome | undefined;
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
 * single identifiers, so that what one request of the batch makes known counts for the next, as in the transaction; after
 * a merge, everything that was the merged patient's is the survivor's.
 */
export async function resolvePatients(batch: readonly Waiting[], parts: BatchParts): Promise<ReadonlyMap<Waiting, Resolved> | undefined> {
  const { cache, identity, clock, random, telemetry } = parts;
  const known = new Map<string, string>();
  const asked = new Map<string, Identifier>();
  for (const { request, patientId } of batch) {
    const [first] = request.identifiers;
    const id = patientId ?? (first && cache.get(first));
    if (id !== undefined && first) known.set(keyOf(first), id);
    else for (const identifier of request.identifiers) asked.set(keyOf(identifier), identifier);
    for (const identifier of request.merge?.identifiers ?? []) asked.set(keyOf(identifier), identifier);
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
  const found = new Map<Waiting, Resolved>();
  const became = new Map<string, string>();
  const today = (id: string | undefined): string | undefined => {
    let now = id;
    for (let next = now; next !== undefined; next = became.get(next)) now = next;
    return now;
  };
  for (const each of batch) {
    const { identifiers, merge, unmerge } = each.request;
    const keys = identifiers.map(keyOf);
    const first = keys.map((key) => known.get(key)).find((one) => one !== undefined);
    const id = unmerge?.link.from ?? today(each.patientId ?? first) ?? ulid(clock, random);
    for (const key of keys) if (!known.has(key)) known.set(key, id);
    if (!merge) {
      found.set(each, { patientId: id, merged: [], merge: undefined });
      continue;
    }
    const named = merge.identifiers.map((identifier) => today(known.get(keyOf(identifier))));
    const merged = [...new Set(named.filter((one) => one !== undefined && one !== id))] as string[];
    for (const from of merged) became.set(from, id);
    for (const identifier of merge.identifiers) known.set(keyOf(identifier), id);
    found.set(each, { patientId: id, merged, merge: merged.length > 0 ? 'linked' : named.includes(id) ? 'repeated' : 'unknown' });
  }
  return found;
}

/** Numbers the requests and makes their records. One whose record cannot be made is answered and left out. */
export function number(
  batch: readonly Waiting[],
  patients: ReadonlyMap<Waiting, Resolved>,
  firstSeq: number,
  parts: BatchParts,
): Numbered[] {
  const numbered: Numbered[] = [];
  let seq = firstSeq;
  for (const waiting of batch) {
    const resolved = patients.get(waiting);
    if (!resolved) continue;
    const { patientId, merged, merge } = resolved;
    const { eventId, request, traceparent } = waiting;
    try {
      const links = merged.map((from, n) => ({ id: `${eventId}-${n + 1}`, from }));
      const { link, topics = [] } = request.unmerge ?? {};
      const now = parts.clock.now();
      const control = link
        ? controlRecords('unmerge', { id: eventId, giver: link.to, taker: link.from }, topics, now)
        : links.flatMap(({ id, from }) => controlRecords('merge', { id, giver: from, taker: patientId }, request.merge?.topics ?? [], now));
      // An unmerge has no record of its own: the last of its control records stands for it.
      const last = link ? control.pop() : undefined;
      const own = seq + control.length;
      const built = last?.append ?? request.build({ patientId, eventId, seq: own });
      const withHeaders = (append: Append, event: string, at: number): Append => ({
        ...append,
        headers: {
          [header.traceparent]: traceparent,
          ...append.headers,
          [header.eventId]: event,
          [header.seq]: `ingress.${parts.instance}/0/${at}`,
        },
      });
      const admission: IdentityAdmission = {
        seq: own,
        eventId,
        patientId,
        identifiers: request.identifiers,
        fingerprint: request.fingerprint,
        append: withHeaders(built, eventId, own),
        ...(control.length > 0
          ? {
              ahead: control.map((each, n) => ({
                seq: seq + n,
                eventId: each.eventId,
                append: withHeaders(each.append, each.eventId, seq + n),
              })),
            }
          : {}),
        ...(request.merge ? { merge: { identifiers: request.merge.identifiers, links } } : {}),
        ...(link ? { unmerge: link.id } : {}),
      };
      numbered.push({ waiting, admission, merge });
      seq = own + 1;
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
