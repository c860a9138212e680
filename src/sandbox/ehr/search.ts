import type { Resource } from '../../fhir/r4.ts';

type Json = Readonly<Record<string, unknown>>;
type Test = (resource: Json) => boolean;

/** A search that this server does not know: answered with 400, as a strict server does. */
export class UnknownSearch extends Error {}

const dates: Readonly<Record<string, readonly string[]>> = {
  Encounter: ['period.start'],
  Observation: ['effectiveDateTime'],
  Condition: ['recordedDate', 'onsetDateTime'],
  MedicationRequest: ['authoredOn'],
  AllergyIntolerance: ['recordedDate'],
  DocumentReference: ['date'],
};

const at = (resource: Json, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Json | undefined)?.[name], resource);

export const dateOf = (resource: Resource): number => {
  const path = dates[resource.resourceType]?.find((each) => at(resource as unknown as Json, each) !== undefined);
  return path === undefined ? 0 : Date.parse(String(at(resource as unknown as Json, path)));
};

/** Search parameters of R4 that the six reads, drafts and tests use. */
export function tests(type: string, query: URLSearchParams): readonly Test[] {
  const made: Test[] = [];
  for (const [name, value] of query) {
    if (['_count', '_sort', '_format', '_page'].includes(name)) continue;
    made.push(testOf(type, name, value));
  }
  return made;
}

function testOf(type: string, name: string, value: string): Test {
  switch (name) {
    case '_id':
      return ({ id }) => value.split(',').includes(String(id));
    case 'identifier':
      return ({ identifier }) => list(identifier).some((each) => token(value, each['system'], each['value']));
    case 'patient':
    case 'subject': {
      const wanted = value.replace(/^Patient\//, '');
      return ({ subject, patient, id }) => (type === 'Patient' ? id : reference(subject ?? patient)) === wanted;
    }
    case 'target':
      return ({ target }) => list(target).some((each) => reference(each) === value.replace(/^\w+\//, ''));
    case 'encounter':
      return ({ encounter }) => reference(encounter) === value.replace(/^Encounter\//, '');
    case 'status':
      return ({ status }) => value.split(',').includes(String(status));
    case 'clinical-status':
      return ({ clinicalStatus }) => concept(value, clinicalStatus);
    case 'category':
      return ({ category }) => list(category).some((each) => concept(value, each));
    case 'code':
    case 'type':
      return (resource) => concept(value, resource[name]);
    case 'date': {
      const [, prefix = 'eq', text = ''] = /^(eq|ge|gt|le|lt)?(\d{4}-\d\d-\d\d.*)$/.exec(value) ?? [];
      const limit = Date.parse(text);
      if (Number.isNaN(limit)) throw new UnknownSearch('date');
      return (resource) => compare(dateOf(resource as unknown as Resource), prefix, limit, text.length === 10 ? 86_400_000 : 1);
    }
    default:
      throw new UnknownSearch(name);
  }
}

function compare(time: number, prefix: string, limit: number, span: number): boolean {
  if (prefix === 'ge') return time >= limit;
  if (prefix === 'gt') return time >= limit + span;
  if (prefix === 'le') return time < limit + span;
  if (prefix === 'lt') return time < limit;
  return time >= limit && time < limit + span;
}

const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : value === undefined ? [] : [value as Json]);
const reference = (value: unknown): string => String((value as { reference?: string } | undefined)?.reference ?? '').replace(/^\w+\//, '');

/** Token search (R4 3.1.1.4.10): `code`, `system|code`, `|code`, several with commas. */
const token = (wanted: string, system: unknown, code: unknown): boolean =>
  wanted.split(',').some((each) => {
    const bar = each.indexOf('|');
    return bar < 0 ? each === code : each.slice(bar + 1) === code && each.slice(0, bar) === (system ?? '');
  });

const concept = (wanted: string, value: unknown): boolean =>
  list((value as { coding?: unknown } | undefined)?.coding).some((coding) => token(wanted, coding['system'], coding['code']));
