import { hash } from 'node:crypto';
import type { Location } from '../r4.ts';
import { part, type V2Repetition } from './field.ts';

/** A place as the sender names it (PL). */
export interface Place {
  readonly facility: string;
  readonly building?: string;
  readonly floor?: string;
  /** Point of care: nursing unit, department, clinic. */
  readonly ward?: string;
  readonly room?: string;
  readonly bed?: string;
}

/** PL → Place; undefined when it names neither ward, room nor bed, nor a building or floor: a facility is no place to be in. */
export function placeOf(pl: V2Repetition | undefined): Place | undefined {
  // Each part is an HD: the namespace names it, else the universal id.
  const name = (c: number) => part(pl, c, 1) ?? part(pl, c, 2);
  const [ward, room, bed, facility, building, floor] = [1, 2, 3, 4, 7, 8].map(name);
  if (!ward && !room && !bed && !building && !floor) return undefined;
  return {
    facility: facility ?? 'unknown',
    ...(building ? { building } : {}),
    ...(floor ? { floor } : {}),
    ...(ward ? { ward } : {}),
    ...(room ? { room } : {}),
    ...(bed ? { bed } : {}),
  };
}

const levels = [
  ['bed', 'bd', 'Bed'],
  ['room', 'ro', 'Room'],
  ['ward', 'wa', 'Ward'],
  ['floor', 'lvl', 'Level'],
  ['building', 'bu', 'Building'],
  ['facility', 'si', 'Site'],
] as const;
type Level = (typeof levels)[number][0];

/** What tells a level's places apart within the facility. */
const pathTo: Readonly<Record<Level, readonly Level[]>> = {
  bed: ['ward', 'room', 'bed'],
  room: ['ward', 'room'],
  ward: ['ward'],
  floor: ['building', 'floor'],
  building: ['building'],
  facility: ['facility'],
};

/**
 * The Locations of a place, the most granular first, each `partOf` the next (datatypes/PL[Location]). Ids depend on
 * facility, ward, room and bed only, so that a sender who leaves out building or floor means the same bed.
 */
export function locationChain(place: Place): Location[] {
  const named = levels.filter(([level]) => place[level] !== undefined);
  return named.map(([level, code, display], index) => {
    const parent = named[index + 1]?.[0];
    const name = place[level] as string;
    return {
      resourceType: 'Location',
      id: locationId(place, level),
      identifier: [{ value: name }, { system: `urn:id:${place.facility}`, value: pathOf(place, level).join('/') }],
      status: 'active',
      name,
      mode: 'instance',
      physicalType: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code, display }] },
      ...(parent ? { partOf: { reference: `Location/${locationId(place, parent)}` } } : {}),
    };
  });
}

/** Id of the most granular Location of a place. */
export const locationIdOf = (place: Place): string => locationId(place, levelOf(place));

/** Same facility, ward, room and bed (or floor, or building, where nothing finer is named). */
export function samePlace(a: Place | undefined, b: Place | undefined): boolean {
  if (a === b || a === undefined || b === undefined) return a === b;
  const level = levelOf(a);
  return level === levelOf(b) && a.facility === b.facility && pathTo[level].every((step) => (a[step] ?? '') === (b[step] ?? ''));
}

const levelOf = (place: Place): Level => levels.find(([level]) => place[level] !== undefined)?.[0] ?? 'facility';

const keyOf = (place: Place, level: Level): string => JSON.stringify([place.facility, level, ...pathOf(place, level)]);

// A hospital has few places and names them in every message.
const ids = new Map<string, string>();

function locationId(place: Place, level: Level): string {
  const key = keyOf(place, level);
  let id = ids.get(key);
  if (id === undefined) {
    id = `loc-${hash('sha256', key, 'hex').slice(0, 32)}`;
    if (ids.size >= 10_000) ids.clear();
    ids.set(key, id);
  }
  return id;
}

const pathOf = (place: Place, level: Level): string[] => pathTo[level].map((step) => place[step] ?? '');
