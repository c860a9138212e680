/** One thing that is read of an EHR: a FHIR query with prefetch tokens (template.ts). */
export interface Read {
  /** The prefetch key. */
  readonly key: string;
  /** `Patient/{{context.patientId}}`, `Condition?patient={{context.patientId}}&clinical-status=active`. */
  readonly template: string;
  /** The first page is all that is wanted: the newest few. */
  readonly firstPage?: boolean;
  /** Newest first; only what is younger than this many milliseconds is used, and no page after the first older one is read. */
  readonly youngerThanMs?: number;
}

const day = 24 * 60 * 60_000;
const patient = '{{context.patientId}}';

/**
 * The six clinical reads. CDS Hooks 2.0 has no token for a date relative to now, so discovery says the day itself. A
 * client that kept an old discovery sends more than is asked for: what is older than 30 days is left out whoever sent it.
 */
export const clinicalReads = {
  patient: { key: 'patient', template: `Patient/${patient}` },
  encounter: { key: 'encounter', template: `Encounter?patient=${patient}&_sort=-date&_count=5`, firstPage: true },
  conditions: { key: 'conditions', template: `Condition?patient=${patient}&clinical-status=active` },
  medications: { key: 'medications', template: `MedicationRequest?patient=${patient}&status=active` },
  labs: {
    key: 'labs',
    template: `Observation?patient=${patient}&category=laboratory&date=ge{{today() - 30 days}}&_sort=-date&_count=100`,
    youngerThanMs: 30 * day,
  },
  allergies: { key: 'allergies', template: `AllergyIntolerance?patient=${patient}` },
} as const satisfies Record<string, Read>;

/** For hooks whose context names the encounter: that one. */
export const contextEncounter = { key: 'encounter', template: 'Encounter/{{context.encounterId}}' } as const satisfies Read;

/** Beside the six in what assist and drafts are given; CDS services neither prefetch nor read it. */
export const vitalSigns = {
  key: 'vitals',
  template: `Observation?patient=${patient}&category=vital-signs&date=ge{{today() - 7 days}}&_sort=-date&_count=50`,
  youngerThanMs: 7 * day,
} as const satisfies Read;

/** The resource type that a template reads. */
export const typeOfTemplate = (template: string): string => /^[A-Z][A-Za-z]+/.exec(template)?.[0] ?? '';
/** A read of one resource by its id, not a search. */
export const isInstance = (template: string): boolean => /^[A-Z][A-Za-z]+\/[^?]+$/.test(template);
