import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { discovery } from '../../cds/index.ts';
import { error } from '../../errors/index.ts';
import { dated } from '../../fhir/client/index.ts';
import { jsonProblem } from '../../fhir/json-bounds.ts';
import type { Access } from '../access.ts';
import { createCaller, createRecogniser, localClient } from '../cds/index.ts';
import type { EdgeOptions } from '../options.ts';

const json = 'application/json; charset=utf-8';
/** Bytes of a call: six prefetched Bundles of a patient with a long history. */
const largest = 4 * 1024 * 1024;

/**
 * CDS Hooks 2.0: discovery, services, feedback. Callers are CDS clients with a signed token of their own; a preflight of
 * an allowed origin is answered (CORS), every other origin's browser is refused.
 */
export async function cdsRoutes(app: FastifyInstance, { cds, clock, audit: chain }: EdgeOptions): Promise<void> {
  const origins = cds?.corsOrigins ?? [];
  const host = cds?.publicUrl === undefined ? [] : [new URL(cds.publicUrl).hostname.toLowerCase()];
  const access = {
    roles: ['clinician', 'service', 'admin'],
    elsewhere: { hosts: host, origins },
    ...(cds ? { verify: createCaller(cds), recognise: createRecogniser(cds) } : {}),
  } as const satisfies Access;
  const audit = (action: string) => (request: FastifyRequest) => {
    const patient = (request.body as { context?: { patientId?: unknown } } | null)?.context?.patientId;
    return { action, patientId: typeof patient === 'string' ? patient : undefined, details: { service: serviceOf(request) } };
  };

  await app.register(
    async (scope) => {
      await scope.register(cors, {
        origin: origins.length === 0 ? false : [...origins],
        methods: ['GET', 'POST'],
        allowedHeaders: ['authorization', 'content-type'],
        exposedHeaders: ['retry-after'],
        maxAge: 600,
      });
      const parse = scope.getDefaultJsonParser('error', 'error');
      scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
        const problem = jsonProblem(String(body));
        if (problem !== undefined) return done(error('AORTA_CDS_001', { problem }));
        parse(request, String(body), done);
      });
      // The plugin's own route has no answer to the bare path.
      scope.options('', async (_request, reply) => reply.callNotFound());
      scope.addHook('onRequest', async (request, reply) => {
        if (request.method === 'OPTIONS' || !cds) return;
        const { granted, leave } = cds.quotas.enter(request.actor.client ?? localClient);
        // Also when the client leaves before it has its answer.
        reply.raw.once('close', leave);
        await granted;
      });

      scope.get('', { config: { access } }, async (_request, reply) => {
        const now = clock.now();
        return reply.type(json).send(discovery(cds?.host.services ?? [], (template) => dated(template, now)));
      });

      scope.post<{ Params: { id: string } }>(
        '/:id',
        { bodyLimit: largest, config: { access: { ...access, audit: audit('cds'), alongside: cds !== undefined } } },
        async (request, reply) => {
          const caller = { client: request.actor.client ?? localClient, home: cds?.publicUrl ?? `http://${request.headers.host}` };
          // The caller's wait began with its request: what verifying, the queue and the body took is spent already.
          const since = clock.monotonic() - reply.elapsedTime;
          let durable = false;
          request.recorded.then(
            () => {
              durable = true;
            },
            () => {},
          );
          // Only for its own record: those of others may go on waiting for each other.
          const hurry = () => {
            if (!durable) chain.hurry?.();
          };
          const answer = await running().call(request.params.id, request.body, { ...caller, since, recorded: request.recorded, hurry });
          return reply.type(json).send(answer);
        },
      );

      scope.post<{ Params: { id: string } }>(
        '/:id/feedback',
        { config: { access: { ...access, audit: audit('feedback') } } },
        async (request, reply) => {
          await running().feedback(request.params.id, request.body, { client: request.actor.client ?? localClient });
          return reply.code(200).send();
        },
      );
    },
    { prefix: '/cds-services' },
  );

  /** Public keys of our components (SMART 2.2, rows 301 and 302): an EHR reads them without any credentials. */
  app.get('/.well-known/jwks.json', { config: { access: { roles: 'public' } } }, async (_request, reply) => {
    reply.header('Cache-Control', 'public, max-age=300');
    return reply.type(json).send((await cds?.keySet()) ?? { keys: [] });
  });

  function running() {
    if (!cds) throw error('AORTA_EDGE_004', { what: 'such CDS service' });
    return cds.host;
  }
}

/** An id of ours, or nothing: what a caller writes there stays out of the audit chain. */
const serviceOf = (request: FastifyRequest): string => {
  const { id } = request.params as { id?: string };
  return id !== undefined && /^[a-z0-9-]{1,63}$/.test(id) ? id : '';
};
