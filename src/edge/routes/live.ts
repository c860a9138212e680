import type { FastifyInstance } from 'fastify';
import { auditTime, interval, map, merge, type Subscription } from 'rxjs';
import type { EdgeOptions } from '../options.ts';

const keepAliveMs = 15_000;
const pushMs = 500;
/** A reader that takes nothing is cut off above this. */
const maxBuffered = 256 * 1024;
const maxWatchers = 100;

/** Server-sent events for the dashboard: the flows' totals, at most twice a second and only when something settled. */
export function liveRoutes(app: FastifyInstance, { flows }: EdgeOptions): void {
  const watchers = new Set<() => void>();
  app.addHook('preClose', async () => {
    for (const end of watchers) end();
  });

  app.get('/api/ops/live', { config: { access: { roles: ['viewer', 'operator', 'admin'] } } }, async (_request, reply) => {
    if (watchers.size >= maxWatchers) return reply.code(503).send({ problem: 'too many watchers' });
    const { raw } = reply.hijack();
    raw.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache',
      Connection: 'keep-alive',
      'X-Accel-Buffering': 'no',
    });
    const subscriptions: Subscription[] = [];
    const end = () => {
      watchers.delete(end);
      for (const subscription of subscriptions) subscription.unsubscribe();
      raw.end();
    };
    const write = (text: string) => {
      if (raw.writableLength > maxBuffered) end();
      else raw.write(text);
    };
    const totals = () =>
      JSON.stringify({
        flows: flows.map((flow) => ({
          name: flow.name,
          totals: flow.totals(),
          partitions: flow.partitions().length,
          open: flow.partitions().reduce((sum, p) => sum + p.open, 0),
          held: flow.partitions().reduce((sum, p) => sum + p.held, 0),
          refused: flow.partitions().filter((p) => p.refused !== null).length,
        })),
      });
    watchers.add(end);
    raw.on('close', end);
    raw.on('error', end);
    write(`event: flows\ndata: ${totals()}\n\n`);
    subscriptions.push(
      merge(...flows.map((flow) => flow.settlements))
        .pipe(auditTime(pushMs), map(totals))
        .subscribe((data) => write(`event: flows\ndata: ${data}\n\n`)),
      interval(keepAliveMs).subscribe(() => write(': keep-alive\n\n')),
    );
  });
}
