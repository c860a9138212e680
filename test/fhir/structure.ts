/**
 * Structural checks of the R4 resources that the mapping makes: mandatory elements, required bindings, formats, no empty
 * values, references that can be resolved by type. Our own second reading of the standard, not the mapping's code.
 */
const bindings: Record<string, readonly string[]> = {
  'Patient.gender': ['male', 'female', 'other', 'unknown'],
  'HumanName.use': ['usual', 'official', 'temp', 'nickname', 'anonymous', 'old', 'maiden'],
  'Address.use': ['home', 'work', 'temp', 'old', 'billing'],
  'Address.type': ['postal', 'physical', 'both'],
  'ContactPoint.system': ['phone', 'fax', 'email', 'pager', 'url', 'sms', 'other'],
  'ContactPoint.use': ['home', 'work', 'temp', 'old', 'mobile'],
  'Encounter.status': ['planned', 'arrived', 'triaged', 'in-progress', 'onleave', 'finished', 'cancelled', 'entered-in-error', 'unknown'],
  'EncounterLocation.status': ['planned', 'active', 'reserved', 'completed'],
  'Location.status': ['active', 'suspended', 'inactive'],
  'Location.mode': ['instance', 'kind'],
  'Observation.status': ['registered', 'preliminary', 'final', 'amended', 'corrected', 'cancelled', 'entered-in-error', 'unknown'],
  'DiagnosticReport.status': [
    ...['registered', 'partial', 'preliminary', 'final', 'amended', 'corrected', 'appended', 'cancelled', 'entered-in-error', 'unknown'],
  ],
  'Specimen.status': ['available', 'unavailable', 'unsatisfactory', 'entered-in-error'],
  'valueQuantity.comparator': ['<', '<=', '>=', '>'],
  'AllergyIntolerance.type': ['allergy', 'intolerance'],
  'AllergyIntolerance.criticality': ['low', 'high', 'unable-to-assess'],
  'reaction.severity': ['mild', 'moderate', 'severe'],
  'RelatedPerson.gender': ['male', 'female', 'other', 'unknown'],
  'contact.gender': ['male', 'female', 'other', 'unknown'],
};
const kinds: Record<string, string> = { name: 'HumanName', address: 'Address', telecom: 'ContactPoint', location: 'EncounterLocation' };
const mandatory: Record<string, readonly string[]> = {
  Patient: ['id'],
  Encounter: ['id', 'status', 'class'],
  Location: ['id'],
  EncounterLocation: ['location'],
  Extension: ['url'],
  Observation: ['id', 'status', 'code'],
  DiagnosticReport: ['id', 'status', 'code'],
  Specimen: ['id'],
  Binary: ['id', 'contentType'],
  AllergyIntolerance: ['id', 'patient'],
  Condition: ['id', 'subject'],
  RelatedPerson: ['id', 'patient'],
  text: ['status', 'div'],
  component: ['code'],
  note: ['text'],
  diagnosis: ['condition'],
  reaction: ['manifestation'],
};
const types = 'Patient|RelatedPerson|Location|Encounter|Observation|DiagnosticReport|Specimen|Binary|AllergyIntolerance|Condition';
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const dateTime =
  /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-](0\d|1[0-4]):[0-5]\d))?)?)?$/;
const date = /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/;

export function structureProblems(resource: { resourceType: string; id?: string }): string[] {
  const problems: string[] = [];
  const say = (path: string, problem: string) => problems.push(`${path}: ${problem}`);
  if (!/^[A-Za-z0-9\-.]{1,64}$/.test(resource.id ?? '')) say(resource.resourceType, 'id');

  const contained = new Set(((resource as { contained?: { id: string }[] }).contained ?? []).map(({ id }) => id));
  const values = Object.keys(resource).filter((name) => /^value[A-Z]/.test(name));
  if (values.length > 1) say(resource.resourceType, 'value[x] twice');
  if (values.length > 0 && 'dataAbsentReason' in resource) say(resource.resourceType, 'obs-6: a value and a reason for none');

  const visit = (value: unknown, path: string, kind: string): void => {
    if (value === undefined || value === null || value === '') return void say(path, 'empty value');
    if (typeof value === 'string' && value !== value.trim()) say(path, 'surrounding space');
    if (typeof value !== 'object') return;
    if (Array.isArray(value)) {
      if (value.length === 0) say(path, 'empty array');
      for (const [i, each] of value.entries()) visit(each, `${path}[${i}]`, kind);
      return;
    }
    const object = value as Record<string, unknown>;
    if (Object.keys(object).length === 0) say(path, 'empty object');
    for (const name of mandatory[kind] ?? []) if (!(name in object)) say(path, `${name} is missing`);
    for (const [name, member] of Object.entries(object)) {
      const codes = bindings[`${kind}.${name}`];
      if (codes && !codes.includes(member as string)) say(`${path}.${name}`, `code ${String(member)}`);
      if (/DateTime$/.test(name) || (kind === 'Period' && (name === 'start' || name === 'end')))
        if (!dateTime.test(member as string)) say(`${path}.${name}`, 'dateTime');
      if (name === 'birthDate' && !date.test(member as string)) say(`${path}.${name}`, 'date');
      if (name === 'system' && kind !== 'ContactPoint' && !/^(urn:|https?:)\S+$/.test(member as string)) say(`${path}.${name}`, 'uri');
      if (name === 'issued' && !instant.test(member as string)) say(`${path}.${name}`, 'instant');
      if (name === 'reference' && typeof member === 'string') {
        const local = member.startsWith('#') && contained.has(member.slice(1));
        if (!local && !new RegExp(`^(${types})/[A-Za-z0-9\\-.]{1,64}$`).test(member)) say(`${path}.${name}`, 'reference');
      }
      const inner =
        name === 'extension'
          ? 'Extension'
          : name === 'period'
            ? 'Period'
            : name === 'telecom' || name === 'valueContactPoint'
              ? 'ContactPoint'
              : kind === resource.resourceType || kind === 'contact'
                ? typeof member === 'object'
                  ? (kinds[name] ?? name)
                  : name
                : name;
      visit(member, `${path}.${name}`, inner);
    }
    const period = object['period'] as { start?: string; end?: string } | undefined;
    if (period?.start && period.end?.includes('T') && Date.parse(period.end) < Date.parse(period.start))
      say(path, 'period ends before it starts');
    if (kind === 'ContactPoint' && 'value' in object && !('system' in object)) say(path, 'cpt-2: a value needs a system');
    if (kind === 'Extension' && Number('extension' in object) + Object.keys(object).filter((name) => name.startsWith('value')).length !== 1)
      say(path, 'ext-1');
  };
  visit(resource, resource.resourceType, resource.resourceType);
  return problems;
}
