import type { FastifyInstance, FastifyRequest } from 'fastify';
import { error } from '../../errors/index.ts';
import type { QuarantineEntry } from '../../quarantine/port.ts';
import { reads } from '../access.ts';
import type { EdgeOptions } from '../options.ts';
import { count, known, type Query, single } from '../parameters.ts';

interface Again {
  readonly dryRun?: boolean;
  /** Base64. */
  readonly body?: string;
}

const dryRun = { type: 'boolean' } as const;
const plain = { type: 'object', additionalProperties: false, properties: { dryRun } } as const;
const edited = {
  type: 'object',
  required: ['body'],
  additionalProperties: false,
  properties: { dryRun, body: { type: 'string', minLength: 4, pattern: '^[A-Za-z0-9+/]+={0,2}$' } },
} as const;
/** The largest entry in base64, with room. */
const bodyLimit = 3 * 1024 * 1024;

/** Input that an entry point refused, with its reason. The body holds PHI: shown on request, audited. */
export function quarantineRoutes(app: FastifyInstance, { quarantine, clock, resubmit = {} }: EdgeOptions): void {
  const roles = ['operator', 'admin'] as const;

  app.get<{ Querystring: Query }>(
    '/api/ops/quarantine',
    { config: { access: { roles, audit: reads(), watched: true } } },
    async ({ query }) => {
      known(query, ['limit', 'before']);
      const limit = count(query, 'limit', 500) ?? 50;
      const [entries, total] = await Promise.all([quarantine.list(limit, single(query, 'before')), quarantine.count()]);
      return { count: total, entries };
    },
  );

  app.get<{ Params: { id: string } }>('/api/ops/quarantine/:id', { config: { access: { roles, audit: reads() } } }, async ({ params }) => {
    const entry = await quarantine.get(params.id);
    if (!entry) throw error('AORTA_EDGE_004', { what: 'such quarantine entry' });
    return { ...entry, body: entry.body.toString('base64') };
  });

  const noteOf = (action: string) => (request: FastifyRequest) => ({
    action: (request.body as Again | null)?.dryRun ? 'read' : action,
    details: { entry: entryId((request.params as { id: string }).id) },
  });
  /** An entry that waits; one that was dealt with is not taken twice. */
  const waiting = async (id: string): Promise<QuarantineEntry> => {
    const entry = await quarantine.get(id);
    if (!entry) throw error('AORTA_EDGE_004', { what: 'such quarantine entry' });
    if (entry.resolution) throw error('AORTA_EDGE_011', { problem: `it was ${entry.resolution} before` });
    return entry;
  };

  /** Through the normal entry: parsed, checked, deduplicated, acknowledged as if it had come again. The entry stays, resolved. */
  const again = async (id: string, resolution: 'resubmitted' | 'fixed', given: Buffer | undefined, dry: boolean) => {
    const entry = await waiting(id);
    const entrance = resubmit[entry.source];
    if (!entrance) throw error('AORTA_EDGE_011', { problem: `no entry point ${entry.source} runs here` });
    if (!given && entry.size !== entry.body.length)
      throw error('AORTA_EDGE_011', { problem: `only ${entry.body.length} of its ${entry.size} bytes were kept` });
    const body = given ?? entry.body;
    if (dry) return { id, dryRun: true, source: entry.source, size: body.length };
    const outcome = await entrance(body, entry.peer);
    if (!outcome.accepted) throw error('AORTA_EDGE_012', { problem: `${outcome.code} ${outcome.message.replace(/\.? \[\w+\]$/, '')}` });
    await quarantine.resolve(id, resolution, clock.now());
    return { id, dryRun: false, source: entry.source, size: body.length, resolution };
  };

  app.post<{ Params: { id: string }; Body: Again | null }>(
    '/api/ops/quarantine/:id/resubmit',
    { config: { access: { roles, audit: noteOf('resubmit') } }, schema: { body: plain } },
    ({ params, body }) => again(params.id, 'resubmitted', undefined, body?.dryRun ?? false),
  );

  app.post<{ Params: { id: string }; Body: Again & { body: string } }>(
    '/api/ops/quarantine/:id/fix',
    { bodyLimit, config: { access: { roles, audit: noteOf('fix') } }, schema: { body: edited } },
    ({ params, body }) => again(params.id, 'fixed', Buffer.from(body.body, 'base64'), body.dryRun ?? false),
  );

  app.post<{ Params: { id: string }; Body: Again | null }>(
    '/api/ops/quarantine/:id/dismiss',
    { config: { access: { roles, audit: noteOf('dismiss') } }, schema: { body: plain } },
    async ({ params: { id }, body }) => {
      const entry = await waiting(id);
      if (!body?.dryRun) await quarantine.resolve(id, 'dismissed', clock.now());
      return { id, dryRun: body?.dryRun ?? false, source: entry.source, size: entry.size, resolution: 'dismissed' };
    },
  );
}

/** What a caller writes in the place of an id stays out of the audit chain, unless it looks like one. */
const entryId = (id: string): string => (/^[0-9A-Z]{26}$/.test(id) ? id : '?');
