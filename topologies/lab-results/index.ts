import { branch, filterMap, flow, map, mapAsync, process, skip, to, write } from 'aorta';
import { canonicalTables } from 'aorta/canonical';
import { noSources, type Sources } from 'aorta/hl7';
import type { Hl7Oru } from '../../schemas/generated/hl7-oru.ts';
import { topics } from '../../schemas/topics.ts';
import { type BlobReader, fetchBody, isInline, noBlobs } from '../hl7/body.ts';
import { results } from './actor.ts';
import { type BlobWriter, storeDocuments } from './attachments.ts';
import { decode } from './decode.ts';

/** What the flow is given at start. Tools that only draw or check it give nothing. */
export interface Resources {
  readonly blob?: BlobReader & BlobWriter;
  /** Zone of times without an offset: IANA name or `±hh:mm`. @default 'UTC' */
  readonly zone?: string;
  /** Identifier systems of namespaces, as ingress has them. */
  readonly systems?: Readonly<Record<string, string>>;
  /** Source profiles, as ingress has them. @default none */
  readonly sources?: Sources;
}

const none: BlobReader & BlobWriter = { ...noBlobs, put: () => Promise.reject(new Error('no blob store was given')) };

/**
 * S15. ORU^R01 messages become Observations and a DiagnosticReport for each OBR, with their specimens and documents, and
 * one `Result` in the patient's timeline.
 *
 * An older report of a result never takes the place of a newer one, nor a preliminary one that of a final one (rank.ts);
 * what it alone knows is added. Documents inside OBX become Binary: small ones in the row, large ones in the blob store.
 * Patient and Encounter are put as placeholders (version 0) where ADT has not written them.
 *
 * Patients who are merged (HL7 A40): merge.ts.
 *
 * Skipped: `natural-duplicate` (the same message under another control id); `not-an-event` (what a merge writes). OBR-25 Y and Z and messages of two patients
 * are refused at the door; should one come here all the same, it is Permanent and parks the patient.
 */
export default function labResults({ blob = none, zone = 'UTC', systems = {}, sources = noSources }: Resources = {}) {
  return flow('lab-results', { version: '1' })
    .from(topics.oru)
    .pipe(
      branch('body', {
        inline: [isInline, map((record: Hl7Oru) => record)],
        otherwise: mapAsync('fetch-body', fetchBody(blob), { readOnly: true }),
      }),
      map('decode', decode(zone, sources)),
      // Stored under its digest: repeating it changes nothing, which is what `readOnly` asks.
      mapAsync('documents', storeDocuments(blob), { readOnly: true }),
      process('results', results({ zone, systems })),
      write('canonical', { tables: canonicalTables, effects: (change) => change.effects }),
      filterMap('timeline', (change) => change.event ?? skip('not-an-event')),
      to(topics.timeline),
    );
}
