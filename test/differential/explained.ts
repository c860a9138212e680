import type { Difference } from './normalise.ts';
import { isOfRow, matches, type Refusal, type Rule } from './rule.ts';

/** Messages that the other converter does not take. */
export const refusals: readonly Refusal[] = [
  {
    error: /Message type not yet supported ADT_A(02|05|11|12|13)/,
    because: 'it has no map for A02, A05, A11, A12 and A13; the guide has (tables ADT_A01, ADT_A02, ADT_A05, ADT_A11)',
  },
  { error: /Cannot parse the message/, because: 'it does not read HL7 v2.1 and 2.2, which senders still write' },
];

/** Reviewed: the first rule that fits explains a difference. "It" is the other converter. */
export const rules: readonly Rule[] = [
  // What it makes up.
  {
    id: 'made-up-number',
    side: 'theirs',
    at: /^(AllergyIntolerance|Condition|Observation|DiagnosticReport|ServiceRequest)\.identifier\./,
    because:
      'it makes numbers up where the message has none (system `urn:id:extID`, code and time as value, the visit’s number on other resources); the tables name OBX-21, DG1-20, ORC-2 to 4, OBR-2 and 3 only',
  },
  {
    id: 'visit-number-from-time',
    side: 'theirs',
    at: /^Encounter\.identifier\./,
    value: /^(\d{8,14}|VN|http:\/\/terminology\.hl7\.org\/CodeSystem\/v2-0203|(urn:id:)?(ACC1|A))$/,
    because: 'without PV1-19 it takes PID-18 or the message’s time for a visit number; row PV1-19 of PV1[Encounter] is the visit number',
  },
  {
    id: 'confirmed',
    side: 'theirs',
    at: /^AllergyIntolerance\.verificationStatus\./,
    because: 'AL1 does not say whether an allergy is confirmed, and AL1[AllergyIntolerance] has no row for it',
  },
  {
    id: 'length-computed',
    side: 'theirs',
    at: /^Encounter\.length\./,
    because: 'it computes the length from PV1-44 and PV1-45; row PV2-11 of PV2[Encounter] is the length that the sender tells',
  },
  {
    id: 'period-of-any-event',
    side: 'theirs',
    at: /^Encounter\.period\.start$/,
    because: 'it begins the visit with the time of whatever event comes; row PV1-44, else the admission’s own time',
  },
  {
    id: 'service-provider',
    side: 'theirs',
    at: /^Encounter\.serviceProvider\./,
    because: 'no row of PV1[Encounter] or PV2[Encounter] fills serviceProvider; the facility is the place’s (PL.4)',
  },
  {
    id: 'reason-reference',
    side: 'theirs',
    at: /^Encounter\.reasonReference$/,
    because: 'DG1[Encounter] makes diagnoses of the visit (Encounter.diagnosis), not reasons for it',
  },
  {
    id: 'issued-of-results',
    side: 'theirs',
    at: /^Observation\.issued$/,
    because: 'OBX[Observation] has no row for `issued`; OBR-22 is the report’s (OBR[DiagnosticReport])',
  },
  {
    id: 'preferred-language',
    side: 'theirs',
    at: /^Patient\.communication\.preferred$/,
    because: 'remark of row PID-15: `preferred` only if it is known that the value is the preferred language',
  },
  {
    id: 'name-as-text',
    side: 'theirs',
    at: /\.name\.text$/,
    because: 'XPN[HumanName] has no row for `text`: readers put the parts together as they write names',
  },
  {
    id: 'laboratory-by-specimen',
    side: 'theirs',
    at: /^Observation\.category\./,
    because: 'it calls every result with a specimen "laboratory"; rows OBX-29, and FHIR’s own category where OBR-24 leaves no doubt',
  },
  {
    id: 'category-as-text',
    side: 'theirs',
    at: /\.category\.text$/,
    because: 'it repeats the code as text; ID[CodeableConcept] has the code only',
  },
  {
    id: 'order-of-every-report',
    side: 'theirs',
    at: /^(ServiceRequest|DiagnosticReport\.basedOn)$/,
    because:
      'it makes a ServiceRequest of every report; message ORU_R01: "if a ServiceRequest needs to be created", which we do where the message tells of the order more than its numbers',
  },
  {
    id: 'visit-of-every-message',
    side: 'theirs',
    at: /^(Encounter|DiagnosticReport\.encounter|Observation\.encounter)$/,
    because:
      'it makes an Encounter of any PV1; A28 and A31 are about the person (HL7 v2.5.1, 3.3.28 and 3.3.31), and a result without a visit number belongs to no visit',
  },
  {
    id: 'results-in-adt',
    side: 'theirs',
    at: /^Observation$/,
    because: 'OBX in ADT is not read (messages/ADT_A01, rows OBX: not done)',
  },
  {
    id: 'patient-of-a-refused-event',
    side: 'theirs',
    at: /^Patient$/,
    because: 'a visit event without PV1, or an A02 without a place (row PV1-3), is skipped with a metric: what it would do is not known',
  },
  // What it does not tell.
  {
    id: 'no-status',
    at: /^Encounter\.status$/,
    because:
      'it leaves the status `unknown` but for A01; row MSH-9 of MSH[Encounter] (maps/Event), row PV1-2, and PV1-45 valued means finished',
  },
  {
    id: 'status-from-results',
    at: /^DiagnosticReport\.status$/,
    because: 'without OBR-25 it says `unknown`; the results decide (a report whose results are all final is final)',
  },
  {
    id: 'status-by-definition',
    at: /^Observation\.status$/,
    because: 'row OBX-11: X is `cancelled`, with the code beside it (status.extension)',
  },
  {
    id: 'order-status',
    at: /^ServiceRequest\.status$/,
    because: 'row ORC-1 (OrderControlCode): NW is `active`; row ORC-5 where it is valued',
  },
  { id: 'order-intent', at: /^ServiceRequest\.intent$/, because: 'row OBR-11: G is a `reflex-order`' },
  {
    id: 'more-resources',
    side: 'ours',
    at: /^(RelatedPerson|Observation|Encounter|Condition|AllergyIntolerance|Specimen|ServiceRequest)$/,
    because:
      'NK1[RelatedPerson], PD1[Observation-LivingWill], OBX of TX among other results, OBR[Specimen]: the tables have them, it does not',
  },
  {
    id: 'class-unknown',
    side: 'ours',
    at: /^Encounter\.class\./,
    value: /^(UNK|unknown|http:\/\/terminology\.hl7\.org\/CodeSystem\/v3-NullFlavor)$/,
    because: 'Encounter.class is mandatory in R4 (1..1): without PV1-2 it is "unknown", where it leaves it out',
  },
  {
    id: 'time-of-the-order',
    side: 'ours',
    at: /^Observation\.effective(DateTime|Period\..*)$/,
    because: 'without OBX-14 a result has the time of its order (rows OBR-7 and OBR-8)',
  },
  {
    id: 'analysis-is-no-effective-time',
    side: 'theirs',
    at: /^Observation\.effectiveDateTime$/,
    because: 'row OBX-19: the time of the analysis is an extension, not when the result was true of the patient',
  },
  // Codes.
  {
    id: 'icd-10',
    at: /\.coding\.system$/,
    value: /sid\/icd-10(-cm)?$/,
    because: 'table 0396: I10 is ICD-10, I10C is ICD-10-CM (the US modification)',
  },
  {
    id: 'rxnorm',
    at: /\.coding\.system$/,
    value: /(umls\/rxnorm|urn:id:RXNORM)$/,
    because: 'table 0396: RXNORM is http://www.nlm.nih.gov/research/umls/rxnorm',
  },
  {
    id: 'service-type',
    at: /^Encounter\.serviceType\.coding\./,
    because: 'map HospitalService: MED is 382 of FHIR’s service types; it keeps the v2 code. `""` deletes, and is no code',
  },
  {
    id: 'marital-status',
    at: /^Patient\.maritalStatus\.coding\./,
    because: 'map MaritalStatus: U is "unknown" (NullFlavor), not "unmarried"; `""` deletes, and is no code',
  },
  { id: 'encounter-priority', at: /^Encounter\.priority\.coding\./, because: 'map EncounterPriority: codes of v3-ActPriority' },
  {
    id: 'special-arrangement',
    at: /^Encounter\.hospitalization\.specialArrangement\.coding\./,
    because: 'map AmbulatoryStatus: codes of FHIR’s special arrangements',
  },
  {
    id: 'interpretation',
    at: /^Observation\.interpretation\.coding\./,
    because: 'map InterpretationCodes: codes of v3-ObservationInterpretation, the same letters in another system',
  },
  { id: 'religion', at: /^Patient\.extension\[patient-religion\]/, because: 'map Religion: codes of v3-ReligiousAffiliation' },
  {
    id: 'specimen-type',
    at: /^Specimen\.(type|collection\.method|condition|container\.additiveCodeableConcept)\.coding\.(system|display)$/,
    because: 'maps SpecimenType, SpecimenCollectionMethod, SpecimenCondition, AdditivePreservative: system and display with the code',
  },
  {
    id: 'system-of-the-fields-table',
    side: 'ours',
    kind: 'adds',
    at: /\.coding\.system$/,
    value: /CodeSystem\/v2-\d{4}$/,
    because: 'a code without a system of its own is of the field’s HL7 table; it leaves it without a system',
  },
  {
    id: 'language',
    side: 'ours',
    at: /\.communication\.language\.coding\.system$/,
    because: 'map PrimaryLanguage: a code that is a BCP 47 tag is of urn:ietf:bcp:47',
  },
  {
    id: 'display',
    at: /\.(coding\.display|display|class\.display)$/,
    kind: 'differs',
    because: 'words of a code: the map’s or the sender’s; it takes FHIR’s',
  },
  {
    id: 'display-added',
    side: 'theirs',
    at: /\.(coding|class)\.display$/,
    because: 'it looks up the words of codes; FHIR leaves them to the writer',
  },
  {
    id: 'original-text',
    at: /^(Condition\.code|Encounter\.reasonCode|Observation\.valueCodeableConcept)\.text$/,
    kind: 'differs',
    because: 'CWE.9 is the original text (row CWE.9), and DG1-4 that of a diagnosis (row DG1-4); it takes CWE.2',
  },
  // Numbers and authorities.
  {
    id: 'authority-of-iso',
    at: /identifier\.system$/,
    kind: 'differs',
    because:
      'HD[uri]: an authority with a universal id is urn:oid: or urn:uuid:; an EI’s authority is its system, and the sender’s own (MSH-4) where it names none; it takes the namespace, or none',
  },
  {
    id: 'authority-of-the-sender',
    side: 'ours',
    kind: 'adds',
    at: /identifier\.system$/,
    because: 'a number is unique only with its authority: the one named (HD, EI.2 to 4), else the sender’s own (MSH-4)',
  },
  { id: 'assigner', side: 'ours', at: /assigner\.display$/, because: 'rows CX.4, XCN.9, XON.6: the authority as assigner, too' },
  // Text and times.
  {
    id: 'escapes',
    kind: 'differs',
    at: /^Patient\.address\.line$/,
    because: 'HL7 v2.5.1, 2.7: \\X..\\ are the bytes that it writes; it keeps the sequence',
  },
  {
    id: 'offset-of-the-message',
    at: /^Encounter\.period\.start$/,
    kind: 'differs',
    because: 'HL7 v2.5.1, 2.15.9.7: the offset of MSH-7 holds for the times of the message that have none',
  },
  {
    id: 'whole-maiden-name',
    at: /^Patient\.extension\[patient-mothersMaidenName\]\.valueString$/,
    because: 'row XPN.1 of XPN[string]: the parts together; it takes the family name only',
  },
  {
    id: 'narrative',
    at: /^Encounter\.text\.(div|status)$/,
    because: 'row PV2-12: the same words; it puts a paragraph around them',
  },
  {
    id: 'delete-is-no-number',
    side: 'theirs',
    at: /^Patient\.telecom\.(value|system)$/,
    value: /^(""|phone)$/,
    because: 'HL7 v2.5.1, 2.5.3: `""` deletes what is stored; it takes it for a number',
  },
  {
    id: 'use-of-a-mail-address',
    side: 'theirs',
    kind: 'adds',
    at: /^Patient\.telecom\.use$/,
    value: /^home$/,
    because:
      'XTN[ContactPoint], row XTN.2: NET is no use of FHIR (map TelecommunicationUseCode), and PID-13 says `home` only where XTN.2 is empty',
  },
  {
    id: 'telecom-system-and-use',
    kind: 'differs',
    at: /telecom\.(system|use)$/,
    because: 'XTN[ContactPoint], rows XTN.2 and XTN.3: the use and equipment that are given; it takes them from the field',
  },
  // Values.
  {
    id: 'criticality',
    side: 'theirs',
    at: /^AllergyIntolerance\.criticality$/,
    because:
      'AL1-4 "if severity was used equivalent to criticality": a choice; ours is the reaction’s severity unless `allergySeverity` says otherwise',
  },
  {
    id: 'repetitions',
    side: 'theirs',
    at: /^Observation\.(value[A-Z]\w+|referenceRange)(\.|$)/,
    because:
      'OBX[Observation-Component]: a repeated OBX-5 is a component each, with the range of each; rows OBX-5 "SN": what is no number, comparison, range or ratio is text with its unit; without a value there is no Quantity. It takes the first repetition, and the number of any SN',
  },
  {
    id: 'range-above',
    at: /^Observation\.referenceRange\./,
    because: 'OBX-7 ">=150" is a lower limit; it takes it for an upper one. Limits have the unit’s code, too',
  },
  {
    id: 'device',
    side: 'theirs',
    at: /^Observation\.device$/,
    because: 'row OBX-18: the device by its number (a logical reference); it makes a Device of it',
  },
  {
    id: 'order-times',
    side: 'theirs',
    at: /^ServiceRequest\.(authoredOn|occurrenceDateTime)$/,
    because: 'rows ORC-9 (authoredOn "if ORC-1 is NW") and OBR-6 (occurrence); it takes ORC-9 and OBR-7 for them in any case',
  },
  {
    id: 'order-reason',
    side: 'theirs',
    at: /^ServiceRequest\.reasonCode\./,
    because: 'row ORC-16: the reason of the order’s control code is an extension (request-statusReason), OBR-31 the reason of the order',
  },
  {
    id: 'number-beside-made-up-ones',
    side: 'ours',
    kind: 'differs',
    at: /^(DiagnosticReport|ServiceRequest)\.identifier\.(value|type\.coding\.code)$/,
    instead: /^(\d{8,14}|VN)$/,
    because: 'rows ORC-4, ORC-33, ORC-38 and OBR-53 are numbers of their own; beside them it has the ones that it makes up',
  },
  {
    id: 'version-of-a-code',
    side: 'ours',
    kind: 'differs',
    at: /^Observation\.valueCodeableConcept\.coding\.version$/,
    instead: /^SCT$/,
    because: 'rows CWE.7, 8 and 13 are the versions; it reads CWE.6 (the alternate system) as one',
  },
  {
    id: 'unit-in-words',
    side: 'ours',
    kind: 'differs',
    at: /^Observation\.valueQuantity\.unit$/,
    value: /^[a-z ]{4,}$/,
    because: 'row CWE.2 of CWE[Quantity]: the unit in words; it repeats the code',
  },
  {
    id: 'clinical-status',
    side: 'ours',
    at: /^Condition\.clinicalStatus\./,
    because: 'FHIR R4, con-3: a condition has a clinical status unless it was entered in error; that on the newest list is active',
  },
  {
    id: 'withdrawn-diagnosis',
    side: 'theirs',
    at: /^Encounter\.diagnosis\./,
    because: 'row DG1-21: D withdraws the diagnosis, which is none of the visit’s any more',
  },
  {
    id: 'document-in-the-report',
    side: 'ours',
    at: /^DiagnosticReport\.presentedForm\./,
    because: 'FHIR R4, DiagnosticReport.presentedForm: documents inside OBX (row OBX-5, ED) are the report as the laboratory shows it',
  },
  {
    id: 'linked',
    side: 'ours',
    at: /^(DiagnosticReport\.(result|specimen)|Specimen\.subject)$/,
    because: 'message ORU_R01, column References: reports name their results and specimens, and specimens their patient',
  },
  {
    id: 'collected-over-time',
    side: 'theirs',
    at: /^Specimen\.collection\.collectedDateTime$/,
    because: 'rows SPM-17: with an end (SPM-17.2) it is a period',
  },
  // The rest: rows that it does not have.
  {
    id: 'row-of-the-table',
    side: 'ours',
    kind: 'adds',
    at: /./,
    because:
      'a row of the tables fills the element (docs/v2-to-fhir.md), and a message shows it; it does not map that row, or only for one value',
  },
];

/** The rule that explains a difference. */
export function explain(difference: Difference): Rule | undefined {
  return rules.find((rule) => matches(rule, difference) && (rule.id !== 'row-of-the-table' || isOfRow(difference.path)));
}
