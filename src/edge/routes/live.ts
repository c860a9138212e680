import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import { securityHeaders } from '../headers.ts';
import { LiveLook } from '../live.ts';
import type { EdgeOptions } from '../options.ts';

const keepAliveMs = 15_000;
/** Bytes; a reader that takes nothing is cut off above this. */
const maxBuffered = 256 * 1024;
const maxWatchers = 100;

/** Server-sent events for the dashboard: event `flows`, a `LiveView`, when it differs from the last. No PHI in it. */
export function liveRoutes(app: FastifyInstance, options: EdgeOptions): void {
  const look = new LiveLook(options);
  const open = new Set<() => void>();
  app.addHook('preClose', async () => {
    for (const end of [...open]) end();
  });

  const access = { roles: ['viewer', 'operator', 'admin'] as const };
  // A HEAD route would be hijacked like the GET, and never end.
  app.get('/api/ops/live', { config: { access }, exposeHeadRoute: false }, async (request, reply) => {
    if (open.size >= maxWatchers) throw error('AORTA_EDGE_008', { count: open.size });
    request.place?.leave();
    const { raw } = reply.hijack();
    raw.writeHead(200, {
      ...securityHeaders,
      'Content-Type': 'text/event-stream; charset=utf-8',
      // Proxies must pass events on as they come.
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    });
    raw.write('retry: 1000\n\n');
    const write = (text: string) => {
      if (raw.writableLength > maxBuffered) raw.destroy();
      else raw.write(text);
    };
    open.add(follow(raw, options, look, write, (end) => open.delete(end)));
  });
}

/** Writes until the reader is gone or the result is called. */
function follow(
  raw: ServerResponse,
  { clock }: EdgeOptions,
  look: LiveLook,
  write: (text: string) => void,
  ended: (end: () => void) => void,
): () => void {
  let cancelKeepAlive = () => {};
  const keepAlive = () => {
    write(': keep-alive\n\n');
    cancelKeepAlive = clock.after(keepAliveMs, keepAlive);
  };
  cancelKeepAlive = clock.after(keepAliveMs, keepAlive);
  const unwatch = look.watch((view) => write(`event: flows\ndata: ${view}\n\n`));
  const end = () => {
    cancelKeepAlive();
    unwatch();
    ended(end);
    raw.end();
  };
  raw.once('close', end);
  raw.on('error', end);
  return end;
}
