import { error } from 'aorta';
import {
  encounterFields,
  first,
  isUnmappable,
  noteFields,
  observationFields,
  patientFields,
  reportFields,
  settle,
  specimenFields,
  type V2Facts,
  type V2Field,
} from 'aorta/fhir';
import type { Message, Segment, Sources } from 'aorta/hl7';
import type { Hl7Oru } from '../../schemas/generated/hl7-oru.ts';
import { defaultsOf, factsOf, readingOf, segmentFacts, whenOf } from '../hl7/facts.ts';
import { type Document, documentsIn } from './document.ts';

/** One OBX with what follows it. */
export interface Result {
  readonly facts: V2Facts;
  readonly notes: readonly V2Facts[];
  /** Data of OBX-5 where OBX-2 is ED. */
  readonly documents: readonly Document[];
}

/** One OBR with its ORC and everything below it. */
export interface Order {
  /** ORC and OBR. */
  readonly facts: V2Facts;
  readonly specimens: readonly V2Facts[];
  readonly results: readonly Result[];
}

/** An ORU message as this flow needs it. */
export interface LabMessage {
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
  /** The same as FHIR dateTime. */
  readonly when: string;
  readonly sender: string;
  readonly controlId: string;
  /** PID, and PID-18 for a visit without a number. */
  readonly patient: V2Facts;
  readonly visit: V2Facts | undefined;
  readonly orders: readonly Order[];
}

/** Statuses of an order that its results have, too, where they say none (older senders leave OBX-11 out). */
const inherited = new Set(['F', 'P', 'C', 'X', 'R', 'I', 'S']);

/**
 * Reads an ORU^R01: PATIENT_RESULT { ORDER_OBSERVATION { [ORC] OBR [NTE] { OBX [NTE] } { SPM [OBX] } } }. Ingress takes
 * messages of one patient only; a second PID would give her results to the first, so it is refused here, too.
 *
 * Throws AORTA_FHIR_002 (OBR-25 Y or Z: the map makes them errors) and AORTA_FHIR_003 (more than one patient).
 */
export const decode = (zone: string, sources: Sources) => (record: Hl7Oru) => {
  const reading = readingOf(record, sources);
  const { message } = reading;
  const defaults = defaultsOf(reading);
  const settled = (facts: V2Facts) => settle(facts, defaults);
  if (message.segment('PID', 2)) throw error('AORTA_FHIR_003');
  return {
    eventId: record.eventId,
    occurredAt: record.occurredAt,
    when: whenOf(message.text('EVN-6.1') ?? message.text('EVN-2.1') ?? defaults.sentAt, defaults, record.occurredAt, zone),
    sender: record.sender,
    controlId: record.controlId,
    patient: settled(factsOf(message, [...patientFields, 'PID-18'])),
    visit: message.segment('PV1') === undefined ? undefined : settled(factsOf(message, encounterFields)),
    orders: ordersIn(message, settled),
  } satisfies LabMessage as LabMessage;
};

interface Open {
  facts: V2Facts;
  specimens: V2Facts[];
  results: { facts: V2Facts; notes: V2Facts[]; documents: readonly Document[] }[];
}

function ordersIn(message: Message, settled: (facts: V2Facts) => V2Facts): Order[] {
  const orders: Open[] = [];
  let common: V2Facts = {};
  // Which segment the NTE that come now belong to.
  let above = '';
  for (const segment of message.segments()) {
    const order = orders[orders.length - 1];
    const read = (names: readonly string[]) => settled(segmentFacts(segment, names));
    switch (segment.name) {
      case 'ORC':
        common = read(reportFields);
        break;
      case 'OBR':
        orders.push({ facts: { ...common, ...read(reportFields) }, specimens: [], results: [] });
        common = {};
        break;
      case 'OBX':
        // After SPM they are about the specimen; before any OBR about nothing that could be reported.
        if (order) order.results.push({ ...resultOf(segment, settled), notes: [] });
        break;
      case 'SPM':
        order?.specimens.push(read(specimenFields));
        break;
      case 'NTE':
        if (above === 'OBX') order?.results[order.results.length - 1]?.notes.push(read(noteFields));
        break;
    }
    if (segment.name !== 'NTE') above = segment.name;
  }
  return orders.map(completed);
}

/** ED holds megabytes: its data is taken as bytes, and the facts keep the rest. */
function resultOf(segment: Segment, settled: (facts: V2Facts) => V2Facts): Pick<Result, 'facts' | 'documents'> {
  if (segment.field(2).text !== 'ED') return { facts: settled(segmentFacts(segment, observationFields)), documents: [] };
  const others = segmentFacts(
    segment,
    observationFields.filter((name) => name !== 'OBX-5'),
  );
  return { facts: settled(others), documents: documentsIn(segment.field(5), others['OBX-3']) };
}

function completed(order: Open): Order {
  const status = first(order.facts, 'OBR-25');
  if (isUnmappable(status)) throw error('AORTA_FHIR_002', { code: status ?? '' });
  const results = order.results.map((result) =>
    'OBX-11' in result.facts || !inherited.has(status ?? '')
      ? result
      : { ...result, facts: { ...result.facts, 'OBX-11': [[[status ?? '']]] satisfies V2Field as V2Field } },
  );
  return { ...order, results: joined(results) };
}

/** Narrative reports come as many OBX of one code, a line each: they are one text, not one result that overwrites the other. */
function joined(results: Open['results']): Result[] {
  const texts = new Map<string, Open['results'][number]>();
  const kept: Open['results'] = [];
  for (const result of results) {
    const type = first(result.facts, 'OBX-2');
    const key = JSON.stringify([type, result.facts['OBX-3'], result.facts['OBX-4']]);
    const before = type === 'TX' || type === 'FT' ? texts.get(key) : undefined;
    if (!before) {
      const own = { ...result, notes: [...result.notes] };
      kept.push(own);
      texts.set(key, own);
      continue;
    }
    // An empty line is one: a field without text has no repetition.
    const lines = (facts: V2Facts): V2Field => facts['OBX-5'] ?? [[['']]];
    before.facts = { ...before.facts, ...result.facts, 'OBX-5': [...lines(before.facts), ...lines(result.facts)] };
    before.notes.push(...result.notes);
  }
  return kept;
}
