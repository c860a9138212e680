import {
  conditionId,
  type DiagnosisStanding,
  diagnosisKey,
  diagnosisOf,
  type EncounterView,
  first,
  instantOf,
  isDelete,
  type Period,
  type Place,
  part,
  placeOf,
  samePlace,
  statusOfClass,
  toDateTime,
  type V2Facts,
  type V2Field,
} from 'aorta/fhir';
import { cancellations, inOrder } from './cancel.ts';
import type { StepKind } from './steps.ts';

/** One event of a visit, as the actor keeps it. */
export interface VisitEvent {
  readonly id: string;
  readonly kind: StepKind;
  /** Event time, milliseconds since 1970; `when` is the same as FHIR dateTime. */
  readonly at: number;
  readonly when: string;
  /** Order of arrival. */
  readonly seq: number;
  /** PV1 and PV2 of the message, `""` included. */
  readonly facts: V2Facts;
  /** DG1 of the message; absent: it has none. */
  readonly diagnoses?: readonly V2Facts[];
  /** Digest of all that the message says (duplicate.ts); absent in states of before. */
  readonly said?: string;
}

/** A diagnosis and how it stands. */
export interface Diagnosis {
  readonly facts: V2Facts;
  readonly standing: DiagnosisStanding;
}

export interface Stay {
  readonly place: Place;
  readonly start?: string;
  readonly startAt?: number;
  readonly end?: string;
  readonly ended: boolean;
}

/** A visit after some of its events: plain data, the start of the next fold. */
export interface VisitPicture {
  readonly status: EncounterView['status'] | 'unsaid';
  readonly facts: V2Facts;
  readonly stays: readonly Stay[];
  /** By `diagnosisKey`, in the order in which they were first listed. */
  readonly diagnoses?: { readonly [key: string]: Diagnosis };
  readonly admitted?: string;
  readonly discharged?: string;
}

export const noVisit: VisitPicture = { status: 'unsaid', facts: {}, stays: [] };

/**
 * The picture of a visit: its events in event-time order, without those that were cancelled. The same events give the
 * same picture, in whatever order they came.
 *
 * - Status: A01, A02 and A13 in-progress, A03 finished, A11 cancelled, A04 and A05 planned where nothing is known yet;
 *   A08 and A12 leave it (maps/Event). PV1-45 valued
 *   means finished. A closed visit is opened again by A01, a finished one by A13 too; nothing else opens it: an A02
 *   after A03 is history.
 * - Places: A01 and A02 move the patient, A13 too if it names another bed. The others name a place only where none is
 *   known yet (we came to the visit half-way): an A08 is no transfer.
 * - Diagnoses: a message's DG1 are the whole list (what it lacks is inactive), unless DG1-21 says what to do with each.
 * - A cancelled A02 or A03 leaves nothing behind; a cancelled A01 leaves what it said of the visit, without places.
 */
export function pictureOf(events: readonly VisitEvent[], before: VisitPicture = noVisit): VisitPicture {
  const ordered = inOrder(events);
  const gone = new Set(cancellations(ordered).values());
  let picture = before;
  for (const event of ordered) {
    if (!gone.has(event.id)) picture = diagnosed(after(picture, event), event);
    else if (event.kind === 'admit' || event.kind === 'register')
      picture = diagnosed({ ...picture, facts: told(picture.facts, event.facts) }, event);
  }
  return picture;
}

function after(before: VisitPicture, event: VisitEvent): VisitPicture {
  const closed = before.status === 'finished' || before.status === 'cancelled';
  // A discharge that is taken back, or followed by an admission, takes what it said with it.
  const opened = event.kind === 'admit' || event.kind === 'cancel-discharge';
  const facts = told(opened ? without(before.facts, dischargeFields) : before.facts, event.facts);
  // A bed that was only planned is no stay.
  const begins = before.status === 'planned' && (event.kind === 'admit' || event.kind === 'transfer');
  const said = { ...before, facts, ...(begins ? { stays: [] } : {}) };
  switch (event.kind) {
    case 'admit': {
      const again = before.status === 'cancelled' || before.status === 'unsaid' || before.admitted === undefined;
      return moved(
        { ...without(said, ['discharged']), status: 'in-progress', ...(again ? { admitted: event.when } : {}) } as VisitPicture,
        event,
      );
    }
    case 'register':
    case 'pre-admit':
      // An admission that was taken back may be planned anew; one that goes on, or is over, is no plan.
      if (before.status !== 'unsaid' && before.status !== 'cancelled') return closed ? said : located(said, event);
      return located({ ...said, status: 'planned' }, event);
    case 'transfer':
      return closed ? said : moved({ ...said, status: 'in-progress' }, event);
    case 'discharge':
      if (before.status === 'cancelled') return said;
      return left({ ...located(said, event), status: 'finished', discharged: event.when }, event.when);
    case 'update':
    case 'cancel-transfer':
    // Those about the person never come to a visit.
    case 'add-person':
    case 'person':
    case 'merge':
      return closed ? said : located(said, event);
    case 'cancel-admit':
      return { ...(before.diagnoses ? { diagnoses: before.diagnoses } : {}), status: 'cancelled', facts, stays: [] };
    case 'cancel-discharge':
      if (before.status === 'cancelled') return said;
      return moved({ ...without(said, ['discharged']), status: 'in-progress' } as VisitPicture, event);
  }
}

