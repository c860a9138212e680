import type { State } from '../state/port.ts';
import type { PatientLinkRow } from './tables.ts';

/** Ids asked for in one statement. */
const perStatement = 200;

/**
 * The ids of one person: the patient, whoever was merged into it, and whoever it was merged into. Rows keep the id they
 * were written under, so reads ask for all of them. Ends also where links should form a circle.
 */
export async function family(state: Pick<State, 'query'>, patientId: string): Promise<readonly string[]> {
  const ids = new Set([patientId]);
  for (let asked = [patientId]; asked.length > 0; ) {
    const found = await links(state, asked, 'patient = ? OR survivor = ?', 2);
    asked = found.flatMap(({ patient, survivor }) => [patient, survivor]).filter((id) => !ids.has(id));
    for (const id of asked) ids.add(id);
  }
  return [...ids];
}

/** Who each of the patients is now: itself, or the survivor of its merges. */
export async function survivors(state: Pick<State, 'query'>, patients: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const into = new Map<string, string>();
  const seen = new Set(patients);
  for (let asked = [...seen]; asked.length > 0; ) {
    const found = await links(state, asked, 'patient = ?', 1);
    for (const { patient, survivor } of found) into.set(patient, survivor);
    asked = [...new Set(found.map(({ survivor }) => survivor).filter((id) => !seen.has(id)))];
    for (const id of asked) seen.add(id);
  }
  return new Map(
    patients.map((patient) => {
      let now = patient;
      const passed = new Set<string>();
      for (let next = into.get(now); next !== undefined && !passed.has(next); next = into.get(now)) {
        passed.add(next);
        now = next;
      }
      return [patient, now];
    }),
  );
}

async function links(
  state: Pick<State, 'query'>,
  ids: readonly string[],
  where: string,
  times: number,
): Promise<readonly PatientLinkRow[]> {
  const found: PatientLinkRow[] = [];
  for (let at = 0; at < ids.length; at += perStatement) {
    const part = ids.slice(at, at + perStatement);
    const clause = part.map(() => `(${where})`).join(' OR ');
    const params = part.flatMap((id) => Array<string>(times).fill(id));
    found.push(...(await state.query<PatientLinkRow>(`SELECT patient, survivor FROM patient_link WHERE ${clause}`, params)));
  }
  return found;
}
