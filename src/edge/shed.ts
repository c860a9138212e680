import type { FastifyInstance, FastifyRequest } from 'fastify';
import { error } from '../errors/index.ts';
import type { EdgeOptions } from './options.ts';
import { createPressure } from './pressure.ts';

/**
 * Refuses before anything of a request is verified or read, while the event loop is late (429 with Retry-After,
 * AORTA_EDGE_014): a quota counts what was read, and a process that is late reads too little for it to run out.
 *
 * - Whoever has less than its share under way is let in (`pressure.ts`). Callers are told apart by the configured client
 *   that their token names, which is not verified yet, and by their address: what a client's name is used for by somebody
 *   else elsewhere does not count as its own.
 * - Public routes (health, metrics, keys) are never refused, and neither they nor streams are counted.
 */
export function shedLoad(app: FastifyInstance, { clock, random, telemetry, cds }: EdgeOptions): void {
  const pressure = createPressure({ clock, telemetry });
  const counter = (client: string) =>
    telemetry.counter('aorta_http_refused_total', 'Requests refused unread, because the event loop was late', { client });
  const refused = new Map<string, ReturnType<typeof counter>>();
  app.addHook('onClose', async () => pressure.stop());
  app.addHook('onRequest', (request, reply, done) => {
    const { access } = request.routeOptions.config;
    if (!access || access.roles === 'public' || access.stream) return done();
    const client = access.verify ? cds?.claimed?.(tokenOf(request)) : undefined;
    const leave = pressure.enter(`${request.socket.remoteAddress} ${client ?? ''}`);
    if (!leave) {
      // Configured names only: there is a bound to them.
      const name = client ?? 'other';
      const own = refused.get(name) ?? counter(name);
      refused.set(name, own);
      own.inc();
      // Not all at once.
      return done(error('AORTA_EDGE_014', {}, { retryAfterMs: 1_000 + random.next() * 2_000 }));
    }
    // Also when the client leaves before it has its answer.
    reply.raw.once('close', leave);
    done();
  });
}

const tokenOf = ({ headers }: FastifyRequest): string => headers.authorization?.replace(/^Bearer +/i, '') ?? '';
