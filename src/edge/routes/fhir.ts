import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import type { EdgeOptions } from '../options.ts';

const types = ['Patient', 'Encounter', 'Location'] as const;
const mime = 'application/fhir+json; charset=utf-8';

/** The read side of the canonical store (FHIR R4, RESTful API: read, search-type, capabilities). */
export function fhirRoutes(app: FastifyInstance, { canonical }: EdgeOptions): void {
  const read = { access: { roles: ['clinician', 'admin', 'service'] as const, audit: 'read' } };

  app.get('/fhir/metadata', { config: { access: { roles: 'public' } } }, async (_request, reply) => reply.type(mime).send(capabilityStatement));

  app.get<{ Params: { type: string; id: string } }>('/fhir/:type/:id', { config: read }, async (request, reply) => {
    const { type, id } = request.params;
    known(type);
    const resource = await canonical.readResource(type, id);
    if (!resource) throw error('AORTA_EDGE_004', { what: `such ${type}` });
    const { versionId, lastUpdated } = resource.meta ?? {};
    if (versionId) reply.header('ETag', `W/"${versionId}"`);
    if (lastUpdated) reply.header('Last-Modified', new Date(lastUpdated).toUTCString());
    return reply.type(mime).send(resource);
  });

  app.get<{ Params: { type: string }; Querystring: Record<string, string | string[]> }>('/fhir/:type', { config: read }, async (request, reply) => {
    const { type } = request.params;
    known(type);
    const { identifier, patient, _count, cursor, ...rest } = request.query;
    const unknown = Object.keys(rest).filter((name) => !name.startsWith('_'));
    // Lenient search would answer a question that was not asked.
    if (unknown.length > 0) throw error('AORTA_EDGE_005', { problem: `search parameter ${unknown.join(', ')} is not supported` });
    const one = (value: string | string[] | undefined, name: string): string | undefined => {
      if (Array.isArray(value)) throw error('AORTA_EDGE_005', { problem: `${name} is given twice` });
      return value;
    };
    const count = one(_count, '_count');
    const query = {
      ...(identifier === undefined ? {} : { identifier: one(identifier, 'identifier') as string }),
      ...(patient === undefined ? {} : { patient: one(patient, 'patient') as string }),
      ...(count === undefined ? {} : { limit: positive(count, '_count') }),
      ...(cursor === undefined ? {} : { cursor: one(cursor, 'cursor') as string }),
    };
    const page = await canonical.search(type, query);
    const next = page.cursor === undefined ? [] : [{ relation: 'next', url: `${type}?${new URLSearchParams({ ...strings(request.query), cursor: page.cursor })}` }];
    return reply.type(mime).send({
      resourceType: 'Bundle',
      type: 'searchset',
      link: [{ relation: 'self', url: `${type}?${new URLSearchParams(strings(request.query))}` }, ...next],
      ...(page.resources.length === 0
        ? {}
        : { entry: page.resources.map((resource) => ({ fullUrl: `${resource.resourceType}/${resource.id}`, resource, search: { mode: 'match' } })) }),
    });
  });
}

function known(type: string): void {
  if (!(types as readonly string[]).includes(type)) throw error('AORTA_EDGE_004', { what: 'such resource type here' });
}

function positive(text: string, name: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw error('AORTA_EDGE_005', { problem: `${name} is a positive whole number` });
  return number;
}

const strings = (query: Record<string, string | string[]>): Record<string, string> =>
  Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]));

const capabilityStatement = {
  resourceType: 'CapabilityStatement',
  status: 'active',
  date: '2026-11-22',
  kind: 'instance',
  software: { name: 'Aorta' },
  implementation: { description: 'Canonical store of Aorta, read side' },
  fhirVersion: '4.0.1',
  format: ['json'],
  rest: [
    {
      mode: 'server',
      resource: types.map((type) => ({
        type,
        interaction: [{ code: 'read' }, { code: 'search-type' }],
        searchParam: [
          { name: 'identifier', type: 'token' },
          ...(type === 'Encounter' ? [{ name: 'patient', type: 'reference' }] : []),
        ],
      })),
    },
  ],
};
