import type { CodeableConcept, DomainResource, Extension, Reference } from './r4.ts';

/** Resources of what is said of a patient's health in ADT (FHIR R4 4.0.1): AllergyIntolerance, Condition. */
export interface AllergyIntolerance extends DomainResource {
  resourceType: 'AllergyIntolerance';
  clinicalStatus?: CodeableConcept;
  verificationStatus?: CodeableConcept;
  type?: 'allergy' | 'intolerance';
  category?: ('food' | 'medication' | 'environment' | 'biologic')[];
  _category?: ({ extension: Extension[] } | null)[];
  criticality?: 'low' | 'high' | 'unable-to-assess';
  _criticality?: { extension: Extension[] };
  code?: CodeableConcept;
  patient: Reference;
  onsetDateTime?: string;
  reaction?: { manifestation: CodeableConcept[]; severity?: 'mild' | 'moderate' | 'severe' }[];
}
export interface Condition extends DomainResource {
  resourceType: 'Condition';
  clinicalStatus?: CodeableConcept;
  verificationStatus?: CodeableConcept;
  category?: CodeableConcept[];
  code?: CodeableConcept;
  subject: Reference;
  encounter?: Reference;
  onsetDateTime?: string;
  recordedDate?: string;
  asserter?: Reference;
}
