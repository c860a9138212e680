import { type Composition, ownRecordKey } from '../assist/index.ts';
import type { Resource } from '../fhir/r4.ts';
import type { Job } from '../jobs/port.ts';

const participation = (code: string) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code }],
});

interface Stored extends Composition {
  readonly gathered?: {
    readonly base?: string;
    readonly reads?: readonly { readonly key: string; readonly status: string; readonly entities: readonly string[] }[];
  };
  readonly gaps?: readonly string[];
}

/**
 * FHIR R4 Provenance of a draft (AI Transparency IG): the author is a Device, the reason AIAST; an approval adds a
 * verifier, and takes nothing away. It is kept here; an EHR has one as it was when the document was written, if it grants
 * that. `at`: references are followed where it stands, and what was read here is not there.
 */
export function provenanceOf(job: Job, at: 'here' | 'ehr' = 'here'): Resource | undefined {
  if (job.provenance === null) return undefined;
  const { model, prompt, usage, cited, gathered, gaps = [] } = JSON.parse(job.provenance) as Stored;
  const entities = (gathered?.reads ?? []).flatMap(({ key, entities }) =>
    entities.map((reference) =>
      at === 'ehr' && key === ownRecordKey ? { identifier: { system: 'urn:aorta:resource', value: reference } } : { reference },
    ),
  );
  return {
    resourceType: 'Provenance',
    target: [job.document === null ? { display: 'draft' } : { reference: job.document }],
    recorded: new Date(job.updatedAt).toISOString(),
    reason: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'AIAST' }] }],
    contained: [
      {
        resourceType: 'Device',
        id: 'ai',
        manufacturer: model.provider,
        deviceName: [{ name: model.name, type: 'model-name' }],
        type: { text: 'Artificial-Intelligence' },
        version: [{ value: model.version }, { type: { text: 'prompt' }, value: `${prompt.id}/${prompt.version}` }],
      },
    ],
    agent: [
      { type: participation('author'), who: { reference: '#ai' } },
      ...(job.approvedBy === null
        ? []
        : [{ type: participation('verifier'), who: { identifier: { system: 'urn:aorta:actor', value: job.approvedBy } } }]),
    ],
    ...(entities.length === 0 ? {} : { entity: entities.map((what) => ({ role: 'source', what })) }),
    extension: [
      { url: 'urn:aorta:StructureDefinition:model-usage', valueString: JSON.stringify(usage) },
      { url: 'urn:aorta:StructureDefinition:citations', valueString: JSON.stringify(cited.map(({ n, reference }) => [n, reference])) },
      ...(gaps.length === 0 ? [] : [{ url: 'urn:aorta:StructureDefinition:not-read', valueString: gaps.join(', ') }]),
      ...(job.approvedAt === null
        ? []
        : [{ url: 'urn:aorta:StructureDefinition:approved-at', valueDateTime: new Date(job.approvedAt).toISOString() }]),
    ],
  } as Resource;
}
