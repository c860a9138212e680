import type { FastifyInstance } from 'fastify';
import { reads } from '../access.ts';
import type { EdgeOptions } from '../options.ts';

/** Wards, rooms, beds and who is in them now: what the dashboard shows. */
export function wardRoutes(app: FastifyInstance, { canonical }: EdgeOptions): void {
  const config = { access: { roles: ['clinician', 'admin'] as const, audit: reads(), watched: true } };
  app.get('/api/wards', { config }, async () => ({ wards: await canonical.wards() }));
}
