import { createHash } from 'aorta';
import type { CodeableConcept, DomainResource, Extension, Identifier, Reference, Resource } from 'aorta/fhir';

/** How a text came about, as far as its document says so. */
export interface Writer {
  readonly provider: string;
  readonly name: string;
  readonly version: string;
}

export interface DraftText {
  readonly jobId: string;
  readonly subject: Reference;
  readonly encounter: Reference | undefined;
  readonly text: string;
  readonly writer: Writer;
  readonly prompt: { readonly id: string; readonly version: string };
  /** Milliseconds since 1970: when it was asked for, so that a repetition writes the same document. */
  readonly at: number;
}

/** R4 Device, as far as a contained one says what wrote a text. */
interface Device extends Resource {
  resourceType: 'Device';
  id: string;
  manufacturer: string;
  deviceName: { name: string; type: 'model-name' }[];
  type: CodeableConcept;
  version: { type?: CodeableConcept; value: string }[];
}

/** R4 DocumentReference, as far as drafts use it. */
export interface DocumentReference extends DomainResource {
  resourceType: 'DocumentReference';
  status: 'current';
  docStatus: 'preliminary';
  type: CodeableConcept;
  subject: Reference;
  date: string;
  author: Reference[];
  description: string;
  content: { attachment: { contentType: string; data: string; title: string; creation: string } }[];
  context?: { encounter: Reference[] };
  contained: (Resource & { id: string })[];
  identifier: Identifier[];
  extension: Extension[];
}

export const draftSystem = 'urn:aorta:clinical-draft';
export const aiGenerated = 'urn:aorta:StructureDefinition:ai-generated';

/** One job is one document, whenever it is written: what If-None-Exist looks for. */
export const draftKey = (jobId: string): string =>
  createHash('sha256')
    .update(JSON.stringify(['clinical-draft', jobId]))
    .digest('hex')
    .slice(0, 40);

/**
 * The draft as a document of the EHR. That it is preliminary, what it is, and that an AI wrote it is said here and
 * nowhere else: nothing of it comes from the model, whose text is an attachment.
 *
 * AI Transparency (IG): `meta.security` AIAST, the author a Device with model and version; besides, the extension that
 * the hospital's viewers look at.
 */
export function documentOf({ jobId, subject, encounter, text, writer, prompt, at }: DraftText): DocumentReference {
  const date = new Date(at).toISOString();
  const device: Device = {
    resourceType: 'Device',
    id: 'ai',
    manufacturer: writer.provider,
    deviceName: [{ name: writer.name, type: 'model-name' }],
    type: { text: 'Artificial-Intelligence' },
    version: [{ value: writer.version }, { type: { text: 'prompt' }, value: `${prompt.id}/${prompt.version}` }],
  };
  return {
    resourceType: 'DocumentReference',
    meta: {
      security: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
          code: 'AIAST',
          display: 'Artificial Intelligence asserted',
        },
      ],
    },
    contained: [device],
    extension: [{ url: aiGenerated, valueBoolean: true }],
    identifier: [{ system: draftSystem, value: draftKey(jobId) }],
    status: 'current',
    docStatus: 'preliminary',
    type: { coding: [{ system: 'http://loinc.org', code: '18842-5', display: 'Discharge summary' }] },
    subject,
    date,
    author: [{ reference: '#ai', type: 'Device' }],
    description: 'Draft written by an AI; not reviewed',
    content: [
      {
        attachment: {
          contentType: 'text/plain',
          data: Buffer.from(text, 'utf8').toString('base64'),
          title: 'Discharge summary (AI draft, not reviewed)',
          creation: date,
        },
      },
    ],
    ...(encounter ? { context: { encounter: [encounter] } } : {}),
  };
}
