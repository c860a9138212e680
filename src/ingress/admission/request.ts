import type { Fingerprint, Identifier, PatientLink } from '../../identity/port.ts';
import type { Append } from '../../log/port.ts';

/** What an entry point asks for: find the patient, store the record, once. */
export interface AdmissionRequest {
  /** At least one; the first known one decides. */
  readonly identifiers: readonly Identifier[];
  readonly fingerprint: Fingerprint;
  /** About how many bytes the record has; bounds batches and the queue. */
  readonly size: number;
  /** Makes the record. Called again when another instance gave the patient another id meanwhile; must have no effects. */
  readonly merge?: MergeRequest;
  /** Given by `Admission.unmerge` only; then `identifiers` is empty and nothing is built. */
  readonly unmerge?: UnmergeRequest;
  build(ids: { readonly patientId: string; readonly eventId: string; readonly seq: number }): Append;
}

/** HL7 A40: whoever `identifiers` (MRG-1) name becomes the request's patient. */
export interface MergeRequest {
  /** None of them is among the request's own. */
  readonly identifiers: readonly Identifier[];
  /** Topics whose flows hear of it. */
  readonly topics: readonly string[];
}

export interface UnmergeRequest {
  readonly link: PatientLink;
  readonly topics: readonly string[];
}

/**
 * `linked`: two patients became one. `repeated`: they were one already. `unknown`: nobody had the merged identifiers;
 * they are the survivor's now.
 */
export type MergeOutcome = 'linked' | 'repeated' | 'unknown';

export interface Admitted {
  /** `duplicate`: the same message came before and is durable; nothing was stored now. */
  readonly kind: 'admitted' | 'duplicate';
  readonly eventId: string;
  readonly patientId: string;
  /** The same sender used the control id before, for other content. */
  readonly controlIdReused: boolean;
  /** Of a merge that was admitted now. */
  readonly merge?: MergeOutcome;
}

/** A request on its way. */
export class Waiting {
  readonly request: AdmissionRequest;
  readonly eventId: string;
  readonly traceparent: string;
  /** Set when identity said so (`moved`). */
  patientId: string | undefined;
  moves = 0;
  /** Answered already: by its result, a failure or the deadline. */
  answered = false;
  readonly #resolve: (value: Admitted) => void;
  readonly #reject: (reason: Error) => void;
  /** Called once, when it is answered. */
  onAnswered: (() => void) | undefined;

  constructor(
    request: AdmissionRequest,
    eventId: string,
    traceparent: string,
    resolve: (value: Admitted) => void,
    reject: (reason: Error) => void,
  ) {
    this.request = request;
    this.eventId = eventId;
    this.traceparent = traceparent;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  resolve(value: Admitted): void {
    if (this.answered) return;
    this.answered = true;
    this.onAnswered?.();
    this.#resolve(value);
  }

  reject(reason: Error): void {
    if (this.answered) return;
    this.answered = true;
    this.onAnswered?.();
    this.#reject(reason);
  }
}
