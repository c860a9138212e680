/**
 * `aorta/fhir`: FHIR R4 types and the mapping of HL7 v2 segments (v2-to-FHIR IG 1.0.0). Pure functions, no store.
 *
 * Facts in, resources out: a flow keeps what it knows of a patient as HL7 fields (`V2Facts`) and maps them when it
 * writes. `""` and empty are settled before (see `isDelete`); here an absent field is simply not known.
 */
export type * from './r4.ts';
export type { MappingContext } from './v2/context.ts';
export { fromInstant, instantOf, toDate, toDateTime } from './v2/datetime.ts';
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
export { all, deleteMark, first, inside, isDelete, part, type V2Facts, type V2Field, type V2Repetition } from './v2/field.ts';
export { identifier, systemOf } from './v2/identifier.ts';
export { locationChain, locationIdOf, type Place, placeOf, samePlace } from './v2/location.ts';
export { patientFields, patientFrom } from './v2/patient.ts';
export { type MessageDefaults, settle } from './v2/settle.ts';
export { eventEncounterStatus } from './v2/tables/index.ts';