function diagnosed(picture: VisitPicture, { diagnoses }: VisitEvent): VisitPicture {
  if (diagnoses === undefined) return picture;
  const acting = diagnoses.some((facts) => first(facts, 'DG1-21') !== undefined);
  const next: Record<string, Diagnosis> = {};
  for (const [key, known] of Object.entries(picture.diagnoses ?? {}))
    next[key] = acting || known.standing === 'withdrawn' ? known : { ...known, standing: 'inactive' };
  for (const facts of diagnoses) {
    const key = diagnosisKey(facts);
    if (key !== undefined) next[key] = { facts, standing: first(facts, 'DG1-21') === 'D' ? 'withdrawn' : 'active' };
  }
  return { ...picture, diagnoses: next };
}

const dischargeFields = ['PV1-36', 'PV1-37', 'PV1-45'];

/** Fields after a message: `""` deletes, empty (absent) leaves. */
function told(facts: V2Facts, message: V2Facts): V2Facts {
  const next: Record<string, V2Field> = { ...facts };
  for (const [name, field] of Object.entries(message)) {
    if (isDelete(field)) delete next[name];
    else next[name] = field;
  }
  return next;
}

/** The patient is in PV1-3 from now on. */
function moved(picture: VisitPicture, event: VisitEvent): VisitPicture {
  const place = placeOf(event.facts['PV1-3']?.[0]);
  const current = picture.stays.findLast((stay) => !stay.ended);
  if (place === undefined || samePlace(place, current?.place)) return picture;
  const prior = picture.stays.length === 0 && event.kind === 'transfer' ? placeOf(event.facts['PV1-6']?.[0]) : undefined;
  const earlier: Stay[] =
    prior && !samePlace(prior, place) ? [{ place: prior, end: event.when, ended: true }] : [...left(picture, event.when).stays];
  return { ...picture, stays: [...earlier, { place, start: event.when, startAt: event.at, ended: false }] };
}

/** PV1-3 of an event that moves nobody: taken only where no place is known. It says nothing of since when. */
function located(picture: VisitPicture, event: VisitEvent): VisitPicture {
  const place = picture.stays.length === 0 ? placeOf(event.facts['PV1-3']?.[0]) : undefined;
  return place === undefined ? picture : { ...picture, stays: [{ place, ended: false }] };
}

const left = (picture: VisitPicture, end: string): VisitPicture => ({
  ...picture,
  stays: picture.stays.map((stay) => (stay.ended ? stay : { ...stay, end, ended: true })),
});

/** The picture as the Encounter mapping takes it. PV1-44 and PV1-45 come before the events' own times; PV1-45 ends the visit. */
export function viewOf(id: string, patientId: string, picture: VisitPicture, zone: string): EncounterView {
  const dtm = (field: string) => toDateTime(part(picture.facts[field]?.[0], 1), zone);
  const said = picture.status === 'unsaid' ? statusOfClass(picture.facts) : picture.status;
  const status = said !== 'cancelled' && dtm('PV1-45') !== undefined ? 'finished' : said;
  const end = status === 'finished' ? (dtm('PV1-45') ?? picture.discharged) : undefined;
  const start = status === 'cancelled' ? undefined : (dtm('PV1-44') ?? picture.admitted);
  const stays = picture.stays.map((stay, index) => {
    const last = status === 'finished' && index === picture.stays.length - 1;
    return { place: stay.place, ended: last || stay.ended, period: periodOf(stay.start, last ? end : stay.end) ?? {} };
  });
  const diagnoses = Object.entries(picture.diagnoses ?? {})
    .filter(([, { standing }]) => standing === 'active')
    .map(([key, { facts }]) => diagnosisOf(conditionId(id, key), facts));
  return { id, patientId, status, facts: picture.facts, stays, diagnoses, period: periodOf(start, end) };
}

/** Since when the patient is where it is now, milliseconds since 1970. */
export const sinceOf = (picture: VisitPicture): number | null => picture.stays.findLast((stay) => !stay.ended)?.startAt ?? null;

function periodOf(start: string | undefined, end: string | undefined): Period | undefined {
  // per-1: a period may not end before it starts, as clocks of two systems sometimes have it. A date ends with its day.
  const latest = end === undefined ? undefined : instantOf(end) + (end.includes('T') ? 0 : 366 * 24 * 3600_000);
  const inverted = start !== undefined && latest !== undefined && latest < instantOf(start);
  return start === undefined && end === undefined ? undefined : { ...(start ? { start } : {}), ...(end && !inverted ? { end } : {}) };
}

function without<T extends object>(value: T, names: readonly string[]): T {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))) as T;
}
