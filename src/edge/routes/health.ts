import type { FastifyInstance } from 'fastify';
import type { EdgeOptions } from '../options.ts';

/** Liveness, readiness and metrics: for probes and scrapers, without identity; nothing of a patient is in them. */
export function healthRoutes(app: FastifyInstance, { flows, ready, telemetry }: EdgeOptions): void {
  const config = { access: { roles: 'public' as const } };

  /**
   * Alive: everything old that is not settled has a known wait reason within its bound; 503 names what has none, with its
   * code. A flow whose dead-letter brake is on is named too, and alive: a restart would not release it, and would stop the
   * other flows.
   */
  app.get('/healthz', { config }, async (_request, reply) => {
    const overdue = flows.flatMap((flow) => flow.overdue().map((wait) => ({ flow: flow.name, ...wait })));
    const braked = flows.flatMap((flow) => flow.braked().map((wait) => ({ flow: flow.name, ...wait })));
    return reply
      .code(overdue.length === 0 ? 200 : 503)
      .send({ status: overdue.length === 0 ? 'ok' : 'stuck', overdue, ...(braked.length === 0 ? {} : { braked }) });
  });

  app.get('/readyz', { config }, async (_request, reply) => {
    const problems = await ready();
    return reply.code(problems.length === 0 ? 200 : 503).send({ status: problems.length === 0 ? 'ready' : 'not-ready', problems });
  });

  app.get('/metrics', { config }, async (_request, reply) => reply.type(telemetry.contentType).send(await telemetry.scrape()));
}
