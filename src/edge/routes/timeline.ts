import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import type { EdgeOptions } from '../options.ts';

/** A patient's events in the order in which they happened (contract.md). */
export function timelineRoutes(app: FastifyInstance, { canonical }: EdgeOptions): void {
  const config = { access: { roles: ['clinician', 'admin', 'service'] as const, audit: 'read' } };

  app.get<{ Params: { id: string }; Querystring: { limit?: string; cursor?: string } }>('/api/patients/:id/timeline', { config }, async (request) => {
    const { limit, cursor } = request.query;
    const count = limit === undefined ? undefined : Number(limit);
    if (count !== undefined && (!Number.isInteger(count) || count < 1)) throw error('AORTA_EDGE_005', { problem: 'limit is a positive whole number' });
    const page = await canonical.timeline(request.params.id, { ...(count === undefined ? {} : { limit: count }), ...(cursor === undefined ? {} : { cursor }) });
    if (!page) throw error('AORTA_EDGE_004', { what: 'such patient' });
    return page;
  });
}
