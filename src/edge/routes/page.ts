import { readdirSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

// Aorta's own, whichever project it runs.
const web = resolve(import.meta.dirname, '../../../web');

/**
 * The dashboard: static files of `web/`, no build, no other origin. One route a file, found at start: what is not a
 * file there is no route, so no path leads out of it. For everybody: it holds no data, its requests for them are checked.
 */
export async function pageRoutes(app: FastifyInstance): Promise<void> {
  await app.register(fastifyStatic, { root: web, serve: false, cacheControl: false });
  const config = { access: { roles: 'public' as const } };
  for (const file of filesIn(web)) {
    // `no-cache`: kept, and asked for again by ETag each time; the page of one version never meets another's modules.
    app.get(`/${file === 'index.html' ? '' : file}`, { config }, (_request, reply) =>
      reply.header('Cache-Control', 'no-cache').sendFile(file),
    );
  }
}

const filesIn = (dir: string): string[] =>
  readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(dir.length + 1)
        .split(sep)
        .join('/'),
    );
