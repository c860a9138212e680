import type { FastifyInstance } from 'fastify';
import { AortaError } from '../../errors/index.ts';
import type { CdsCall, CdsClient } from './cds-client.ts';
import type { Ehr } from './options.ts';
import { outcome } from './outcome.ts';

const text = { type: 'string', minLength: 1, maxLength: 200 } as const;
const body = {
  type: 'object',
  required: ['base', 'service', 'patientId'],
  additionalProperties: false,
  properties: {
    base: { type: 'string', pattern: '^http://(127\\.0\\.0\\.1|localhost|\\[::1\\])(:\\d+)?$' },
    service: text,
    patientId: text,
    encounterId: text,
    context: { type: 'object' },
    prefetch: { enum: ['all', 'none'] },
    access: { type: 'boolean' },
  },
} as const;

/** Who is here, with the encounter that is open where they are in the house. */
export const patientList = ({ store }: Pick<Ehr, 'store'>) =>
  store.search('Patient', new URLSearchParams()).map((patient) => {
    const [name] = (patient as unknown as { name?: { given?: string[]; family?: string }[] }).name ?? [];
    const open = store.search('Encounter', new URLSearchParams({ patient: patient.id, status: 'in-progress' }))[0];
    return { id: patient.id, name: [...(name?.given ?? []), name?.family].filter(Boolean).join(' '), encounter: open?.id ?? '' };
  });

/** Who is here, and "open this chart": the sandbox calls a CDS service on this machine as an EHR would. */
export function cdsRoutes(app: FastifyInstance, ehr: Ehr, client: CdsClient): void {
  app.setErrorHandler((thrown: Error, _request, reply) => {
    if (!(thrown instanceof AortaError)) throw thrown;
    const unknown = thrown.code === 'AORTA_EDGE_004';
    return outcome(reply, unknown ? 404 : 502, unknown ? 'not-found' : 'transient', thrown.message);
  });
  app.get('/_sandbox/patients', async () => ({ patients: patientList(ehr) }));
  app.post<{ Body: CdsCall }>('/_sandbox/cds', { schema: { body } }, async ({ body: call }) => {
    const { status, body: answered, request } = await client.call(call);
    // Without the access token: what is shown may be copied somewhere.
    const { fhirAuthorization, ...sent } = request;
    return { status, body: answered, request: { ...sent, ...(fhirAuthorization ? { fhirAuthorization: 'left out' } : {}) } };
  });
}
