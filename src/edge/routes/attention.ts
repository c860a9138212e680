import type { FastifyInstance } from 'fastify';
import { attention } from '../../ops/set-aside.ts';
import type { EdgeOptions } from '../options.ts';

/** What waits for an operator, flows whose brake is on, topics that keep too little: counts and names, no patient. */
export function attentionRoutes(app: FastifyInstance, options: EdgeOptions): void {
  const roles = ['viewer', 'operator', 'admin'] as const;
  app.get('/api/ops/attention', { config: { access: { roles } } }, () => attention(options));
}
