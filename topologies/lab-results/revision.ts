import type { Effect } from 'aorta';
import { digestOf, identifierKeys, putBinary, putIfAbsent, putResource } from 'aorta/canonical';
import {
  type DomainResource,
  encounterFrom,
  encounterId,
  first,
  type MappingContext,
  observationFrom,
  patientFrom,
  reportFrom,
  reportStatus,
  specimenFrom,
  type V2Facts,
  visitKey,
} from 'aorta/fhir';
import type { StoredMessage, StoredOrder, StoredResult } from './attachments.ts';
import { idOf, reportKeys, resultKeys, specimenKeys } from './keys.ts';
import { changedAt, comesBefore, isFinalOrder, isFinalResult, isStatusOnly, type Rank } from './rank.ts';
import { isBeyond, type KeptResult, letGo, limits, type Part, type Report, type ResultsState, type Written } from './state.ts';

/** One result as a message tells it. */
interface Said {
  readonly result: StoredResult;
  readonly order: StoredOrder;
  readonly code: string;
  readonly rank: Rank;
  readonly place: number;
  readonly specimen: string | null;
}

/** Whose state it is, when, and the order of arrival. */
export interface Turn {
  readonly key: string;
  readonly now: number;
  readonly seq: number;
  /** The patient of the visit: another one only after a merge. */
  readonly visitor: string;
}

/** Collects what one message writes while it moves the state on. */
export class Revision {
  state: ResultsState;
  readonly effects: Effect[] = [];
  readonly encounter: string | null;
  readonly #message: StoredMessage;
  readonly #mapping: MappingContext;
  readonly #ctx: Turn;

  constructor(state: ResultsState, message: StoredMessage, mapping: MappingContext, ctx: Turn) {
    this.state = state;
    this.#message = message;
    this.#mapping = mapping;
    this.#ctx = ctx;
    const visit = visitKey(message, mapping.systems);
    this.encounter = visit === undefined ? null : encounterId(ctx.visitor, visit);
  }

