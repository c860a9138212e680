import Fastify from 'fastify';
import { error } from '../errors/index.ts';
import { guardRoutes, isLoopback } from './access.ts';
import type { Edge, EdgeOptions } from './options.ts';
import { failureOf, sendProblem } from './problem.ts';
import { fhirRoutes } from './routes/fhir.ts';
import { flowRoutes } from './routes/flows.ts';
import { healthRoutes } from './routes/health.ts';
import { liveRoutes } from './routes/live.ts';
import { pageRoutes } from './routes/page.ts';
import { parkedRoutes } from './routes/parked.ts';
import { quarantineRoutes } from './routes/quarantine.ts';
import { timelineRoutes } from './routes/timeline.ts';
import { wardRoutes } from './routes/wards.ts';
import { whyRoutes } from './routes/why.ts';

export type { Edge, EdgeOptions } from './options.ts';

/**
 * The HTTP side. One file a group of routes; each route declares who may use it and whether its use is audited.
 * Refuses any bind address but loopback until authentication is configured (AORTA_EDGE_001).
 */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  if (!isLoopback(options.host)) throw error('AORTA_EDGE_001', { host: options.host });
  const app = Fastify({
    logger: false,
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: 256 },
    requestTimeout: 30_000,
    // Keep-alive connections must not hold the stop.
    forceCloseConnections: true,
  });
  app.setErrorHandler((thrown, request, reply) => {
    const failure = failureOf(thrown);
    const route = request.routeOptions.url ?? 'unknown';
    if (failure.status >= 500) {
      options.telemetry.log('error', 'edge.failed', { route, method: request.method, status: failure.status, code: failure.code, error: thrown });
    }
    return sendProblem(request, reply, thrown);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, error('AORTA_EDGE_004', { what: 'such route' })));
  // The template, never the URL: ids and queries are PHI.
  const seconds = [0.005, 0.02, 0.1, 0.5, 1, 5];
  app.addHook('onResponse', async (request, reply) => {
    const labels = { route: request.routeOptions.url ?? 'unknown', method: request.method, status: String(reply.statusCode) };
    options.telemetry.histogram('aorta_http_request_seconds', 'Answered HTTP requests', seconds, labels).observe(reply.elapsedTime / 1000);
  });
  guardRoutes(app, options);
  for (const routes of [
    healthRoutes, fhirRoutes, timelineRoutes, wardRoutes, flowRoutes, whyRoutes, parkedRoutes, quarantineRoutes, liveRoutes, pageRoutes,
  ]) {
    await app.register(async (scope) => routes(scope, options));
  }
  const url = await app.listen({ host: options.host, port: options.port });
  return { url: url.replace('[::1]', 'localhost'), stop: () => app.close() };
}
