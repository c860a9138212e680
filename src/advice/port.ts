/** Port **Advice**: what CDS services answered, by what it was found, and what clinicians made of it. Holds PHI. */
export interface AdviceRecord {
  /** ULID: order of arrival. */
  readonly id: string;
  readonly hookInstance: string;
  readonly service: string;
  readonly hook: string;
  /** Configured name of the CDS client. */
  readonly client: string;
  /** The EHR's id of the patient. */
  readonly patient: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `advised`, `empty`, `incomplete`, `late`, `failed`, `missing`. */
  readonly outcome: string;
  /** Milliseconds that the answer took. */
  readonly ms: number;
  /** The cards as they were sent. */
  readonly cards: readonly unknown[];
  /** Provenance: queries, sources and versions of what was read. */
  readonly reads: readonly unknown[];
}

export interface FeedbackRecord {
  readonly id: string;
  readonly service: string;
  readonly client: string;
  /** uuid of the card. */
  readonly card: string;
  readonly outcome: 'accepted' | 'overridden';
  readonly suggestions: readonly string[];
  readonly reasonSystem: string | null;
  readonly reasonCode: string | null;
  /** Free text of a clinician. */
  readonly comment: string | null;
  readonly outcomeAt: number;
  readonly receivedAt: number;
}

/** Of how many cards of a service this is the newest outcome. */
export interface FeedbackCount {
  readonly service: string;
  readonly outcome: FeedbackRecord['outcome'];
  readonly cards: number;
}

export interface AdviceStore {
  readonly kind: 'postgres' | 'sqlite';
  /** The same id again changes nothing. */
  record(advice: readonly AdviceRecord[]): Promise<void>;
  /** Durable when resolved. The same client, card, outcome and time again changes nothing. */
  feedback(entries: readonly FeedbackRecord[]): Promise<void>;
  /** Newest first; `before` is an id. */
  advice(limit: number, before?: string): Promise<readonly AdviceRecord[]>;
  feedbackOf(limit: number, before?: string): Promise<readonly FeedbackRecord[]>;
  counts(): Promise<readonly FeedbackCount[]>;
  /** Removes at most `most` of each kind of what is older; answers how many records. Fewer than `most`: nothing is left. */
  prune(before: number, most: number): Promise<number>;
  close(): Promise<void>;
}
