import type { PathText } from '../path.ts';

/**
 * How one sender's messages are read: reviewed data, no code. What a sender writes is stored as it is; a profile is
 * applied whenever it is read, at the door and in flows, by `interpret` (interpret.ts).
 *
 * ```ts
 * export default defineSourceProfile({
 *   name: 'west-campus',
 *   version: 1,
 *   sender: { application: 'CERNER', facility: 'WEST*' },
 *   zone: 'America/Denver',
 *   authorities: { WEST_MRN: 'urn:oid:2.16.840.1.113883.3.42.1' },
 *   fields: [{ copy: 'PV1-50', to: 'PV1-19' }],
 * });
 * ```
 */
export interface SourceProfile {
  /** In metrics, logs and records: lower-case letters, digits and dashes. */
  readonly name: string;
  /** From 1; raised with every change that should not change how earlier records are read. */
  readonly version: number;
  /** MSH-3.1 and MSH-4.1, trimmed: exact, or with `*` for any characters. The most specific profile wins. */
  readonly sender: { readonly application: string; readonly facility: string };
  /** Zone of this sender's times without an offset: an IANA name or `±hh:mm`. @default the configuration's */
  readonly zone?: string;
  /** `default`: where MSH-18 is empty. `override`: whatever MSH-18 says. Values as MSH-18 has them (table 0211). */
  readonly charset?: { readonly default: string } | { readonly override: string };
  /** Namespace of an assigning authority (HD.1) → FHIR identifier system. Comes before the configuration's `identifierSystems`. */
  readonly authorities?: Readonly<Record<string, string>>;
  /** Identifier type (CX.5; `` for none) → the type that it is to be read as, in PID-2, PID-3, PID-4 and MRG-1. */
  readonly identifierTypes?: Readonly<Record<string, string>>;
  /** Trigger event → what to do with it. A list: the first rule whose `when` holds. */
  readonly events?: Readonly<Record<string, EventRule | readonly EventRule[]>>;
  /** Applied in order: moves and copies, then defaults. */
  readonly fields?: readonly FieldRule[];
  /** The Z-segments that this sender is known to write, and where their fields go. Others are kept in the message, and counted. */
  readonly segments?: Readonly<Record<string, { readonly extensions?: readonly ExtensionRule[] }>>;
  /** Messages of this sender and what must come of them: `aorta check` runs them. Synthetic ones only. */
  readonly samples?: readonly Sample[];
}

/** One place of a message, and what it must hold. */
export interface Condition {
  readonly path: PathText;
  /** `valued`: text. `empty`: neither text nor `""`. */
  readonly is?: 'valued' | 'empty';
  /** One of these texts. */
  readonly in?: readonly string[];
}

export type EventRule =
  /** It means another event of the same message type. */
  | { readonly as: string; readonly when?: Condition }
  /** Acknowledged (AA), counted under this name, not stored. */
  | { readonly skip: string; readonly when?: Condition }
  /** Refused (AR) and quarantined, under this name. */
  | { readonly refuse: string; readonly when?: Condition };

/**
 * `copy` and `move` do nothing where the source is empty; `move` empties it. Within one segment name without a number
 * (`OBX-21` to `OBX-3`) they are done in each such segment, else in the first. `onlyIfEmpty`: the target stays when it
 * says something. `default` fills a place that is empty, in each such segment; `""` is not empty. Absent segments stay absent.
 */
export type FieldRule =
  | { readonly copy: PathText; readonly to: PathText; readonly onlyIfEmpty?: boolean }
  | { readonly move: PathText; readonly to: PathText; readonly onlyIfEmpty?: boolean }
  | { readonly default: PathText; readonly value: string };

export type ExtensionType = 'string' | 'code' | 'dateTime';

/** A field of a Z-segment becomes an extension, of what ADT messages write; an Encounter's needs a PV1 in the message. */
export interface ExtensionRule {
  /** Of the segment under which it stands, such as `ZPI-3.1`; the first such segment. */
  readonly from: PathText;
  readonly of: 'Patient' | 'Encounter';
  readonly url: string;
  readonly type: ExtensionType;
}

export interface Sample {
  /** Path of a file with one message, from the profile's file. Line ends CR, LF or CRLF. */
  readonly file: string;
  readonly expect: Expectation;
}

/** What must come of a sample; what is not named is not compared. */
export interface Expectation {
  readonly ack: 'AA' | 'AE' | 'AR';
  /** Error codes of the answer, such as `AORTA_HL7_007`. @default none */
  readonly errors?: readonly string[];
  /** Reason under which it is skipped. */
  readonly skip?: string;
  readonly event?: string;
  /** ISO 8601, compared as an instant. */
  readonly occurredAt?: string;
  readonly charset?: string;
  /** All identifiers of the patient, in order. */
  readonly identifiers?: readonly { readonly system: string; readonly value: string }[];
  /** PV1-2. */
  readonly class?: string;
  /** PV1-3: point of care, room, bed. */
  readonly location?: { readonly ward?: string; readonly room?: string; readonly bed?: string };
  /** Texts at places, as the profile reads them; null: nothing there. */
  readonly fields?: Readonly<Partial<Record<PathText, string | null>>>;
  /** Extensions by URL. */
  readonly extensions?: Readonly<Record<string, string>>;
  /** Z-segments that the profile does not know. */
  readonly unknownSegments?: readonly string[];
}

/** For editors: completes and checks the keys. Several versions of one profile are an array, the one in force first. */
export const defineSourceProfile = (profile: SourceProfile): SourceProfile => profile;
