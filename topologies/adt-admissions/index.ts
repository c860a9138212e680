import { branch, filterMap, flow, map, mapAsync, process, skip, to, write } from 'aorta';
import { canonicalTables } from 'aorta/canonical';
import type { MappingContext } from 'aorta/fhir';
import { noSources, type Sources } from 'aorta/hl7';
import type { Hl7Adt } from '../../schemas/generated/hl7-adt.ts';
import { topics } from '../../schemas/topics.ts';
import { type BlobReader, fetchBody, isInline, noBlobs } from '../hl7/body.ts';
import { visits } from './actor.ts';
import { decode } from './decode.ts';
import {
  addPerson,
  admit,
  cancelAdmit,
  cancelDischarge,
  cancelTransfer,
  discharge,
  is,
  isMerge,
  mergeNews,
  preAdmit,
  register,
  transfer,
  update,
  updatePerson,
} from './steps.ts';

/** What the flow is given at start. Tools that only draw or check it give nothing. */
export interface Resources {
  readonly blob?: BlobReader;
  /** Zone of times without an offset: IANA name or `±hh:mm`. @default 'UTC' */
  readonly zone?: string;
  /** Identifier systems of namespaces, as ingress has them. */
  readonly systems?: Readonly<Record<string, string>>;
  /** Source profiles, as ingress has them. @default none */
  readonly sources?: Sources;
  /** What senders mean by AL1-4. @default 'severity' */
  readonly allergySeverity?: NonNullable<MappingContext['allergySeverity']>;
}

/**
 * UC-INT-001. ADT messages become the patient with contacts and allergies, the encounter with its ward, room, bed and
 * diagnoses, and the visit's timeline.
 *
 * Order is event time (EVN-6, else EVN-2, else MSH-7), then arrival: a late transfer enters the history and does not
 * move the current bed; cancellations take back the event before them, and wait for one that is not there yet.
 *
 * Patients who are merged (A40, A34): merge.ts.
 *
 * Skipped, each a named metric: `event-not-handled`; `no-visit` (a visit event without PV1); `transfer-without-location`
 * (A02 that names no place in PV1-3); `duplicate` (an event that the visit has already); `natural-duplicate` (the same
 * event of the same visit and time under another control id, saying nothing new); `not-an-event` (what a merge writes
 * before the message that says so). Bytes that are no HL7 after all
 * are a Decode failure and park the patient: ingress took them.
 */
export default function adtAdmissions(resources: Resources = {}) {
  const { blob = noBlobs, zone = 'UTC', systems = {}, sources = noSources, allergySeverity = 'severity' } = resources;
  return flow('adt-admissions', { version: '1' })
    .from(topics.adt)
    .pipe(
      branch('body', {
        inline: [isInline, map((record: Hl7Adt) => record)],
        otherwise: mapAsync('fetch-body', fetchBody(blob), { readOnly: true }),
      }),
      map('decode', decode(zone, sources)),
      branch('event', {
        admit: [is('A01'), filterMap('admission', admit)],
        registration: [is('A04'), filterMap('arrival', register)],
        'pre-admission': [is('A05'), filterMap('plan', preAdmit)],
        transfer: [is('A02'), filterMap('destination', transfer)],
        discharge: [is('A03'), filterMap('departure', discharge)],
        update: [is('A08'), map('news', update)],
        'cancel-admit': [is('A11'), filterMap('no-admission', cancelAdmit)],
        'cancel-transfer': [is('A12'), filterMap('no-transfer', cancelTransfer)],
        'cancel-discharge': [is('A13'), filterMap('no-departure', cancelDischarge)],
        'new-person': [is('A28'), map('person', addPerson)],
        'person-update': [is('A31'), map('person-news', updatePerson)],
        merge: [isMerge, map('merge-news', mergeNews)],
        otherwise: skip('event-not-handled'),
      }),
      process('encounter', visits({ zone, systems, allergySeverity })),
      write('canonical', { tables: canonicalTables, effects: (change) => change.effects }),
      filterMap('timeline', (change) => change.event ?? skip('not-an-event')),
      to(topics.timeline),
    );
}
