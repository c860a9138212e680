import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import { reads } from '../access.ts';
import type { EdgeOptions } from '../options.ts';
import { count, known, type Query, single } from '../parameters.ts';

/** Input that an entry point refused, with its reason. The body holds PHI: shown on request, audited. */
export function quarantineRoutes(app: FastifyInstance, { quarantine }: EdgeOptions): void {
  const roles = ['operator', 'admin'] as const;

  app.get<{ Querystring: Query }>(
    '/api/ops/quarantine',
    { config: { access: { roles, audit: reads(), watched: true } } },
    async ({ query }) => {
      known(query, ['limit', 'before']);
      const limit = count(query, 'limit', 500) ?? 50;
      const [entries, total] = await Promise.all([quarantine.list(limit, single(query, 'before')), quarantine.count()]);
      return { count: total, entries };
    },
  );

  app.get<{ Params: { id: string } }>('/api/ops/quarantine/:id', { config: { access: { roles, audit: reads() } } }, async ({ params }) => {
    const entry = await quarantine.get(params.id);
    if (!entry) throw error('AORTA_EDGE_004', { what: 'such quarantine entry' });
    return { ...entry, body: entry.body.toString('base64') };
  });
}
