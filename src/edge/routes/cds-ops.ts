import type { FastifyInstance } from 'fastify';
import { reads } from '../access.ts';
import type { EdgeOptions } from '../options.ts';
import { count, known, type Query, single } from '../parameters.ts';

/** What CDS services answered and what became of it, for those who run and tune them. */
export function cdsOpsRoutes(app: FastifyInstance, { cds, sandbox }: EdgeOptions): void {
  app.get('/api/ops/cds', { config: { access: { roles: ['viewer', 'operator', 'clinician', 'admin'] } } }, async () => ({
    services: (cds?.host.services ?? []).map(({ id, hook, title, description }) => ({ id, hook, title, description })),
    feedback: (await cds?.host.advice.counts()) ?? [],
    sandbox: sandbox !== undefined,
  }));

  const roles = ['clinician', 'admin'] as const;
  const page = { config: { access: { roles, audit: reads() } } };

  /** With the clinicians' comments. */
  app.get<{ Querystring: Query }>('/api/ops/cds/feedback', page, async ({ query }) => {
    known(query, ['limit', 'before']);
    return { feedback: (await cds?.host.advice.feedbackOf(count(query, 'limit', 500) ?? 50, single(query, 'before'))) ?? [] };
  });

  /** With cards and what was read for them. */
  app.get<{ Querystring: Query }>('/api/ops/cds/advice', page, async ({ query }) => {
    known(query, ['limit', 'before']);
    return { advice: (await cds?.host.advice.advice(count(query, 'limit', 500) ?? 50, single(query, 'before'))) ?? [] };
  });
}