  write(): void {
    this.#placeholders();
    this.#documents();
    const keys = reportKeys(this.#message, this.#mapping);
    for (const [index, order] of this.#message.orders.entries()) this.#order(keys[index] as string, order);
    this.state = letGo(this.state, new Set(keys));
  }

  /** Documents are kept as they were sent, those of results that do not count, too: they are what somebody may have read. */
  #documents(): void {
    const options = { now: this.#ctx.now, patient: this.#ctx.key };
    for (const { results } of this.#message.orders)
      for (const { documents } of results) for (const document of documents) this.effects.push(...putBinary(document, options));
  }

  /** Patient and visit as this message knows them, where nobody else has written them: ADT does, and better. */
  #placeholders(): void {
    const put = (mark: string, resource: DomainResource & { id?: string }, patient: string) => {
      if (this.state.placeholders.includes(mark)) return;
      const placeholder = resource as DomainResource & { id: string };
      this.effects.push(...putIfAbsent(placeholder, { version: 0, now: this.#ctx.now, patient }));
      this.state = { ...this.state, placeholders: [...this.state.placeholders, mark].slice(-limits.placeholders) };
    };
    put('', patientFrom(this.#ctx.key, this.#message.patient, this.#mapping), this.#ctx.key);
    if (this.encounter === null) return;
    const view = { id: this.encounter, patientId: this.#ctx.visitor, status: 'unknown', period: undefined, stays: [] } as const;
    // Places are ADT's: a placeholder refers to none.
    const { 'PV1-3': _place, 'PV1-6': _prior, 'PV1-11': _temporary, 'PV1-42': _pending, ...facts } = this.#message.visit ?? {};
    put(this.encounter, encounterFrom({ ...view, facts }, this.#mapping), this.#ctx.visitor);
  }

  #rank(final: boolean, facts: V2Facts): Rank {
    const { occurredAt } = this.#message;
    return [final ? 1 : 0, changedAt(facts, occurredAt, this.#mapping.zone), occurredAt, this.#ctx.seq];
  }

  #order(key: string, order: StoredOrder): void {
    const rank = this.#rank(isFinalOrder(first(order.facts, 'OBR-25')), order.facts);
    const known = this.state.reports[key];
    // Of a report that is not known here any more, only what is not there yet may be written.
    const beyond = known === undefined && isBeyond(this.state, rank);
    const specimens = this.#specimens(key, order, rank, known, beyond);
    const results = this.#results(key, order, known, beyond, specimens.only);
    const wins = known === undefined || comesBefore(known.rank, rank);
    const report: Report = {
      rank: wins ? rank : known.rank,
      facts: wins ? order.facts : known.facts,
      encounter: wins ? (this.encounter ?? known?.encounter ?? null) : known.encounter,
      written: known?.written ?? null,
      results,
      specimens: specimens.parts,
    };
    const written = this.#put(this.#report(key, report), report.written, beyond);
    if (beyond) return;
    this.state = { ...this.state, reports: { ...this.state.reports, [key]: { ...report, written: written ?? report.written } } };
  }

  #report(key: string, { facts, encounter, results, specimens }: Report) {
    const status = reportStatus(
      first(facts, 'OBR-25'),
      Object.values(results).map(({ fhir }) => fhir),
    );
    const inPlace = (parts: { readonly [key: string]: Part }) =>
      Object.entries(parts).sort(([a, { place: x }], [b, { place: y }]) => x - y || (a < b ? -1 : 1));
    const attachments = inPlace(results).flatMap(([, part]) => (part.fhir === 'entered-in-error' ? [] : (part.attachments ?? [])));
    return reportFrom(
      {
        id: idOf('rep', this.#ctx.key, key),
        patientId: this.#ctx.key,
        encounterId: encounter ?? undefined,
        facts,
        // decode refuses what has no status.
        status: status ?? 'unknown',
        specimenIds: inPlace(specimens).map(([part]) => idOf('spm', this.#ctx.key, key, part)),
        observationIds: inPlace(results).map(([part]) => idOf('obs', this.#ctx.key, key, part)),
        presentedForm: attachments,
      },
      this.#mapping,
    );
  }

  #specimens(key: string, order: StoredOrder, rank: Rank, known: Report | undefined, beyond: boolean) {
    const parts: Record<string, Part> = { ...known?.specimens };
    // Until 2.4 OBR-15 says it.
    const given = order.specimens.length > 0 ? order.specimens : 'OBR-15' in order.facts ? [{}] : [];
    const keys = order.specimens.length > 0 ? specimenKeys(order) : ['OBR-15'];
    const ids: string[] = [];
    given.forEach((facts, place) => {
      const part = keys[place] as string;
      const id = idOf('spm', this.#ctx.key, key, part);
      const resource = specimenFrom(id, this.#ctx.key, { ...order.facts, ...facts }, this.#mapping);
      if (!resource) return;
      ids.push(id);
      const before = parts[part];
      if (before && !comesBefore(before.rank, rank)) return;
      const written = this.#put(resource, before ?? null, beyond) ?? (before as Written);
      parts[part] = { ...written, rank, place, fhir: '' };
    });
    return { parts, only: ids.length === 1 ? (ids[0] as string) : null };
  }

  #results(key: string, order: StoredOrder, known: Report | undefined, beyond: boolean, specimen: string | null) {
    const parts: Record<string, Part> = { ...known?.results };
    const keys = resultKeys(order);
    order.results.forEach((result, place) => {
      const part = keys[place] as string;
      const code = first(result.facts, 'OBX-11') ?? '';
      const rank = this.#rank(isFinalResult(code), order.facts);
      const id = idOf('obs', this.#ctx.key, key, part);
      const next = this.#result(id, parts[part], { result, order, code, rank, place, specimen }, beyond);
      if (next) parts[part] = next;
    });
    return parts;
  }

  /** Undefined: it says nothing that is not known, or newer, already. */
  #result(id: string, before: Part | undefined, said: Said, beyond: boolean): Part | undefined {
    const confirms = isStatusOnly(said.result.facts, said.result.documents.length);
    // A confirmation brings no value: any value comes before it.
    const rank: Rank = confirms ? [-1, said.rank[1], said.rank[2], said.rank[3]] : said.rank;
    const takes = before === undefined || comesBefore(before.rank, rank);
    const standing = takes ? rank : before.rank;
    // What is final needs no confirmation.
    if (!takes && (!confirms || standing[0] > 0)) return undefined;
    const confirmed = confirms && (!before?.confirmed || comesBefore(before.confirmed.rank, said.rank)) ? said : before?.confirmed;
    const value = takes ? this.#kept(said) : before.kept;
    if (value === undefined) return before && confirmed ? { ...before, confirmed: { rank: confirmed.rank, code: confirmed.code } } : before;

    const code = standing[0] < 1 && confirmed ? confirmed.code : first(value.facts, 'OBX-11');
    const attachments = takes ? said.result.documents.map(({ attachment }) => attachment) : (before.attachments ?? []);
    const resource = observationFrom(
      {
        id,
        patientId: this.#ctx.key,
        encounterId: value.encounter ?? undefined,
        facts: code === undefined ? value.facts : { ...value.facts, 'OBX-11': [[[code]]] },
        order: value.order,
        notes: value.notes,
        specimenId: value.specimen ?? undefined,
        attachments,
      },
      this.#mapping,
    );
    const written = this.#put(resource, before ?? null, beyond) ?? (before as Written);
    const open = standing[0] < 1;
    return {
      ...written,
      rank: standing,
      place: takes ? said.place : before.place,
      fhir: resource.status,
      ...(attachments.length > 0 ? { attachments } : {}),
      ...(open && confirmed ? { confirmed: { rank: confirmed.rank, code: confirmed.code } } : {}),
      ...(open && sizeOf(value) <= limits.kept ? { kept: value } : {}),
    };
  }

  #kept({ result, order, specimen }: Said): KeptResult {
    // Of the order an observation needs its time and section only.
    const of = Object.fromEntries(['OBR-7', 'OBR-8', 'OBR-24'].flatMap((name) => (order.facts[name] ? [[name, order.facts[name]]] : [])));
    return { facts: result.facts, order: of, notes: result.notes, specimen, encounter: this.encounter };
  }

  /** The next version, if it says anything new; `beyond`: only if it is not there. */
  #put(resource: DomainResource & { id?: string }, before: Written | null, beyond: boolean): Written | undefined {
    const digest = digestOf(resource);
    if (before?.digest === digest) return undefined;
    const owned = resource as DomainResource & { id: string };
    const identifiers = identifierKeys(resource.identifier);
    const version = (before?.version ?? this.state.horizon.version) + 1;
    const options = { version, now: this.#ctx.now, patient: this.#ctx.key };
    if (beyond) this.effects.push(...putIfAbsent(owned, options));
    else {
      const known = new Set(identifiers.map((key) => JSON.stringify(key)));
      const dropped = (before?.identifiers ?? []).filter((key) => !known.has(JSON.stringify(key)));
      this.effects.push(...putResource(owned, { ...options, dropped }));
    }
    return { version, digest, ...(identifiers.length > 0 ? { identifiers } : {}) };
  }
}

const sizeOf = (value: KeptResult): number => JSON.stringify(value).length;
