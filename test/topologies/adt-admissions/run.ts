import assert from 'node:assert/strict';
import type { Hl7Adt } from '../../../schemas/generated/hl7-adt.ts';
import type { TimelineEvent } from '../../../schemas/generated/timeline-event.ts';
import type { ResourceRow, TimelineRow, VisitRow } from '../../../src/canonical/tables.ts';
import { fhirIdentifier, fhirResource, place, timelineEvent, visit } from '../../../src/canonical/tables.ts';
import type { Encounter, Location, Patient } from '../../../src/fhir/r4.ts';
import { compile } from '../../../src/flow/compile.ts';
import type { Flow } from '../../../src/flow/flow.ts';
import { adtEvents, parse, readAdt } from '../../../src/hl7/index.ts';
import { rowWrite } from '../../../src/state/row.ts';
import type { Effect, Table } from '../../../src/state/table.ts';
import adtAdmissions, { type Resources } from '../../../topologies/adt-admissions/index.ts';
import { context, RecordingTurn } from '../../flow/recording-turn.ts';

/** Tables in memory: what a store does with effects, through the same checks. */
export class Tables {
  readonly #rows = new Map<string, Map<string, Record<string, unknown>>>();

  apply(effect: Effect): void {
    const rows = this.#of(effect.table.name);
    const write = rowWrite(effect, { eventId: '', flowHash: '', version: '' });
    const key = JSON.stringify(write.key);
    const before = rows.get(key);
    if (write.op === 'insert' && !before) rows.set(key, write.row);
    if (write.op === 'upsert') rows.set(key, write.row);
    if (write.op === 'update' && before) rows.set(key, { ...before, ...write.set });
    if (write.op === 'remove') rows.delete(key);
  }

  rows<R extends object>(table: Table<R>): R[] {
    return [...this.#of(table.name).values()] as R[];
  }

  #of(name: string) {
    const rows = this.#rows.get(name) ?? new Map<string, Record<string, unknown>>();
    this.#rows.set(name, rows);
    return rows;
  }
}

/** The flow for one patient: real messages in, what is in the tables and on the topic out. */
export class PatientRun {
  readonly tables = new Tables();
  readonly emitted: TimelineEvent[] = [];
  readonly skipped: string[] = [];
  readonly patientId: string;
  readonly #resources: Resources;
  #state: unknown;
  #offset = 0;
  now = Date.UTC(2026, 0, 1);

  constructor(resources: Resources = {}, patientId = '01JTESTPATIENT000000000000') {
    this.#resources = resources;
    this.patientId = patientId;
  }

  /** As ingress would append it; the event id follows the control id. */
  record(bytes: Buffer | string, over: Partial<Hl7Adt> = {}): Hl7Adt {
    const raw = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    const message = parse(raw);
    const { facts, findings } = readAdt(message, { events: adtEvents, zone: this.#resources.zone ?? 'UTC' });
    assert.ok(facts, `ingress refuses it: ${JSON.stringify(findings)}`);
    const { event, controlId, sender, occurredAt } = facts;
    const eventId = `${sender}/${controlId}`;
    return {
      eventId,
      patientId: this.patientId,
      sender,
      controlId,
      event,
      occurredAt,
      receivedAt: this.now,
      charset: message.charset.name,
      raw,
      blobRef: null,
      size: raw.length,
      profile: null,
      ...over,
    };
  }

  async send(...messages: readonly (Buffer | string | Hl7Adt)[]): Promise<this> {
    const compiled = compile(adtAdmissions(this.#resources) as unknown as Flow<unknown>);
    for (const each of messages) {
      const record = typeof each === 'string' || Buffer.isBuffer(each) ? this.record(each) : each;
      const source = { topic: 'hl7.adt', partition: 0, offset: this.#offset++ };
      const turn = new RecordingTurn(compiled.stores, context({ key: this.patientId, eventId: record.eventId, now: this.now++, source }));
      if (this.#state !== undefined) turn.states.set('encounter', this.#state);
      await compiled.start(record, turn);
      assert.equal(turn.open, 0, 'every child settled');
      for (const [what, , detail, value] of turn.log as [string, string, unknown, unknown][]) {
        if (what === 'write') for (const effect of detail as Effect[]) this.tables.apply(effect);
        if (what === 'emit') this.emitted.push(value as TimelineEvent);
        if (what === 'skip') this.skipped.push(detail as string);
      }
      // State is JSON in the store.
      const state = turn.states.get('encounter');
      this.#state = state === undefined ? undefined : JSON.parse(JSON.stringify(state));
    }
    return this;
  }

  get state(): unknown {
    return this.#state;
  }

  resources<R>(type: string): R[] {
    return this.tables
      .rows<ResourceRow>(fhirResource)
      .filter((row) => row.type === type)
      .map((row) => JSON.parse(row.body as string) as R);
  }

  get patient(): Patient {
    const [patient] = this.resources<Patient>('Patient');
    assert.ok(patient);
    return patient;
  }

  get encounters(): Encounter[] {
    return this.resources<Encounter>('Encounter');
  }

  get encounter(): Encounter {
    assert.equal(this.encounters.length, 1, 'one encounter');
    return this.encounters[0] as Encounter;
  }

  get locations(): Location[] {
    return this.resources<Location>('Location');
  }

  get timeline(): TimelineRow[] {
    return this.tables.rows<TimelineRow>(timelineEvent).sort((a, b) => a.occurred_at - b.occurred_at || a.sequence - b.sequence);
  }

  get visits(): VisitRow[] {
    return this.tables.rows<VisitRow>(visit);
  }

  /** Stays of an encounter, `4W 401 A active 10:00–11:30` with their times of day. */
  stays(encounter: Encounter = this.encounter): string[] {
    const time = (text: string | undefined) => text?.slice(11, 16) ?? '';
    return (encounter.location ?? []).map(
      (stay) => `${stay.location.display} ${stay.status} ${time(stay.period?.start)}–${time(stay.period?.end)}`,
    );
  }

  /** Everything that must not depend on the order of arrival: resources without versions, visits, timeline without sequence. */
  outcome(): unknown {
    const resources = this.tables
      .rows<ResourceRow>(fhirResource)
      .map((row) => {
        const { meta: _meta, ...resource } = JSON.parse(row.body as string) as { meta: unknown; id: string };
        return resource;
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const timeline = this.timeline
      .map(({ sequence: _s, recorded_at: _r, ...row }) => row)
      .sort((a, b) => (a.event_id < b.event_id ? -1 : 1));
    const visits = [...this.visits].sort((a, b) => (a.encounter < b.encounter ? -1 : 1));
    const identifiers = this.tables
      .rows(fhirIdentifier)
      .map((row) => JSON.stringify(row))
      .sort();
    const places = this.tables
      .rows(place)
      .map((row) => JSON.stringify(row))
      .sort();
    return { resources, timeline, visits, identifiers, places };
  }
}
