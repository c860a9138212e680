import { createHash, type Effect, effect } from 'aorta';
import {
  digestOf,
  fhirIdentifier,
  identifierKeys,
  putPlace,
  putResource,
  putVisit,
  removeResource,
  removeVisit,
  timelineEvent,
} from 'aorta/canonical';
import {
  allergyFrom,
  conditionFrom,
  conditionId,
  type DomainResource,
  encounterFrom,
  encounterId,
  locationIdOf,
  type MappingContext,
  type Patient,
  type Place,
  patientFrom,
  placesOf,
  withExtensions,
} from 'aorta/fhir';
import { isActive } from './allergies.ts';
import { assign } from './assign.ts';
import { cancellations, inOrder } from './cancel.ts';
import { factsOf } from './demographics.ts';
import { knownOf, oldNumbers, type Path, stateAt, withState } from './members.ts';
import { personalResources } from './personal.ts';
import { add, isOld, type KeptEvent, limits, type PatientState, seal, type Written, withSaid } from './state.ts';
import { pictureOf, sinceOf, type VisitPicture, viewOf } from './visit.ts';

/** Whose state it is, and when. */
export interface Turn {
  readonly key: string;
  readonly now: number;
}

/** Collects what one turn writes while it moves the state on. */
export class Revision {
  state: PatientState;
  readonly effects: Effect[] = [];
  readonly mapping: MappingContext;
  readonly ctx: Turn;

  constructor(state: PatientState, mapping: MappingContext, ctx: Turn) {
    this.state = state;
    this.mapping = mapping;
    this.ctx = ctx;
  }

  /** The work on a member of this patient: its own id, its own state. */
  within<T>(path: Path, work: (member: Revision) => T): T {
    const id = path.at(-1);
    if (id === undefined) return work(this);
    const member = new Revision(stateAt(this.state, path), this.mapping, { key: id, now: this.ctx.now });
    const result = work(member);
    this.state = withState(this.state, path, member.state);
    this.effects.push(...member.effects);
    return result;
  }

  patient(): void {
    const patient = this.#put(this.#person(), this.state.patient, '');
    if (patient) this.state = { ...this.state, patient };
    this.#personal();
  }

