import { deepStrictEqual, ok } from 'node:assert/strict';
import { type Patient, whereabouts } from './hospital.ts';
import { eventually, type Product } from './product.ts';

interface TimelineEvent {
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly source: { readonly system: string; readonly messageId: string };
}

interface Bundle<T> {
  readonly entry?: readonly { readonly resource: T }[];
}

interface Encounter {
  readonly id: string;
  readonly status: string;
  readonly location?: readonly {
    readonly status?: string;
    readonly location: { readonly reference?: string; readonly display?: string };
  }[];
}

/** The FHIR id behind an MRN; undefined while the product knows no such patient. */
export async function patientId(product: Product, mrn: string): Promise<string | undefined> {
  const found = await product.get<Bundle<{ id: string }>>(`/fhir/Patient?identifier=${encodeURIComponent(`HOSP|${mrn}`)}`);
  ok((found.entry?.length ?? 0) <= 1, `${mrn} is one patient`);
  return found.entry?.[0]?.resource.id;
}

export async function timelineOf(product: Product, id: string): Promise<readonly TimelineEvent[]> {
  const events: TimelineEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = await product.get<{ events: TimelineEvent[]; cursor?: string }>(
      `/api/patients/${id}/timeline?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
    );
    events.push(...page.events);
    cursor = page.cursor;
  } while (cursor);
  return events;
}

/** Waits until ingress owes nothing and the flow has nothing left to do, seen twice: a fetch may be under way. */
export async function settled(products: readonly Product[], withinMs = 60_000): Promise<void> {
  let before = '';
  await eventually(
    'the flow to be idle',
    async () => {
      const now: unknown[] = [];
      let owned = 0;
      for (const product of products) {
        const { flows } = await product.get<{ flows: { name: string; totals: object; partitions: { open: number }[] }[] }>(
          '/api/ops/flows',
        );
        const lag = await product.metric('aorta_flow_lag_records', { flow: 'adt-admissions' });
        const owed = await product.metric('aorta_ingress_owed');
        for (const flow of flows.filter(({ name }) => name === 'adt-admissions')) {
          owned += flow.partitions.length;
          now.push(flow.totals);
          if (flow.partitions.some((partition) => partition.open > 0)) return false;
        }
        if (lag > 0 || owed > 0) return false;
      }
      if (owned !== 12) return false;
      const last = before;
      before = JSON.stringify(now);
      return before === last;
    },
    withinMs,
    300,
  );
}

/**
 * Nothing lost, nothing twice, in order: each accepted message is in its patient's timeline exactly once, nothing is
 * there that was not sent, no message twice, event times rise. With `complete`, all messages have been accepted, and the
 * current bed is compared too.
 */
export async function checkTimelines(
  product: Product,
  patients: readonly Patient[],
  accepted: ReadonlySet<string>,
  complete = false,
): Promise<void> {
  const wrong: string[] = [];
  for (const patient of patients) {
    const expected = patient.messages.filter((message) => accepted.has(message.controlId)).map((message) => message.controlId);
    const id = await patientId(product, patient.mrn);
    if (id === undefined) {
      if (expected.length > 0) wrong.push(`${patient.mrn}: lost with ${expected.length} messages`);
      continue;
    }
    const events = await timelineOf(product, id);
    const ids = events.map((event) => event.source.messageId);
    const sent = new Set(patient.messages.map((message) => message.controlId));
    const lost = expected.filter((controlId) => !ids.includes(controlId));
    const twice = ids.filter((messageId, at) => ids.indexOf(messageId) !== at);
    const foreign = ids.filter((messageId) => !sent.has(messageId));
    if (lost.length > 0) wrong.push(`${patient.mrn}: acknowledged but lost: ${lost.join(' ')}`);
    if (twice.length > 0) wrong.push(`${patient.mrn}: twice: ${twice.join(' ')}`);
    if (foreign.length > 0) wrong.push(`${patient.mrn}: never sent: ${foreign.join(' ')}`);
    const times = events.map((event) => event.occurredAt);
    if (times.some((time, at) => at > 0 && time < (times[at - 1] as string)))
      wrong.push(`${patient.mrn}: not in event order: ${times.join(' ')}`);
    const at = new Map(patient.messages.map((message) => [message.controlId, new Date(message.at).toISOString()]));
    for (const event of events) {
      if (event.occurredAt !== at.get(event.source.messageId))
        wrong.push(`${patient.mrn}: ${event.source.messageId} occurred at ${event.occurredAt}`);
    }
    if (complete) await checkWhereabouts(product, id, patient, wrong);
  }
  deepStrictEqual(wrong, []);
}

async function checkWhereabouts(product: Product, id: string, patient: Patient, wrong: string[]): Promise<void> {
  const expected = whereabouts(patient.messages);
  const encounters = (await product.get<Bundle<Encounter>>(`/fhir/Encounter?patient=${id}`)).entry ?? [];
  if (encounters.length !== 1) wrong.push(`${patient.mrn}: ${encounters.length} visits`);
  const encounter = encounters[0]?.resource;
  if (!encounter) return;
  const active = (encounter.location ?? []).filter((stay) => stay.status === 'active').map((stay) => stay.location.display);
  const wanted = expected.status === 'finished' ? [] : [expected.place?.replaceAll('^', ' ')];
  if (encounter.status !== expected.status || JSON.stringify(active) !== JSON.stringify(wanted)) {
    const story = patient.messages.map(({ event, place, from, at }) => `${event} ${place ?? ''} ${from ?? ''} ${at}`).join(', ');
    wrong.push(`${patient.mrn}: is ${encounter.status} in [${active.join()}], not ${expected.status} in [${wanted.join()}] after ${story}`);
  }
}
