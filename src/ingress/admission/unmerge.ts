import type { Clock, Random } from '../../clock/clock.ts';
import { sleep } from '../../clock/system.ts';
import { ulid } from '../../clock/ulid.ts';
import { AortaError, error } from '../../errors/index.ts';
import type { AdmitOutcome, Identity, PatientLink } from '../../identity/port.ts';
import type { AdmissionRequest, Admitted } from './request.ts';

export interface Unmerge {
  /** Patient ids. */
  readonly survivor: string;
  readonly merged: string;
  /** Topics whose flows hear of it: those that merges go to. */
  readonly topics: readonly string[];
  /** Changes nothing: says what it would do. */
  readonly dryRun?: boolean;
}

export interface Unmerged {
  /** Of the merge that is undone. */
  readonly link: PatientLink;
  /** Of the unmerge; null for a dry run. */
  readonly eventId: string | null;
}

const tries = 20;
const pauseMs = 250;

/**
 * Another instance may owe the survivor a record that is about the other patient: it would come after the survivor has
 * given back, and stay with it. So that is waited for (its instance marks what it has appended within two seconds).
 */
export function unmergeWith(parts: {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  admit(request: AdmissionRequest): Promise<Admitted>;
}): (unmerge: Unmerge) => Promise<Unmerged> {
  const { identity, clock, random, admit } = parts;
  return async ({ survivor, merged, topics, dryRun = false }) => {
    const [of, on] = [await identity.links(merged), await identity.links(survivor)];
    const link = of.findLast(({ from, to }) => from === merged && to === survivor);
    if (!link) throw refusal('not-merged');
    if (on.some(({ from }) => from === survivor)) throw refusal('merged-on');
    if (dryRun) return { link, eventId: null };
    const controlId = ulid(clock, random);
    for (let attempt = 1; ; attempt++) {
      try {
        const { eventId } = await admit({
          identifiers: [],
          fingerprint: { sender: 'aorta', controlId, digest: link.id },
          size: 512,
          unmerge: { link, topics },
          build: () => {
            throw new Error('an unmerge has no record of its own');
          },
        });
        return { link, eventId };
      } catch (cause) {
        if (!(cause instanceof AortaError) || cause.code !== 'AORTA_INGRESS_010' || attempt === tries) throw cause;
        await sleep(clock, pauseMs);
      }
    }
  };
}

export function refusal(reason: Extract<AdmitOutcome, { kind: 'refused' }>['reason']): Error {
  if (reason === 'not-merged') return error('AORTA_INGRESS_008');
  return reason === 'merged-on' ? error('AORTA_INGRESS_009') : error('AORTA_INGRESS_010', {}, { retryAfterMs: 1_000 });
}
