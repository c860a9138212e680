import type {
  Address,
  CodeableConcept,
  Coding,
  ContactPoint,
  DomainResource,
  Extension,
  Identifier,
  Meta,
  Period,
  Reference,
  Resource,
} from './r4.ts';

/** Resources of results (FHIR R4 4.0.1): Observation, DiagnosticReport, Specimen, Binary. */
export interface Quantity {
  extension?: Extension[];
  value?: number;
  comparator?: '<' | '<=' | '>=' | '>';
  unit?: string;
  system?: string;
  code?: string;
}
export interface Range {
  extension?: Extension[];
  low?: Quantity;
  high?: Quantity;
}
export interface Ratio {
  extension?: Extension[];
  numerator?: Quantity;
  denominator?: Quantity;
}
export interface Attachment {
  extension?: Extension[];
  contentType?: string;
  data?: string;
  url?: string;
  /** Bytes before base64. */
  size?: number;
  /** SHA-1 as base64. */
  hash?: string;
  title?: string;
}
export interface Annotation {
  authorReference?: Reference;
  time?: string;
  text: string;
}
export interface ReferenceRange {
  low?: Quantity;
  high?: Quantity;
  text?: string;
}
/** R4 asks for a period (milliseconds between samples), which HL7 v2 does not tell: it is said to be unknown. */
export interface SampledData {
  origin: Quantity;
  _period: { extension: Extension[] };
  dimensions: number;
  /** Samples, a space between. */
  data: string;
}
/** What `value[x]` may be here. */
export interface ObservationValue {
  valueQuantity?: Quantity;
  valueCodeableConcept?: CodeableConcept;
  valueString?: string;
  valueRange?: Range;
  valueRatio?: Ratio;
  valueTime?: string;
  valueDateTime?: string;
  valuePeriod?: Period;
  valueSampledData?: SampledData;
  /** R5's `valueAttachment`, as an extension in R4. */
  extension?: AttachmentExtension[];
}
export interface AttachmentExtension {
  url: string;
  valueAttachment: Attachment;
}
export type ObservationStatus =
  | 'registered'
  | 'preliminary'
  | 'final'
  | 'amended'
  | 'corrected'
  | 'cancelled'
  | 'entered-in-error'
  | 'unknown';
export interface ObservationComponent extends ObservationValue {
  code: CodeableConcept;
  interpretation?: CodeableConcept[];
  referenceRange?: ReferenceRange[];
}
export interface ContainedOrganization {
  resourceType: 'Organization';
  id: string;
  identifier?: Identifier[];
  name?: string;
  telecom?: ContactPoint[];
  address?: Address[];
}
export interface ContainedPractitionerRole {
  resourceType: 'PractitionerRole';
  id: string;
  telecom?: ContactPoint[];
  period?: Period;
  practitioner?: Reference;
  organization?: Reference;
  code?: CodeableConcept[];
}
export interface Observation extends Omit<DomainResource, 'extension'>, Omit<ObservationValue, 'extension'> {
  resourceType: 'Observation';
  extension?: (Extension | AttachmentExtension)[];
  contained?: (ContainedOrganization | ContainedPractitionerRole)[];
  status: ObservationStatus;
  _status?: { extension: Extension[] };
  category?: CodeableConcept[];
  code: CodeableConcept;
  subject?: Reference;
  encounter?: Reference;
  effectiveDateTime?: string;
  effectivePeriod?: Period;
  performer?: Reference[];
  dataAbsentReason?: CodeableConcept;
  interpretation?: CodeableConcept[];
  note?: Annotation[];
  bodySite?: CodeableConcept;
  method?: CodeableConcept;
  specimen?: Reference;
  device?: Reference;
  referenceRange?: ReferenceRange[];
  component?: ObservationComponent[];
}
export type DiagnosticReportStatus =
  | 'registered'
  | 'partial'
  | 'preliminary'
  | 'final'
  | 'amended'
  | 'corrected'
  | 'appended'
  | 'cancelled'
  | 'entered-in-error'
  | 'unknown';
/** The order as a result's message tells it: it has no life of its own here. */
export interface ContainedServiceRequest {
  resourceType: 'ServiceRequest';
  id: string;
  meta?: Meta & { security?: Coding[] };
  extension?: Extension[];
  identifier?: Identifier[];
  basedOn?: Reference[];
  requisition?: Identifier;
  status: 'draft' | 'active' | 'on-hold' | 'revoked' | 'completed' | 'entered-in-error' | 'unknown';
  intent: 'order' | 'reflex-order';
  priority?: 'routine' | 'urgent' | 'asap' | 'stat';
  code?: CodeableConcept;
  orderDetail?: CodeableConcept[];
  subject: Reference;
  occurrenceDateTime?: string;
  authoredOn?: string;
  requester?: Reference;
  locationCode?: CodeableConcept[];
  reasonCode?: CodeableConcept[];
  note?: Annotation[];
}
export interface DiagnosticReport extends DomainResource {
  resourceType: 'DiagnosticReport';
  contained?: (ContainedServiceRequest | ContainedPractitionerRole | ContainedOrganization)[];
  meta?: Meta & { security?: Coding[] };
  basedOn?: Reference[];
  status: DiagnosticReportStatus;
  category?: CodeableConcept[];
  code: CodeableConcept;
  subject?: Reference;
  encounter?: Reference;
  effectiveDateTime?: string;
  effectivePeriod?: Period;
  issued?: string;
  performer?: (Reference & { extension?: Extension[] })[];
  resultsInterpreter?: Reference[];
  specimen?: Reference[];
  result?: Reference[];
  presentedForm?: Attachment[];
}
export interface SpecimenCollection {
  collector?: Reference;
  collectedDateTime?: string;
  collectedPeriod?: Period;
  quantity?: Quantity;
  fastingStatusCodeableConcept?: CodeableConcept;
  method?: CodeableConcept;
  bodySite?: CodeableConcept;
}
export interface SpecimenContainer {
  type?: CodeableConcept;
  additiveCodeableConcept?: CodeableConcept;
}
export interface Specimen extends DomainResource {
  resourceType: 'Specimen';
  accessionIdentifier?: Identifier;
  status?: 'available' | 'unavailable' | 'unsatisfactory' | 'entered-in-error';
  type?: CodeableConcept;
  subject?: Reference;
  receivedTime?: string;
  parent?: Reference[];
  collection?: SpecimenCollection;
  container?: SpecimenContainer[];
  condition?: CodeableConcept[];
  note?: Annotation[];
}
export interface Binary extends Resource {
  resourceType: 'Binary';
  contentType: string;
  securityContext?: Reference;
  data?: string;
}
