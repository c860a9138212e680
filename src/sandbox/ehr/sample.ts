import { readFileSync } from 'node:fs';
import type { Resource } from '../../fhir/r4.ts';
import { dateOf } from './search.ts';

const file = new URL('./data/patients.ndjson', import.meta.url);
const day = 24 * 60 * 60_000;
const dateTime = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/;

/**
 * Ten patients made by Synthea (scripts/synthea.ts), with their dates moved by whole days so that each one's newest
 * laboratory result is of yesterday: "the last 30 days" has something in it whenever the sandbox is started. What would
 * be in the future is left out. Every second patient is in the house: its newest encounter is open.
 */
export function samplePatients(now: number): readonly Resource[] {
  const all = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Resource);
  const byPatient = Map.groupBy(all, patientOf);
  return [...byPatient.values()].flatMap((resources, index) => {
    const newest = Math.max(...resources.filter((each) => JSON.stringify(each).includes('"laboratory"')).map(dateOf));
    const days = Math.floor((now - day - newest) / day);
    const moved = resources.map((resource) => moveDates(resource, days));
    return (index % 2 === 0 ? moved : admitted(moved, now)).filter((resource) => dateOf(resource) <= now);
  });
}

function patientOf(resource: Resource): string {
  const { subject, patient } = resource as { subject?: { reference: string }; patient?: { reference: string } };
  return (subject ?? patient)?.reference.slice('Patient/'.length) ?? resource.id ?? '';
}

/** Birth dates stay: an age is a fact of the person. */
function moveDates<T>(value: T, days: number, name = ''): T {
  if (typeof value === 'string') {
    if (name === 'birthDate' || !dateTime.test(value)) return value;
    const moved = new Date(Date.parse(value) + days * day).toISOString();
    return (value.length === 10 ? moved.slice(0, 10) : moved.replace(/\.000Z$/, 'Z')) as T;
  }
  if (Array.isArray(value)) return value.map((each) => moveDates(each, days)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, moveDates(each, days, key)])) as T;
}

function admitted(resources: readonly Resource[], now: number): readonly Resource[] {
  const newest = resources.find(({ resourceType }) => resourceType === 'Encounter');
  return resources.map((resource) => {
    if (resource !== newest) return resource;
    const start = new Date(now - day).toISOString().replace(/\.\d+Z$/, 'Z');
    const system = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
    return {
      ...resource,
      status: 'in-progress',
      class: { system, code: 'IMP', display: 'inpatient encounter' },
      period: { start },
    } as Resource;
  });
}
