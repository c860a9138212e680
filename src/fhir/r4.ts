/**
 * The parts of FHIR R4 (4.0.1) that Aorta writes, as types. `@types/fhir` 3.x describes STU3 only; these follow the
 * R4 StructureDefinitions by name, cardinality and required bindings.
 */
export interface Extension {
  url: string;
  valueString?: string;
  valueBoolean?: boolean;
  valueCode?: string;
  valueDateTime?: string;
  valueCodeableConcept?: CodeableConcept;
  valueAddress?: Address;
  valueDecimal?: number;
  valueCoding?: Coding;
  valueReference?: Reference;
  valueContactPoint?: ContactPoint;
  valueQuantity?: { value: number; unit?: string; system?: string; code?: string };
  extension?: Extension[];
}
export interface Coding {
  system?: string;
  version?: string;
  code?: string;
  display?: string;
}
export interface CodeableConcept {
  coding?: Coding[];
  text?: string;
}
export interface Period {
  start?: string;
  end?: string;
}
export interface Reference {
  extension?: Extension[];
  reference?: string;
  type?: string;
  identifier?: Identifier;
  display?: string;
}
export interface Identifier {
  extension?: Extension[];
  use?: 'usual' | 'official' | 'temp' | 'secondary' | 'old';
  type?: CodeableConcept;
  system?: string;
  value?: string;
  period?: Period;
  assigner?: Reference;
}
export type NameUse = 'usual' | 'official' | 'temp' | 'nickname' | 'anonymous' | 'old' | 'maiden';
export interface HumanName {
  extension?: Extension[];
  use?: NameUse;
  text?: string;
  family?: string;
  _family?: { extension: Extension[] };
  given?: string[];
  prefix?: string[];
  suffix?: string[];
  period?: Period;
}
export interface Address {
  extension?: Extension[];
  use?: 'home' | 'work' | 'temp' | 'old' | 'billing';
  type?: 'postal' | 'physical' | 'both';
  text?: string;
  line?: string[];
  city?: string;
  district?: string;
  state?: string;
  postalCode?: string;
  country?: string;
  period?: Period;
}
export interface ContactPoint {
  extension?: Extension[];
  system?: 'phone' | 'fax' | 'email' | 'pager' | 'url' | 'sms' | 'other';
  value?: string;
  use?: 'home' | 'work' | 'temp' | 'old' | 'mobile';
  rank?: number;
  period?: Period;
}
export interface Meta {
  versionId?: string;
  lastUpdated?: string;
  security?: Coding[];
}
export interface Resource {
  resourceType: string;
  id?: string;
  meta?: Meta;
}
export interface DomainResource extends Resource {
  extension?: Extension[];
  identifier?: Identifier[];
}
export interface PatientContact {
  relationship?: CodeableConcept[];
  name?: HumanName;
  telecom?: ContactPoint[];
  address?: Address;
  gender?: 'male' | 'female' | 'other' | 'unknown';
  organization?: Reference;
  period?: Period;
}
export interface PatientLink {
  other: Reference;
  type: 'replaced-by' | 'replaces' | 'refer' | 'seealso';
}
export interface Patient extends DomainResource {
  resourceType: 'Patient';
  active?: boolean;
  name?: HumanName[];
  telecom?: ContactPoint[];
  gender?: 'male' | 'female' | 'other' | 'unknown';
  birthDate?: string;
  _birthDate?: { extension: Extension[] };
  deceasedBoolean?: boolean;
  deceasedDateTime?: string;
  address?: Address[];
  maritalStatus?: CodeableConcept;
  multipleBirthBoolean?: boolean;
  multipleBirthInteger?: number;
  contact?: PatientContact[];
  communication?: { language: CodeableConcept }[];
  generalPractitioner?: Reference[];
  link?: PatientLink[];
}
/** Somebody who has to do with a patient (NK1). */
export interface RelatedPerson extends DomainResource {
  resourceType: 'RelatedPerson';
  active?: boolean;
  patient: Reference;
  relationship?: CodeableConcept[];
  name?: HumanName[];
  telecom?: ContactPoint[];
  gender?: Patient['gender'];
  birthDate?: string;
  address?: Address[];
  period?: Period;
  communication?: { language: CodeableConcept }[];
}
export type EncounterStatus =
  | 'planned'
  | 'arrived'
  | 'triaged'
  | 'in-progress'
  | 'onleave'
  | 'finished'
  | 'cancelled'
  | 'entered-in-error'
  | 'unknown';
export type EncounterLocationStatus = 'planned' | 'active' | 'reserved' | 'completed';
export interface EncounterLocation {
  extension?: Extension[];
  location: Reference;
  status?: EncounterLocationStatus;
  period?: Period;
}
export interface EncounterParticipant {
  type?: CodeableConcept[];
  individual?: Reference;
}
export interface EncounterHospitalization {
  preAdmissionIdentifier?: Identifier;
  admitSource?: CodeableConcept;
  reAdmission?: CodeableConcept;
  specialCourtesy?: CodeableConcept[];
  specialArrangement?: CodeableConcept[];
  dietPreference?: CodeableConcept[];
  destination?: Reference;
  dischargeDisposition?: CodeableConcept;
}
export interface EncounterDiagnosis {
  condition: Reference;
  use?: CodeableConcept;
  rank?: number;
}
export interface Encounter extends DomainResource {
  resourceType: 'Encounter';
  text?: Narrative;
  episodeOfCare?: Reference[];
  account?: Reference[];
  status: EncounterStatus;
  class: Coding;
  type?: CodeableConcept[];
  serviceType?: CodeableConcept;
  priority?: CodeableConcept;
  subject?: Reference;
  participant?: EncounterParticipant[];
  period?: Period;
  length?: { value: number; unit: string; system: string; code: string };
  reasonCode?: CodeableConcept[];
  diagnosis?: EncounterDiagnosis[];
  hospitalization?: EncounterHospitalization;
  location?: EncounterLocation[];
}
export interface Narrative {
  status: 'generated' | 'extensions' | 'additional' | 'empty';
  /** XHTML. */
  div: string;
}
export interface Location extends DomainResource {
  resourceType: 'Location';
  status?: 'active' | 'suspended' | 'inactive';
  name?: string;
  description?: string;
  mode?: 'instance' | 'kind';
  physicalType?: CodeableConcept;
  partOf?: Reference;
}
