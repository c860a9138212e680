/** One thing that is read of an EHR: a FHIR query with CDS Hooks 2.0 prefetch tokens. */
export interface Read {
  /** The prefetch key. */
  readonly key: string;
  /** `Patient/{{context.patientId}}`, `Condition?patient={{context.patientId}}&clinical-status=active`. */
  readonly template: string;
  /** Only for our own requests: what the template cannot say in CDS Hooks 2.0. */
  readonly narrower?: (now: number) => string;
  /** The first page is all that is wanted: the newest few. */
  readonly firstPage?: boolean;
  /** Newest first, and only what is younger than this many milliseconds is used. */
  readonly youngerThanMs?: number;
}

const day = 24 * 60 * 60_000;
const patient = '{{context.patientId}}';
const since = (ms: number) => (now: number) => `&date=ge${new Date(now - ms).toISOString().slice(0, 10)}`;

/**
 * The six clinical reads. CDS Hooks 2.0 knows no date relative to now (3.0 has `today() - 30 days`), so the template
 * asks for the newest results, and those older than 30 days are left out whoever sent them.
 */
export const clinicalReads = {
  patient: { key: 'patient', template: `Patient/${patient}` },
  encounter: { key: 'encounter', template: `Encounter?patient=${patient}&_sort=-date&_count=5`, firstPage: true },
  conditions: { key: 'conditions', template: `Condition?patient=${patient}&clinical-status=active` },
  medications: { key: 'medications', template: `MedicationRequest?patient=${patient}&status=active` },
  labs: {
    key: 'labs',
    template: `Observation?patient=${patient}&category=laboratory&_sort=-date&_count=100`,
    narrower: since(30 * day),
    youngerThanMs: 30 * day,
  },
  allergies: { key: 'allergies', template: `AllergyIntolerance?patient=${patient}` },
} as const satisfies Record<string, Read>;

/** For hooks whose context names the encounter: that one. */
export const contextEncounter = { key: 'encounter', template: 'Encounter/{{context.encounterId}}' } as const satisfies Read;

/** Beside the six in what assist and drafts are given; CDS services neither prefetch nor read it. */
export const vitalSigns = {
  key: 'vitals',
  template: `Observation?patient=${patient}&category=vital-signs&_sort=-date&_count=50`,
  narrower: since(7 * day),
  youngerThanMs: 7 * day,
} as const satisfies Read;

/** The resource type that a template reads. */
export const typeOfTemplate = (template: string): string => /^[A-Z][A-Za-z]+/.exec(template)?.[0] ?? '';
/** A read of one resource by its id, not a search. */
export const isInstance = (template: string): boolean => /^[A-Z][A-Za-z]+\/[^?]+$/.test(template);
