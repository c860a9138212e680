import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import { reads } from '../access.ts';
import type { EdgeOptions } from '../options.ts';
import { traceEvent } from '../trace.ts';

/** Where an event went: `aorta trace`. */
export function traceRoutes(app: FastifyInstance, options: EdgeOptions): void {
  app.get<{ Params: { eventId: string } }>(
    '/api/ops/trace/:eventId',
    { config: { access: { roles: ['operator', 'admin'] as const, audit: reads() } } },
    async ({ params }) => {
      const trace = await traceEvent(options, params.eventId);
      if (!trace) throw error('AORTA_EDGE_004', { what: 'trace of that event' });
      return trace;
    },
  );
}
