import { table } from '../state/table.ts';

/** Newest version of every resource. `patient` is null for what patients share (Location). */
export interface ResourceRow {
  type: string;
  id: string;
  version: number;
  patient: string | null;
  updated_at: number;
  body: unknown;
}
export const fhirResource = table<ResourceRow>('fhir_resource', {
  columns: {
    type: { type: 'text' },
    id: { type: 'text' },
    version: { type: 'integer' },
    patient: { type: 'text', nullable: true, phi: true },
    updated_at: { type: 'timestamp' },
    body: { type: 'json', phi: true },
  },
  key: ['type', 'id'],
  indexes: [['patient', 'type']],
});

/** Search by identifier. `system` is empty where the identifier has none. */
export interface IdentifierRow {
  type: string;
  system: string;
  value: string;
  id: string;
}
export const fhirIdentifier = table<IdentifierRow>('fhir_identifier', {
  columns: { type: { type: 'text' }, system: { type: 'text' }, value: { type: 'text', phi: true }, id: { type: 'text' } },
  key: ['type', 'system', 'value', 'id'],
  indexes: [['type', 'value']],
});

/** One row an event: the same event twice is the same row. Order: `occurred_at`, then `sequence` (arrival). */
export interface TimelineRow {
  patient: string;
  event_id: string;
  occurred_at: number;
  sequence: number;
  type: string;
  recorded_at: number;
  sender: string;
  message_id: string;
  encounter: string | null;
  facility: string | null;
  ward: string | null;
  room: string | null;
  bed: string | null;
  /** Event id of what a Cancellation took back; null while that has not arrived. */
  cancels: string | null;
}
export const timelineEvent = table<TimelineRow>('timeline_event', {
  columns: {
    patient: { type: 'text', phi: true },
    event_id: { type: 'text' },
    occurred_at: { type: 'timestamp' },
    sequence: { type: 'integer' },
    type: { type: 'text' },
    recorded_at: { type: 'timestamp' },
    sender: { type: 'text' },
    message_id: { type: 'text' },
    encounter: { type: 'text', nullable: true, phi: true },
    facility: { type: 'text', nullable: true },
    ward: { type: 'text', nullable: true, phi: true },
    room: { type: 'text', nullable: true, phi: true },
    bed: { type: 'text', nullable: true, phi: true },
    cancels: { type: 'text', nullable: true },
  },
  key: ['patient', 'event_id'],
  indexes: [['patient', 'occurred_at', 'sequence']],
});

/** Where an encounter stands now, in columns. A row belongs to its patient alone; who is in a bed is a query over it. */
export interface VisitRow {
  encounter: string;
  patient: string;
  status: string;
  /** Most granular Location of the current stay. */
  location: string | null;
  since: number | null;
}
export const visit = table<VisitRow>('visit', {
  columns: {
    encounter: { type: 'text', phi: true },
    patient: { type: 'text', phi: true },
    status: { type: 'text' },
    location: { type: 'text', nullable: true, phi: true },
    since: { type: 'timestamp', nullable: true },
  },
  key: ['encounter'],
  indexes: [['status'], ['location'], ['patient']],
});

/** Every place ever named, one row a Location: insert-if-absent, since patients share them. */
export interface PlaceRow {
  id: string;
  level: string;
  facility: string;
  ward: string | null;
  room: string | null;
  bed: string | null;
}
export const place = table<PlaceRow>('place', {
  columns: {
    id: { type: 'text' },
    level: { type: 'text' },
    facility: { type: 'text' },
    ward: { type: 'text', nullable: true },
    room: { type: 'text', nullable: true },
    bed: { type: 'text', nullable: true },
  },
  key: ['id'],
  indexes: [['level']],
});

/** Documents whose bytes are in the blob store. What removes bodies from it must leave those that a row refers to. */
export interface BinaryRow {
  /** Of the Binary resource. */
  id: string;
  patient: string;
  /** `blob:sha256/<hex>` */
  ref: string;
  size: number;
}
export const fhirBinary = table<BinaryRow>('fhir_binary', {
  columns: { id: { type: 'text' }, patient: { type: 'text', phi: true }, ref: { type: 'text' }, size: { type: 'integer' } },
  key: ['id'],
  indexes: [['ref'], ['patient']],
});

/** Who was merged into whom (HL7 A40). The row is the merged patient's; reads of either patient show both. */
export interface PatientLinkRow {
  patient: string;
  survivor: string;
}
export const patientLink = table<PatientLinkRow>('patient_link', {
  columns: { patient: { type: 'text', phi: true }, survivor: { type: 'text', phi: true } },
  key: ['patient'],
  indexes: [['survivor']],
});

/** For `write(…, { tables })` and `state.ensureTables`. */
export const canonicalTables = [fhirResource, fhirIdentifier, timelineEvent, visit, place, fhirBinary, patientLink];
