import type { FastifyInstance } from 'fastify';

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** On every answer. Nothing that is not a file of the page is kept by browsers or proxies: it may be a patient's. */
export const securityHeaders = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': policy,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

export function setHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeaders);
    // The plugin for it (CORS) runs after the hooks that refuse: a page must be able to read status and Retry-After.
    const { origin } = request.headers;
    if (origin !== undefined && request.routeOptions.config?.access?.elsewhere?.origins.includes(origin))
      reply.headers({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': 'retry-after', Vary: 'Origin' });
    done();
  });
}