  /** Related persons and living will: those of the newest message that tells of them, and no others. */
  #personal(): void {
    const { demographics, contacts } = knownOf(this.state);
    const resources = personalResources(this.ctx.key, factsOf(demographics), contacts?.segments ?? [], this.mapping);
    const written: Record<string, Written> = {};
    for (const resource of resources) {
      const name = `${resource.resourceType}/${resource.id}`;
      const before = this.state.personal[name] ?? null;
      const put = this.#put(resource, before, '') ?? before;
      if (put) written[name] = put;
    }
    for (const [name, { identifiers }] of Object.entries(this.state.personal)) {
      const [type, id] = name.split('/') as [string, string];
      if (!(name in written)) this.effects.push(...removeResource(type, id, identifiers));
    }
    this.state = { ...this.state, personal: written };
  }

  /** The Patient as it stays behind: not to be used any more, and not found by its numbers, which are the survivor's. */
  replacedBy(survivor: string): void {
    const person = this.#person();
    const link = [...(person.link ?? []), { other: { reference: `Patient/${survivor}` }, type: 'replaced-by' as const }];
    const replaced: Patient = { ...person, active: false, link };
    const { identifiers = [] } = this.#put(replaced, this.state.patient, '') ?? {};
    for (const [system, value] of identifiers)
      this.effects.push(effect.remove(fhirIdentifier, { type: 'Patient', system, value, id: this.ctx.key }));
  }

  #person(): Patient {
    const { demographics, contacts } = knownOf(this.state);
    const facts = factsOf(demographics);
    const person = withExtensions(patientFrom(this.ctx.key, facts, this.mapping, contacts?.segments), facts);
    const numbers = oldNumbers(this.state, this.mapping.systems ?? {});
    const old = numbers.length === 0 ? [] : (patientFrom(this.ctx.key, { 'PID-3': numbers }, this.mapping).identifier ?? []);
    const merged = Object.keys(this.state.merged);
    return {
      ...person,
      ...(old.length > 0 ? { identifier: [...(person.identifier ?? []), ...old.map((each) => ({ ...each, use: 'old' as const }))] } : {}),
      ...(merged.length > 0 ? { link: merged.map((id) => ({ other: { reference: `Patient/${id}` }, type: 'replaces' as const })) } : {}),
    };
  }

  /** Every allergy ever listed, as it was last described. */
  allergies(): void {
    const { allergies } = this.state;
    const written: Record<string, Written> = { ...allergies.written };
    for (const [key, { facts }] of Object.entries(allergies.known)) {
      const id = `alg-${createHash('sha256')
        .update(JSON.stringify([this.ctx.key, key]))
        .digest('hex')
        .slice(0, 32)}`;
      const put = this.#put(allergyFrom(id, this.ctx.key, facts, isActive(allergies, key), this.mapping), written[key] ?? null, '');
      if (put) written[key] = put;
    }
    this.state = { ...this.state, allergies: { ...allergies, written } };
  }

  /** Adds the event to its visit and writes what changes by it; gives the event's encounter. */
  visit(key: string, event: Omit<KeptEvent, 'encounter' | 'cancels'>): string | null {
    if (isOld(this.state, key, event.at)) {
      this.state = withSaid(this.state, event.said === undefined ? [] : [event.said]);
      return encounterId(this.ctx.key, key);
    }
    for (const place of placesOf(event.facts)) this.#place(place);
    this.state = add(this.state, key, { ...event, encounter: null, cancels: null });
    // Loose events may change side whenever a visit changes; without them only this visit is touched.
    const loose = key === '' || (this.state.visits['']?.length ?? 0) > 0;
    const assigned = loose ? assign(this.state) : { [key]: this.state.visits[key] ?? [] };
    const links = new Map<string, Pick<KeptEvent, 'encounter' | 'cancels'>>();
    for (const [visit, events] of Object.entries(assigned)) {
      const id = encounterId(this.ctx.key, visit);
      const taken = cancellations(inOrder(events));
      for (const { id: eventId } of events) links.set(eventId, { encounter: id, cancels: taken.get(eventId) ?? null });
      this.#encounter(id, pictureOf(events, this.state.bases[visit]?.picture));
    }
    if (loose) this.#removeOthers(new Set(Object.keys(assigned).map((visit) => encounterId(this.ctx.key, visit))));
    this.#relink(links, event.id);
    this.state = seal(this.state, (sealed) => encounterId(this.ctx.key, sealed));
    return links.get(event.id)?.encounter ?? null;
  }

  cancels(eventId: string): string | null {
    for (const events of Object.values(this.state.visits)) for (const event of events) if (event.id === eventId) return event.cancels;
    return null;
  }

  /** Writes the encounter and its visit row, if it changed. */
  #encounter(id: string, picture: VisitPicture): void {
    const view = viewOf(id, this.ctx.key, picture, this.mapping.zone);
    this.#conditions(id, picture);
    const current = view.stays.findLast((stay) => !stay.ended);
    const since = current ? sinceOf(picture) : null;
    const encounter = withExtensions(encounterFrom(view, this.mapping), view.facts);
    const written = this.#put(encounter, this.state.encounters[id] ?? null, String(since));
    if (written) {
      const closed = view.status === 'finished' || view.status === 'cancelled';
      this.state = { ...this.state, encounters: { ...this.state.encounters, [id]: { ...written, closed } } };
      this.effects.push(
        putVisit({
          encounter: id,
          patient: this.ctx.key,
          status: view.status,
          location: current ? locationIdOf(current.place) : null,
          since,
        }),
      );
    }
  }

  #conditions(encounter: string, picture: VisitPicture): void {
    const { diagnoses = {} } = picture;
    if (picture.diagnoses === undefined && !(encounter in this.state.conditions)) return;
    const written: Record<string, Written> = { ...this.state.conditions[encounter] };
    for (const [key, { facts, standing }] of Object.entries(diagnoses)) {
      const id = conditionId(encounter, key);
      const condition = conditionFrom({ id, patientId: this.ctx.key, encounterId: encounter, standing }, facts, this.mapping);
      const put = this.#put(condition, written[id] ?? null, '');
      if (put) written[id] = put;
    }
    this.#unlist(encounter, new Set(Object.keys(diagnoses).map((key) => conditionId(encounter, key))), written);
    this.state = { ...this.state, conditions: { ...this.state.conditions, [encounter]: written } };
  }

  /** Conditions of messages that turned out to belong to another visit. */
  #unlist(encounter: string, current: ReadonlySet<string>, written: Record<string, Written>): void {
    for (const [id, { identifiers }] of Object.entries(this.state.conditions[encounter] ?? {})) {
      if (current.has(id)) continue;
      this.effects.push(...removeResource('Condition', id, identifiers));
      delete written[id];
    }
  }

  #place(place: Place): void {
    // A building or floor said later is a Location of its own, though the bed's chain stays as it was first written.
    const id = [locationIdOf(place), place.building, place.floor].filter((part) => part !== undefined).join('/');
    if (this.state.places.includes(id)) return;
    this.effects.push(...putPlace(place, this.ctx.now));
    this.state = { ...this.state, places: [...this.state.places, id].slice(-limits.places) };
  }

  /** The next version, if it says anything new. `beside`: what is written with it and is not in the resource. */
  #put(resource: DomainResource & { id?: string }, before: Written | null, beside: string): Written | undefined {
    const digest = digestOf(resource, beside);
    if (before?.digest === digest) return undefined;
    const identifiers = identifierKeys(resource.identifier);
    const known = new Set(identifiers.map((key) => JSON.stringify(key)));
    const dropped = (before?.identifiers ?? []).filter((key) => !known.has(JSON.stringify(key)));
    const version = (before?.version ?? 0) + 1;
    this.effects.push(
      ...putResource(resource as DomainResource & { id: string }, { version, now: this.ctx.now, patient: this.ctx.key, dropped }),
    );
    return { version, digest, identifiers };
  }

  /** An unnumbered visit whose events turned out to belong elsewhere is no visit. */
  #removeOthers(current: ReadonlySet<string>): void {
    for (const [id, written] of Object.entries(this.state.encounters)) {
      if (current.has(id)) continue;
      this.effects.push(...removeResource('Encounter', id, written.identifiers), removeVisit(id));
      this.#unlist(id, new Set(), {});
      const { [id]: _removed, ...others } = this.state.encounters;
      const { [id]: _conditions, ...conditions } = this.state.conditions;
      this.state = { ...this.state, encounters: others, conditions };
    }
  }

  /** Timeline rows of earlier events whose encounter or cancelled event is another one now. */
  #relink(links: ReadonlyMap<string, Pick<KeptEvent, 'encounter' | 'cancels'>>, own: string): void {
    const visits: Record<string, readonly KeptEvent[]> = { ...this.state.visits };
    for (const [key, events] of Object.entries(visits)) {
      visits[key] = events.map((event) => {
        const link = links.get(event.id) ?? (key === '' ? { encounter: null, cancels: null } : event);
        if (link.encounter === event.encounter && link.cancels === event.cancels) return event;
        if (event.id !== own)
          this.effects.push(
            effect.update(
              timelineEvent,
              { patient: this.ctx.key, event_id: event.id },
              { encounter: link.encounter, cancels: link.cancels },
            ),
          );
        return { ...event, encounter: link.encounter, cancels: link.cancels };
      });
    }
    this.state = { ...this.state, visits };
  }
}
