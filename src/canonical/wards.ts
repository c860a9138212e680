import type { Patient } from '../fhir/r4.ts';
import type { State } from '../state/port.ts';
import { survivors } from './family.ts';
import type { PlaceRow } from './tables.ts';

export interface Occupant {
  readonly patientId: string;
  readonly encounterId: string;
  /** PHI: for those who may see it. */
  readonly name?: string;
  /** Milliseconds since 1970: start of the current stay. */
  readonly since?: number;
}

export interface Bed {
  readonly name: string;
  readonly locationId: string;
  /** Newest first. More than one: a discharge or transfer has not arrived yet. */
  readonly occupants: readonly Occupant[];
}

export interface Room {
  readonly name: string;
  readonly locationId: string;
  readonly beds: readonly Bed[];
  /** In the room, bed not named. */
  readonly occupants: readonly Occupant[];
}

export interface Ward {
  readonly facility: string;
  readonly name: string;
  readonly locationId: string;
  readonly rooms: readonly Room[];
  /** In the ward, room not named. */
  readonly occupants: readonly Occupant[];
  readonly beds: number;
  readonly occupied: number;
}

/**
 * Who is where, derived from the visits: no row of a bed says who is in it, so none can be left wrong. A patient who was
 * merged into another is shown as that one.
 */
export async function wards(state: Pick<State, 'query'>): Promise<readonly Ward[]> {
  const places = await state.query<PlaceRow>(
    "SELECT id, level, facility, ward, room, bed FROM place WHERE level IN ('ward', 'room', 'bed') ORDER BY facility, ward, room, bed",
    [],
  );
  const here = await state.query<{ encounter: string; patient: string; location: string; since: number | null; body: unknown }>(
    `SELECT v.encounter AS encounter, v.patient AS patient, v.location AS location, v.since AS since, p.body AS body
     FROM visit v LEFT JOIN fhir_resource p ON p.type = 'Patient' AND p.id = v.patient
     WHERE v.status = 'in-progress' AND v.location IS NOT NULL ORDER BY v.since DESC, v.encounter`,
    [],
  );
  const now = await survivors(state, [...new Set(here.map(({ patient }) => patient))]);
  const merged = [...new Set(here.flatMap(({ patient }) => (now.get(patient) === patient ? [] : [now.get(patient) as string])))];
  const bodies = new Map<string, unknown>();
  for (const id of merged) {
    const [row] = await state.query<{ body: unknown }>("SELECT body FROM fhir_resource WHERE type = 'Patient' AND id = ?", [id]);
    bodies.set(id, row?.body);
  }
  const byLocation = Map.groupBy(here, (row) => row.location);
  const occupants = (id: string | undefined): Occupant[] =>
    ((id && byLocation.get(id)) || []).map((row) => {
      const patientId = now.get(row.patient) ?? row.patient;
      const name = nameOf(bodies.has(patientId) ? bodies.get(patientId) : row.body);
      return {
        patientId,
        encounterId: row.encounter,
        ...(name ? { name } : {}),
        ...(row.since === null ? {} : { since: Number(row.since) }),
      };
    });

  const byWard = Map.groupBy(places, (row) => JSON.stringify([row.facility, row.ward]));
  return [...byWard.values()].map((inWard): Ward => {
    const itself = inWard.find((row) => row.level === 'ward');
    const rooms = [
      ...Map.groupBy(
        inWard.filter((row) => row.level !== 'ward'),
        (row) => row.room,
      ).values(),
    ].map((inRoom): Room => {
      const room = inRoom.find((row) => row.level === 'room');
      const beds = inRoom
        .filter((row) => row.level === 'bed')
        .map((row): Bed => ({ name: row.bed ?? '', locationId: row.id, occupants: occupants(row.id) }));
      return { name: inRoom[0]?.room ?? '', locationId: room?.id ?? '', beds, occupants: occupants(room?.id) };
    });
    const beds = rooms.flatMap((room) => room.beds);
    return {
      facility: inWard[0]?.facility ?? '',
      name: inWard[0]?.ward ?? '',
      locationId: itself?.id ?? '',
      rooms,
      occupants: occupants(itself?.id),
      beds: beds.length,
      occupied: beds.filter((bed) => bed.occupants.length > 0).length,
    };
  });
}

function nameOf(body: unknown): string | undefined {
  if (body === null || body === undefined) return undefined;
  const patient = (typeof body === 'string' ? JSON.parse(body) : body) as Patient;
  const name = patient.name?.find((each) => each.use === 'official') ?? patient.name?.[0];
  const words = [...(name?.given ?? []), ...(name?.family ? [name.family] : [])];
  return words.length === 0 ? undefined : words.join(' ');
}
