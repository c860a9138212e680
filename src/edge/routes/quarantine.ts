import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import type { EdgeOptions } from '../options.ts';

/** Input that an entry point refused, with its reason. The body holds PHI: shown on request, audited. */
export function quarantineRoutes(app: FastifyInstance, { quarantine }: EdgeOptions): void {
  const config = { access: { roles: ['operator', 'admin'] as const, audit: 'read' } };

  app.get<{ Querystring: { limit?: string; before?: string } }>('/api/ops/quarantine', { config }, async (request) => {
    const limit = Number(request.query.limit ?? 50);
    if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw error('AORTA_EDGE_005', { problem: 'limit is a whole number from 1 to 500' });
    const [entries, count] = await Promise.all([quarantine.list(limit, request.query.before), quarantine.count()]);
    return { count, entries };
  });
  app.get<{ Params: { id: string } }>('/api/ops/quarantine/:id', { config }, async (request) => {
    const entry = await quarantine.get(request.params.id);
    if (!entry) throw error('AORTA_EDGE_004', { what: 'such quarantine entry' });
    return { ...entry, body: entry.body.toString('base64') };
  });
}
