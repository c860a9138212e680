/**
 * `aorta/fhir`: FHIR R4 types and the mapping of HL7 v2 segments (v2-to-FHIR IG 1.0.0). Pure functions, no store.
 *
 * Facts in, resources out: a flow keeps what it knows of a patient as HL7 fields (`V2Facts`) and maps them when it
 * writes. `""` and empty are settled before (see `isDelete`); here an absent field is simply not known.
 */
export type * from './r4.ts';
export type * from './r4-clinical.ts';
export type * from './r4-results.ts';
export { allergen, allergyFields, allergyFrom } from './v2/allergy.ts';
export { conditionFrom, conditionId, type DiagnosisStanding, diagnosisFields, diagnosisKey, diagnosisOf } from './v2/condition.ts';
export { contactFields } from './v2/contact.ts';
export type { MappingContext } from './v2/context.ts';
export { fromInstant, instantOf, toDate, toDateTime } from './v2/datetime.ts';
export { decimal, parseExact } from './v2/decimal.ts';
export {
  type EncounterView,
  encounterFields,
  encounterFrom,
  encounterId,
  placesOf,
  placeText,
  type Stay,
  statusOfClass,
} from './v2/encounter.ts';
export { authorityOf, entity } from './v2/entity.ts';
export { type ExtensionSaid, extensionFacts, withExtensions } from './v2/extension.ts';
export { all, deleteMark, first, inside, isDelete, part, type V2Facts, type V2Field, type V2Repetition } from './v2/field.ts';
export { identifier, systemOf } from './v2/identifier.ts';
export { livingWillFrom, livingWillId } from './v2/living-will.ts';
export { locationChain, locationIdOf, type Place, placeOf, samePlace } from './v2/location.ts';
export { noteFields } from './v2/note.ts';
export { type ObservationView, observationFields, observationFrom, observationStatus } from './v2/observation.ts';
export { patientFields, patientFrom } from './v2/patient.ts';
export { motherFrom, relatedFrom, relatedId, relatedKey } from './v2/related.ts';
export { isUnmappable, type ReportView, reportFields, reportFrom, reportStatus } from './v2/report.ts';
export { type MessageDefaults, settle } from './v2/settle.ts';
export { specimenFields, specimenFrom } from './v2/specimen.ts';
export { eventEncounterStatus } from './v2/tables/index.ts';
export { contentTypeOf, plainText } from './v2/value.ts';
export { visitKey } from './v2/visit-key.ts';
