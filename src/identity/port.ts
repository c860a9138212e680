import type { Append } from '../log/port.ts';

/**
 * Port **Identity**: identifier (system + value) → patient id (opaque ULID), changed only by ingress, in arrival order.
 * Adapters: postgres/, sqlite/. Its transaction also stores the appends still owed, so that a crash between it and the
 * log loses nothing: on restart they are appended again with the same `aorta-seq`, and what arrived twice is dropped.
 */
export interface Identifier {
  /** FHIR system: `urn:oid:…`, a URI, or `urn:id:<namespace>`. */
  readonly system: string;
  readonly value: string;
}

/** What makes two messages the same: sender + control id + digest of all segments but MSH. */
export interface Fingerprint {
  readonly sender: string;
  readonly controlId: string;
  /** SHA-256, hex. */
  readonly digest: string;
}

/** An append with its own number and event id. */
export interface NumberedAppend {
  readonly seq: number;
  readonly eventId: string;
  readonly append: Append;
}

/** HL7 A40: everybody whom `identifiers` (MRG-1) name becomes the admission's patient. */
export interface Merge {
  /** Those that are known nowhere are the survivor's from now on. */
  readonly identifiers: readonly Identifier[];
  /** Who they were when the admission was built, each with the id of its merge. Somebody else by now: `moved`. */
  readonly links: readonly { readonly id: string; readonly from: string }[];
}

export interface Admission {
  /** Rises by one per instance; the record carries it as `aorta-seq`. */
  readonly seq: number;
  readonly eventId: string;
  /** From `resolve`, or newly minted. */
  readonly patientId: string;
  readonly identifiers: readonly Identifier[];
  readonly fingerprint: Fingerprint;
  readonly append: Append;
  /** Owed with `append`, before it: their numbers are lower. */
  readonly ahead?: readonly NumberedAppend[];
  /** Points all identifiers of the merged to `patientId`, and notes in the journal which they were. */
  readonly merge?: Merge;
  /** Id of a merge: gives the identifiers that it moved back, or is `refused`. */
  readonly unmerge?: string;
}

export type AdmitOutcome =
  | { readonly kind: 'admitted' /** The same control id came before with other content. */; readonly controlIdReused: boolean }
  /** Nothing was stored. `settled`: its append is known to be in the log. */
  | {
      readonly kind: 'duplicate';
      readonly eventId: string;
      readonly patientId: string;
      readonly settled: boolean;
      readonly owedSince: number;
    }
  /**
   * Another instance gave one of the identifiers to another patient meanwhile; nothing stored: build it again. Whatever
   * follows in the batch of the patients concerned is `moved` too (with its own `patientId`), to stay behind it.
   */
  | { readonly kind: 'moved'; readonly patientId: string }
  /**
   * Another instance has merged or unmerged the patient, and its records (the last one's `eventId`) are not known to be in
   * the log: what this one appended could stand before them. Nothing stored: wait for them, or finish them.
   */
  | { readonly kind: 'behind'; readonly eventId: string; readonly owedSince: number }
  /**
   * An unmerge that is not possible. `merged-on`: the survivor has been merged itself, undo that first. `owed`: another
   * instance owes the survivor a record, which may be about the other: try again.
   */
  | { readonly kind: 'refused'; readonly reason: 'not-merged' | 'merged-on' | 'owed' };

export interface OwedAppend extends NumberedAppend {
  readonly instance: string;
}

/** A merge that is in force: an entry of the journal. */
export interface PatientLink {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What it moved. */
  readonly identifiers: readonly Identifier[];
}

export interface IdentityLink {
  readonly patientId: string;
  readonly system: string;
  readonly value: string;
}

export interface Identity {
  readonly kind: 'postgres' | 'sqlite';
  /** Patient id of the first known identifier of each list, or null. Conflicts (two patients) list all ids found. */
  resolve(
    lists: readonly (readonly Identifier[])[],
  ): Promise<readonly { readonly patientId: string | null; readonly all: readonly string[] }[]>;
  /**
   * One transaction for the batch, in order: per admission the identifiers are inserted if absent, the fingerprint and
   * the owed appends are stored, merges and unmerges re-point identifiers. Admissions of other instances come wholly
   * before or wholly after: one that was built for a merged patient and comes after is `moved`. `settledThrough`: appends of this instance up to that seq are in the log.
   */
  admit(instance: string, batch: readonly Admission[], settledThrough: number, now: number): Promise<readonly AdmitOutcome[]>;
  /** Appends not known to be in the log: of this instance; with `olderThan`, of any instance owed since before then. */
  owed(instance: string, olderThan?: number): Promise<readonly OwedAppend[]>;
  /** Marks appends as done (also of other instances). */
  settle(appends: readonly { readonly instance: string; readonly seq: number }[]): Promise<void>;
  /** Highest seq this instance ever used. */
  lastSeq(instance: string): Promise<number>;
  /** Merges in force with the patient on either side, in the order in which they came. */
  links(patientId: string): Promise<readonly PatientLink[]>;
  /** Forgets fingerprints admitted before `before` (at least the topic's retention ago) whose append is settled. */
  prune(before: number): Promise<number>;
  close(): Promise<void>;
}
