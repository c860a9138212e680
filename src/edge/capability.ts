const types = [
  ...(['Patient', 'Encounter', 'Location'] as const),
  ...(['Observation', 'DiagnosticReport', 'Specimen', 'Binary', 'AllergyIntolerance', 'Condition', 'RelatedPerson'] as const),
] as const;
export type ServedType = (typeof types)[number];
export const isServed = (type: string): type is ServedType => (types as readonly string[]).includes(type);

const identifier = { name: 'identifier', type: 'token' } as const;
const patient = { name: 'patient', type: 'reference' } as const;

/** What can be searched by; anything else is refused. */
export const searchParameters: Readonly<Record<ServedType, readonly { readonly name: string; readonly type: string }[]>> = {
  Patient: [identifier],
  Encounter: [identifier, patient],
  Location: [identifier],
  Observation: [identifier, patient],
  DiagnosticReport: [identifier, patient],
  Specimen: [identifier, patient],
  Binary: [patient],
  AllergyIntolerance: [identifier, patient],
  Condition: [identifier, patient],
  RelatedPerson: [identifier, patient],
};

/** FHIR R4 CapabilityStatement of the read side. */
export const capabilityStatement = {
  resourceType: 'CapabilityStatement',
  status: 'active',
  date: '2026-11-22',
  kind: 'instance',
  software: { name: 'Aorta' },
  implementation: { description: 'Canonical store of Aorta, read side' },
  fhirVersion: '4.0.1',
  format: ['json'],
  rest: [
    {
      mode: 'server',
      resource: types.map((type) => ({
        type,
        interaction: [{ code: 'read' }, { code: 'search-type' }],
        searchParam: searchParameters[type],
      })),
    },
  ],
};
