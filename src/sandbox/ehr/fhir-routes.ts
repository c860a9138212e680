import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Resource } from '../../fhir/r4.ts';
import { missingScopes } from '../../smart/index.ts';
import type { Ehr } from './options.ts';
import { fhirMime, outcome } from './outcome.ts';
import { searchPage } from './page.ts';
import { UnknownSearch } from './search.ts';
import type { Stored } from './store.ts';
import { tokenOf } from './token.ts';

/** FHIR R4 read, search with pages, and create, under the scopes of the token. */
export function fhirRoutes(app: FastifyInstance, ehr: Ehr): void {
  app.addContentTypeParser('application/fhir+json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, JSON.parse(String(body)));
    } catch {
      done(Object.assign(new Error('the body is no JSON'), { statusCode: 400 }));
    }
  });

  app.get('/fhir/metadata', async (_request, reply) => {
    const resource = ehr.store
      .types()
      .map((type) => ({ type, interaction: [{ code: 'read' }, { code: 'search-type' }, { code: 'create' }] }));
    const fhirVersion = '4.0.1';
    return reply.type(fhirMime).send({
      ...{ resourceType: 'CapabilityStatement', status: 'active', kind: 'instance', fhirVersion },
      rest: [{ mode: 'server', resource }],
    });
  });

  app.get<{ Params: { type: string; id: string } }>('/fhir/:type/:id', async (request, reply) => {
    const { type, id } = request.params;
    const refused = deny(request, reply, type, 'r');
    if (refused) return refused;
    const resource = ehr.store.read(type, id);
    if (!resource) return outcome(reply, 404, 'not-found', `no such ${type}`);
    return reply.header('ETag', `W/"${resource.meta?.versionId}"`).type(fhirMime).send(resource);
  });

  type Search = FastifyRequest<{ Params: { type: string } }>;
  const search = (queryOf: (request: Search) => URLSearchParams) => async (request: Search, reply: FastifyReply) => {
    const { type } = request.params;
    const refused = deny(request, reply, type, 's');
    if (refused) return refused;
    const query = queryOf(request);
    try {
      return reply.type(fhirMime).send(searchPage(ehr, type, query));
    } catch (thrown) {
      if (thrown instanceof UnknownSearch)
        return outcome(reply, 400, 'not-supported', `search parameter ${thrown.message} is not supported`);
      throw thrown;
    }
  };
  app.get(
    '/fhir/:type',
    search(({ url }) => new URLSearchParams(url.split('?')[1] ?? '')),
  );
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => done(null, String(body)));
  app.post(
    '/fhir/:type/_search',
    search(({ body }) => new URLSearchParams(typeof body === 'string' ? body : '')),
  );

  app.post<{ Params: { type: string }; Body: Resource }>('/fhir/:type', async (request, reply) => {
    const { type } = request.params;
    const refused = deny(request, reply, type, 'c');
    if (refused) return refused;
    const { body } = request;
    if (body?.resourceType !== type) return outcome(reply, 422, 'invalid', `the body is no ${type}`);
    const condition = request.headers['if-none-exist'];
    const twice = request.fault?.kind === 'duplicate';
    if (typeof condition === 'string' && !twice) {
      const query = new URLSearchParams(condition.replace(/^[^?]*\?/, ''));
      if (query.size === 0) return outcome(reply, 400, 'invalid', 'If-None-Exist has no search');
      const there = ehr.store.search(type, query);
      if (there.length > 1) return outcome(reply, 412, 'duplicate', 'several match If-None-Exist');
      if (there[0]) return written(reply, 200, there[0]);
    }
    const made = ehr.store.create(body);
    if (twice) ehr.store.create(body);
    return written(reply, 201, made);
  });

  const written = (reply: FastifyReply, status: number, resource: Stored) =>
    reply
      .code(status)
      .header('Location', `${ehr.url}/fhir/${resource.resourceType}/${resource.id}/_history/${resource.meta?.versionId}`)
      .type(fhirMime)
      .send(resource);

  /** 401 without a good token, 403 without the scope for this. */
  function deny(request: FastifyRequest, reply: FastifyReply, type: string, letter: string): FastifyReply | undefined {
    const token = tokenOf(request, ehr);
    if (!token) {
      reply.header('WWW-Authenticate', 'Bearer error="invalid_token"');
      return outcome(reply, 401, 'login', 'the token is missing or has expired');
    }
    const level = token.scopes.some((scope) => scope.startsWith('user/')) ? 'user' : 'system';
    if (missingScopes([`${level}/${type}.${letter}`], token.scopes).length === 0) return undefined;
    return outcome(reply, 403, 'forbidden', `the token has no scope for ${type}`);
  }
}
