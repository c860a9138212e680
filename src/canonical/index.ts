/**
 * The canonical store: FHIR R4 resources, a timeline and who is where, as declared tables. Flows write it by effects
 * (data, applied with their turn's state in one transaction); the edge reads it by `createCanonical`.
 *
 * - A row belongs to one patient, and only that patient's actor writes it. Locations are shared: insert-if-absent.
 * - A merged patient's rows stay where they are: `patient_link` says who it is now, and reads follow (family.ts).
 * - Bed occupancy is derived (`wards()`), never stored.
 * - The same event twice is the same timeline row; versions are counted by the writer, so a rerun writes the same.
 */
export * from './effects.ts';
export { type Paged, paged } from './paged.ts';
export { type Canonical, type CanonicalOptions, createCanonical, type SearchPage, type SearchQuery } from './read.ts';
export { canonicalTables, fhirIdentifier, type TimelineRow, timelineEvent, type VisitRow } from './tables.ts';
export type { PatientTimeline, TimelineItem } from './timeline.ts';
export type { Bed, Occupant, Room, Ward } from './wards.ts';
