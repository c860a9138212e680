import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import type { LogRecord } from '../../log/port.ts';
import { inspect } from '../../schema/inspect.ts';
import { reads } from '../access.ts';
import type { EdgeOptions } from '../options.ts';
import { count, known, type Query } from '../parameters.ts';

const most = 200;

/** Topics of the running flows, and the newest records of one, decoded. Values are PHI: for clinicians, audited. */
export function topicRoutes(app: FastifyInstance, { flows, log, registry }: EdgeOptions): void {
  const names = () => [...new Set(flows.flatMap(({ name, topics }) => [...topics, `${name}.parked`, `${name}.dlq`]))].sort();

  app.get('/api/ops/topics', { config: { access: { roles: ['viewer', 'operator', 'admin'] } } }, async () => ({
    topics: await Promise.all(
      names().map(async (name) => {
        const ends = await log.ends(name);
        return { name, partitions: ends.length, records: ends.reduce((sum, { start, end }) => sum + end - start, 0) };
      }),
    ),
  }));

  app.get<{ Params: { topic: string }; Querystring: Query }>(
    '/api/ops/topics/:topic/tail',
    { config: { access: { roles: ['clinician', 'admin'], audit: reads() } } },
    async (request) => {
      const { topic } = request.params;
      known(request.query, ['limit']);
      const limit = count(request.query, 'limit', most) ?? 20;
      if (!names().includes(topic)) throw error('AORTA_EDGE_004', { what: 'such topic' });
      const ends = await log.ends(topic);
      const found = await Promise.all(
        ends.map(async ({ partition, start, end }) =>
          (await log.read({ topic, partition }, Math.max(start, end - limit), limit)).map((record) => ({ partition, record })),
        ),
      );
      const newest = found
        .flat()
        .sort((a, b) => a.record.timestamp - b.record.timestamp || a.record.offset - b.record.offset)
        .slice(-limit);
      return { topic, records: await Promise.all(newest.map(async ({ partition, record }) => ({ partition, ...(await view(record)) }))) };
    },
  );

  /** Poison is shown as it is: people look here because something is wrong. */
  async function view({ offset, timestamp, key, value, headers }: LogRecord) {
    const base = {
      offset,
      timestamp,
      key: key?.toString() ?? null,
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)])),
    };
    if (value === null) return { ...base, value: null };
    try {
      return { ...base, ...(await inspect(registry, value)) };
    } catch {
      return { ...base, bytes: value.toString('base64') };
    }
  }
}
