import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { type AortaError, error } from '../errors/index.ts';
import type { EdgeOptions } from './options.ts';
import { createPressure, type Place } from './pressure.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Among the requests under way; null of public routes. A handler whose answer stays open leaves it when that begins. */
    place: Place | null;
  }
}

/**
 * Refuses requests while the event loop is late (429 with Retry-After, AORTA_EDGE_014), before anything is fetched, written
 * or read for them: a quota counts what was read, and a process that is late reads too little for it to run out.
 *
 * - Whoever has less than its share under way is let in (`pressure.ts`). A share of one's own has a client whose token is
 *   verified: here and now, where a key for it is at hand (`Access.recognise`), else by the hook that this returns, which
 *   comes after the one that verifies. Everything else is one caller, whatever it names and wherever it comes from: all of
 *   it may come through one proxy, from anybody.
 * - Public routes (health, metrics, keys) are never refused, and neither they nor open streams are counted.
 */
export function shedLoad(app: FastifyInstance, { clock, random, telemetry }: EdgeOptions): onRequestHookHandler {
  const pressure = createPressure({ clock, telemetry });
  const counter = (client: string) =>
    telemetry.counter('aorta_http_refused_total', 'Requests refused unread, because the event loop was late', { client });
  // As many as there are configured clients.
  const refused = new Map<string, ReturnType<typeof counter>>();
  const refusal = (client = 'unverified'): AortaError => {
    const own = refused.get(client) ?? counter(client);
    refused.set(client, own);
    own.inc();
    // Not all at once.
    return error('AORTA_EDGE_014', {}, { retryAfterMs: 1_000 + random.next() * 2_000 });
  };
  app.decorateRequest('place', null);
  app.addHook('onClose', async () => pressure.stop());
  app.addHook('onRequest', (request, reply, done) => {
    const { access } = request.routeOptions.config;
    if (!access || access.roles === 'public') return done();
    let client: string | undefined;
    const place = pressure.enter(() => {
      client = access.recognise?.(request);
      return client;
    });
    if (!place) return done(refusal(client));
    request.place = place;
    // Also when the client leaves before it has its answer.
    reply.raw.once('close', place.leave);
    done();
  });
  return (request, _reply, done) => {
    const { place, actor, headers } = request;
    const verified = request.routeOptions.config.access?.verify && headers.authorization !== undefined ? actor.client : undefined;
    if (!place || verified === undefined || place.verified(verified)) return done();
    done(refusal(verified));
  };
}
