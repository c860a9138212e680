import Fastify, { type FastifyInstance } from 'fastify';
import { error } from '../errors/index.ts';
import type { Histogram } from '../telemetry/port.ts';
import { guardRoutes } from './access.ts';
import { answerClientErrors } from './client-error.ts';
import { setHeaders } from './headers.ts';
import { describeRoutes } from './openapi.ts';
import type { Edge, EdgeOptions } from './options.ts';
import { isLoopback } from './origin.ts';
import { failureOf, sendProblem } from './problem.ts';
import { groups } from './routes/index.ts';
import { shedLoad } from './shed.ts';

export type { Edge, EdgeOptions } from './options.ts';

/**
 * The HTTP side. One file a group of routes; each route declares who may use it and whether its use is audited, and
 * `access.ts` enforces that. Failures are problem documents, on FHIR routes OperationOutcomes (`problem.ts`).
 *
 * - Reads only, but for requests to redrive, which are rows that the partition's owner executes, and to unmerge, which
 *   go through ingress like a message.
 * - No PHI in metrics, logs and headers: route templates, never URLs.
 * - Bounded: bodies 1 MiB, 30 s for a request to arrive, 100 watchers, each cut off when it does not read. While the event
 *   loop is late, callers with more than their share under way get 429 before their request is read (`shed.ts`).
 *
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
    // A misspelt property is refused, not dropped; nothing is turned into another type.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
    frameworkErrors: (thrown, request, reply) => void sendProblem(request, reply, thrown),
    clientErrorHandler: answerClientErrors,
  });
  app.setErrorHandler((thrown, request, reply) => {
    const { status, code } = failureOf(thrown);
    const route = request.routeOptions.url ?? 'unknown';
    if (status >= 500) options.telemetry.log('error', 'edge.failed', { route, method: request.method, status, code, error: thrown });
    return sendProblem(request, reply, thrown);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, error('AORTA_EDGE_004', { what: 'such route' })));
  setHeaders(app);
  measure(app, options);
  await describeRoutes(app);
  const countVerified = shedLoad(app, options);
  guardRoutes(app, options);
  app.addHook('onRequest', countVerified);
  for (const routes of groups) await app.register(async (scope) => routes(scope, options));
  const url = await app.listen({ host: options.host, port: options.port });
  return { url: url.replace('[::1]', 'localhost'), stop: () => app.close() };
}

const buckets = [0.005, 0.02, 0.1, 0.5, 1, 5];

/** By the route's template, never the URL: ids and queries are PHI. */
function measure(app: FastifyInstance, { telemetry }: EdgeOptions): void {
  // Kept: as many as there are routes, methods and statuses.
  const kept = new Map<string, Histogram>();
  const histogram = (route: string, method: string, status: string): Histogram => {
    const key = `${route} ${method} ${status}`;
    const known =
      kept.get(key) ?? telemetry.histogram('aorta_http_request_seconds', 'Answered HTTP requests', buckets, { route, method, status });
    kept.set(key, known);
    return known;
  };
  app.addHook('onResponse', (request, reply, done) => {
    const { url = 'unknown' } = request.routeOptions;
    histogram(url, request.method, String(reply.statusCode)).observe(reply.elapsedTime / 1000);
    done();
  });
}
