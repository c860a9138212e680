import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import { reads } from '../access.ts';
import type { EdgeOptions } from '../options.ts';
import { count, known, type Query, single } from '../parameters.ts';

/** A patient's events in the order in which they happened (contract.md). */
export function timelineRoutes(app: FastifyInstance, { canonical }: EdgeOptions): void {
  const audit = reads((request) => (request.params as { id: string }).id);
  const config = { access: { roles: ['clinician', 'admin', 'service'] as const, audit } };

  app.get<{ Params: { id: string }; Querystring: Query }>('/api/patients/:id/timeline', { config }, async ({ params, query }) => {
    known(query, ['limit', 'cursor']);
    const limit = count(query, 'limit', 500);
    const cursor = single(query, 'cursor');
    const page = await canonical.timeline(params.id, {
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    if (!page) throw error('AORTA_EDGE_004', { what: 'such patient' });
    return page;
  });
}
