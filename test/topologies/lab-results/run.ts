import assert from 'node:assert/strict';
import type { Hl7Oru } from '../../../schemas/generated/hl7-oru.ts';
import type { TimelineEvent } from '../../../schemas/generated/timeline-event.ts';
import {
  fhirBinary,
  fhirIdentifier,
  fhirResource,
  type ResourceRow,
  type TimelineRow,
  timelineEvent,
} from '../../../src/canonical/tables.ts';
import type { Binary, DiagnosticReport, Observation, Specimen } from '../../../src/fhir/index.ts';
import { compile } from '../../../src/flow/compile.ts';
import type { Flow } from '../../../src/flow/flow.ts';
import { oruEvents, parse, readOru } from '../../../src/hl7/index.ts';
import type { Effect } from '../../../src/state/table.ts';
import labResults, { type Resources } from '../../../topologies/lab-results/index.ts';
import { context, RecordingTurn } from '../../flow/recording-turn.ts';
import { Tables } from '../adt-admissions/run.ts';

/** A blob store in memory, addressed by what was put. */
export function memoryBlob() {
  const kept = new Map<string, Buffer>();
  return {
    kept,
    put: async (bytes: Buffer) => {
      const ref = `blob:test/${kept.size + 1}`;
      kept.set(ref, bytes);
      return { ref };
    },
    get: async (ref: string) => {
      const bytes = kept.get(ref);
      if (!bytes) throw new Error(`no ${ref}`);
      return bytes;
    },
  };
}

/** The flow for one patient: real messages in, what is in the tables and on the topic out. */
export class ResultsRun {
  readonly tables: Tables;
  readonly emitted: TimelineEvent[] = [];
  readonly skipped: string[] = [];
  readonly patientId: string;
  readonly blob = memoryBlob();
  readonly #resources: Resources;
  #state: unknown;
  #offset = 0;
  now = Date.UTC(2026, 0, 1);

  constructor(resources: Resources = {}, tables = new Tables(), patientId = '01JTESTPATIENT000000000000') {
    this.#resources = { blob: this.blob, ...resources };
    this.tables = tables;
    this.patientId = patientId;
  }

  /** As ingress would append it; the event id follows the control id. */
  record(bytes: Buffer | string, over: Partial<Hl7Oru> = {}): Hl7Oru {
    const raw = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    const message = parse(raw);
    const { facts, findings } = readOru(message, { events: oruEvents, zone: this.#resources.zone ?? 'UTC' });
    assert.ok(facts, `ingress refuses it: ${JSON.stringify(findings)}`);
    const { event, controlId, sender, occurredAt } = facts;
    return {
      eventId: `${sender}/${controlId}`,
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

  async send(...messages: readonly (Buffer | string | Hl7Oru)[]): Promise<this> {
    const compiled = compile(labResults(this.#resources) as unknown as Flow<unknown>);
    for (const each of messages) {
      const record = typeof each === 'string' || Buffer.isBuffer(each) ? this.record(each) : each;
      const source = { topic: 'hl7.oru', partition: 0, offset: this.#offset++ };
      const turn = new RecordingTurn(compiled.stores, context({ key: this.patientId, eventId: record.eventId, now: this.now++, source }));
      if (this.#state !== undefined) turn.states.set('results', this.#state);
      await compiled.start(record, turn);
      assert.equal(turn.open, 0, 'every child settled');
      for (const [what, , detail, value] of turn.log as [string, string, unknown, unknown][]) {
        if (what === 'write') for (const effect of detail as Effect[]) this.tables.apply(effect);
        if (what === 'emit') this.emitted.push(value as TimelineEvent);
        if (what === 'skip') this.skipped.push(detail as string);
      }
      const state = turn.states.get('results');
      this.#state = state === undefined ? undefined : JSON.parse(JSON.stringify(state));
    }
    return this;
  }

  get state(): unknown {
    return this.#state;
  }

  /** Bodies as stored, with the digits of their decimals. */
  text(type: string): string[] {
    return this.tables
      .rows<ResourceRow>(fhirResource)
      .filter((row) => row.type === type)
      .map((row) => row.body as string);
  }

  resources<R>(type: string): R[] {
    return this.text(type).map((body) => JSON.parse(body) as R);
  }

  get observations(): Observation[] {
    return this.resources<Observation>('Observation');
  }

  get observation(): Observation {
    assert.equal(this.observations.length, 1, 'one observation');
    return this.observations[0] as Observation;
  }

  get reports(): DiagnosticReport[] {
    return this.resources<DiagnosticReport>('DiagnosticReport');
  }

  get report(): DiagnosticReport {
    assert.equal(this.reports.length, 1, 'one report');
    return this.reports[0] as DiagnosticReport;
  }

  get specimens(): Specimen[] {
    return this.resources<Specimen>('Specimen');
  }

  get binaries(): Binary[] {
    return this.resources<Binary>('Binary');
  }

  get timeline(): TimelineRow[] {
    return this.tables.rows<TimelineRow>(timelineEvent).sort((a, b) => a.occurred_at - b.occurred_at || a.sequence - b.sequence);
  }

  /** Everything that must not depend on the order of arrival: resources without versions, timeline without sequence. */
  outcome(): unknown {
    const resources = this.tables
      .rows<ResourceRow>(fhirResource)
      .map((row) => {
        const { meta, ...resource } = JSON.parse(row.body as string) as { meta: { security?: unknown }; id: string };
        return { ...resource, security: meta.security };
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const timeline = this.timeline
      .map(({ sequence: _s, recorded_at: _r, ...row }) => row)
      .sort((a, b) => (a.event_id < b.event_id ? -1 : 1));
    const rows = (table: Parameters<Tables['rows']>[0]) =>
      this.tables
        .rows(table)
        .map((row) => JSON.stringify(row))
        .sort();
    return { resources, timeline, identifiers: rows(fhirIdentifier as never), binaries: rows(fhirBinary as never).length };
  }
}
