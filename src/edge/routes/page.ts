import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { EdgeOptions } from '../options.ts';

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The dashboard: static files of `web/`, no build, no other origin. */
export async function pageRoutes(app: FastifyInstance, { root }: EdgeOptions): Promise<void> {
  await app.register(fastifyStatic, {
    root: join(root, 'web'),
    wildcard: false,
    // Shown to whom the data behind it is: the page itself holds none.
    ...({ config: { access: { roles: 'public' } } } as object),
    setHeaders(response) {
      response.setHeader('Content-Security-Policy', policy);
      response.setHeader('X-Content-Type-Options', 'nosniff');
      response.setHeader('Referrer-Policy', 'no-referrer');
    },
  });
}
