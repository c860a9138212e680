import type { AllergyIntolerance, CodeableConcept } from 'aorta/fhir';
import { named } from './text.ts';

/** The part of a MedicationRequest that is looked at. */
export interface Medication {
  readonly id?: string;
  readonly medicationCodeableConcept?: CodeableConcept;
  readonly medicationReference?: { readonly reference?: string; readonly display?: string };
  /** A Medication that it brings along. */
  readonly contained?: readonly { readonly resourceType?: string; readonly id?: string; readonly code?: CodeableConcept }[];
}

export interface Conflict {
  readonly allergy: string;
  readonly medication: string;
  /** `same`: the substance itself. `class`: another of its class. `cross`: a class that may react too. */
  readonly kind: 'same' | 'class' | 'cross';
  /** The allergy is confirmed or of high criticality. */
  readonly severe: boolean;
  readonly references: readonly string[];
}

/** Substances of a class by name, as they stand in RxNorm and SNOMED CT displays. */
const classes: Readonly<Record<string, readonly string[]>> = {
  penicillin: ['penicillin', 'amoxicillin', 'ampicillin', 'piperacillin', 'dicloxacillin', 'nafcillin', 'oxacillin', 'flucloxacillin'],
  cephalosporin: ['cephalosporin', 'cefazolin', 'cephalexin', 'cefalexin', 'cefuroxime', 'ceftriaxone', 'cefepime', 'cefixime', 'cefdinir'],
  nsaid: ['nsaid', 'aspirin', 'acetylsalicylic', 'ibuprofen', 'naproxen', 'diclofenac', 'ketorolac', 'indomethacin', 'meloxicam'],
  sulfonamide: ['sulfonamide', 'sulfamethoxazole', 'sulfadiazine', 'sulfasalazine', 'sulfa'],
  'ace inhibitor': ['lisinopril', 'enalapril', 'ramipril', 'captopril', 'benazepril', 'perindopril', 'quinapril'],
  statin: ['statin', 'simvastatin', 'atorvastatin', 'rosuvastatin', 'pravastatin', 'lovastatin'],
  opiate: ['opiate', 'opioid', 'codeine', 'morphine', 'oxycodone', 'hydrocodone', 'hydromorphone'],
};
/** A class → one that may cross-react. */
const crosses: Readonly<Record<string, string>> = { penicillin: 'cephalosporin', cephalosporin: 'penicillin' };

const words = (concept: CodeableConcept | undefined, display = ''): ReadonlySet<string> =>
  new Set(
    [concept?.text, display, ...(concept?.coding ?? []).map((coding) => coding.display)]
      .filter((text): text is string => typeof text === 'string')
      .flatMap((text) => text.toLowerCase().split(/[^a-z]+/))
      .filter((word) => word.length > 3),
  );

const broughtAlong = ({ medicationReference, contained }: Medication): CodeableConcept | undefined =>
  contained?.find((each) => each.resourceType === 'Medication' && medicationReference?.reference === `#${each.id}`)?.code;

const codes = (concept: CodeableConcept | undefined): readonly string[] =>
  (concept?.coding ?? []).flatMap(({ system, code }) => (system && code ? [`${system}|${code}`] : []));

/** A substance → its class. */
const classOf = new Map(Object.entries(classes).flatMap(([name, members]) => members.map((member) => [member, name] as const)));

function classesOf(found: ReadonlySet<string>): readonly string[] {
  const all: string[] = [];
  for (const word of found) {
    // Classes are written in the plural as well.
    const name = classOf.get(word) ?? classOf.get(word.replace(/s$/, ''));
    if (name !== undefined && !all.includes(name)) all.push(name);
  }
  return all;
}

const has = (concept: CodeableConcept | undefined, ...wanted: readonly string[]): boolean =>
  (concept?.coding ?? []).some(({ code }) => wanted.includes(code ?? ''));

/** Active and not refuted; without a status it counts: leaving an allergy out is the worse mistake. */
const counts = ({ clinicalStatus, verificationStatus }: AllergyIntolerance): boolean =>
  !has(clinicalStatus, 'inactive', 'resolved') && !has(verificationStatus, 'refuted', 'entered-in-error');

/** Words that say nothing of the substance. */
const common = new Set([
  'substance',
  'organism',
  'allergy',
  'finding',
  'oral',
  'tablet',
  'product',
  'solution',
  'capsule',
  'hydrochloride',
  'sodium',
  'potassium',
]);

/**
 * Medications that conflict with a recorded allergy, by rule: the same code or substance, the same class, or a class that
 * cross-reacts. It finds what names show; it is no drug database, and a card says what it was judged by.
 */
export function conflicts(allergies: readonly AllergyIntolerance[], medications: readonly Medication[]): readonly Conflict[] {
  const recorded = allergies.filter(counts);
  // Most patients have none: nothing is looked for in their medications then.
  if (recorded.length === 0) return [];
  const given = medications.map((medication) => {
    const concept = medication.medicationCodeableConcept ?? broughtAlong(medication);
    const it = words(concept, medication.medicationReference?.display);
    return { medication, concept, it, theirs: classesOf(it), theirCodes: codes(concept) };
  });
  return recorded.flatMap((allergy) => {
    const of = words(allergy.code);
    const [own, ownCodes] = [classesOf(of), new Set(codes(allergy.code))];
    return given.flatMap(({ medication, concept, it, theirs, theirCodes }): Conflict[] => {
      const same = theirCodes.some((code) => ownCodes.has(code)) || [...of].some((word) => it.has(word) && !common.has(word));
      const kind = same
        ? 'same'
        : own.some((name) => theirs.includes(name))
          ? 'class'
          : own.some((name) => theirs.includes(crosses[name] ?? ''))
            ? 'cross'
            : undefined;
      if (kind === undefined) return [];
      const severe = allergy.criticality === 'high' || has(allergy.verificationStatus, 'confirmed');
      const references = [`AllergyIntolerance/${allergy.id ?? ''}`, `MedicationRequest/${medication.id ?? ''}`];
      const medicationName = concept ? named(concept) : named({ text: medication.medicationReference?.display ?? 'a medication' });
      return [{ allergy: named(allergy.code), medication: medicationName, kind, severe, references }];
    });
  });
}
