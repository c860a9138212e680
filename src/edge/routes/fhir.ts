import type { FastifyInstance, FastifyRequest } from 'fastify';
import { error } from '../../errors/index.ts';
import { reads } from '../access.ts';
import { capabilityStatement, isServed, type ServedType, searchParameters } from '../capability.ts';
import type { EdgeOptions } from '../options.ts';
import { count, known, type Query, single } from '../parameters.ts';

const mime = 'application/fhir+json; charset=utf-8';
const formats = new Set(['json', 'application/json', 'application/fhir+json', 'text/json']);

/** The read side of the canonical store (FHIR R4, RESTful API: read, search-type, capabilities). */
export function fhirRoutes(app: FastifyInstance, { canonical }: EdgeOptions): void {
  const audit = reads((request) => {
    const { type, id } = request.params as { type: string; id?: string };
    const { patient } = request.query as Query;
    return type === 'Patient' && id !== undefined ? id : typeof patient === 'string' ? patient.replace(/^Patient\//, '') : undefined;
  });
  const config = { access: { roles: ['clinician', 'admin', 'service'] as const, audit } };

  app.get<{ Querystring: Query }>('/fhir/metadata', { config: { access: { roles: 'public' } } }, async ({ query }, reply) => {
    known(query, ['_format', 'mode']);
    return reply.type(mime).send(capabilityStatement);
  });

  app.get<{ Params: { type: string; id: string }; Querystring: Query }>('/fhir/:type/:id', { config }, async (request, reply) => {
    const { type, id } = request.params;
    served(type);
    known(request.query, ['_format']);
    json(request.query);
    const resource = await canonical.readResource(type, id);
    if (!resource) throw error('AORTA_EDGE_004', { what: `such ${type}` });
    const { versionId, lastUpdated } = resource.meta ?? {};
    const tag = `W/"${versionId}"`;
    if (versionId) reply.header('ETag', tag);
    if (lastUpdated) reply.header('Last-Modified', new Date(lastUpdated).toUTCString());
    if (versionId && request.headers['if-none-match']?.split(',').some((each) => each.trim() === tag)) return reply.code(304).send();
    return reply.type(mime).send(resource);
  });

  app.get<{ Params: { type: string }; Querystring: Query }>('/fhir/:type', { config }, async (request, reply) => {
    const { query } = request;
    const { type } = request.params;
    served(type);
    known(query, [...searchParameters[type].map(({ name }) => name), '_count', '_format', 'cursor']);
    json(query);
    const [patient, cursor, limit] = [single(query, 'patient'), single(query, 'cursor'), count(query, '_count', 500)];
    const identifier = token(single(query, 'identifier'));
    const page = await canonical.search(type, {
      ...(identifier === undefined ? {} : { identifier }),
      ...(patient === undefined ? {} : { patient }),
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const base = `http://${request.headers.host}/fhir`;
    const entry = page.resources.map((resource) => ({ fullUrl: `${base}/${type}/${resource.id}`, resource, search: { mode: 'match' } }));
    const next = page.cursor === undefined ? [] : [{ relation: 'next', url: link(base, request, page.cursor) }];
    return reply.type(mime).send({
      resourceType: 'Bundle',
      type: 'searchset',
      link: [{ relation: 'self', url: link(base, request) }, ...next],
      // FHIR has no empty arrays.
      ...(entry.length === 0 ? {} : { entry }),
    });
  });
}

function served(type: string): asserts type is ServedType {
  if (!isServed(type)) throw error('AORTA_EDGE_004', { what: 'such resource type here' });
}

function json(query: Query): void {
  const format = single(query, '_format');
  if (format !== undefined && !formats.has(format))
    throw error('AORTA_EDGE_005', { problem: '_format is json: nothing else is written here' });
}

/** A token (R4 3.1.1.4.10): one, with a value. `system|` and lists are other questions, which are not answered here. */
function token(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text.endsWith('|')) throw error('AORTA_EDGE_005', { problem: 'identifier needs a value after the bar' });
  if (/(?<!\\),/.test(text)) throw error('AORTA_EDGE_005', { problem: 'identifier takes one value, not a list' });
  return text.replace(/\\([\\,$])/g, '$1');
}

function link(base: string, { params, query }: FastifyRequest<{ Params: { type: string }; Querystring: Query }>, cursor?: string): string {
  const given = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  const search = new URLSearchParams(given);
  if (cursor !== undefined) search.set('cursor', cursor);
  const text = search.toString();
  return `${base}/${params.type}${text === '' ? '' : `?${text}`}`;
}
