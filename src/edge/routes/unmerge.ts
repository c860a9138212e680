import type { FastifyInstance, FastifyRequest } from 'fastify';
import { error } from '../../errors/index.ts';
import type { EdgeOptions } from '../options.ts';

interface Body {
  readonly survivor: string;
  readonly merged: string;
  readonly dryRun?: boolean;
}

const patient = { type: 'string', pattern: '^[A-Za-z0-9.-]{1,64}$' } as const;
const body = {
  type: 'object',
  required: ['survivor', 'merged'],
  additionalProperties: false,
  properties: { survivor: patient, merged: patient, dryRun: { type: 'boolean' } },
} as const;

const note = (request: FastifyRequest) => {
  const { survivor, merged, dryRun = false } = request.body as Body;
  return { action: dryRun ? 'read' : 'unmerge', patientId: merged, details: { survivor } };
};

/**
 * Undoes a merge (HL7 A40). The identifiers are given back when it answers; the flows follow, each in its order. A wrong
 * merge mixes two persons' histories: only an admin may decide that it was one.
 */
export function unmergeRoutes(app: FastifyInstance, { unmerge }: EdgeOptions): void {
  app.post<{ Body: Body }>(
    '/api/ops/unmerge',
    { config: { access: { roles: ['admin'], audit: note } }, schema: { body } },
    async (request, reply) => {
      if (!unmerge) throw error('AORTA_EDGE_004', { what: 'entry point here that merges' });
      const { survivor, merged, dryRun = false } = request.body;
      const { link, eventId } = await unmerge({ survivor, merged, dryRun });
      return reply.code(dryRun ? 200 : 202).send({
        ...{ survivor, merged, dryRun, eventId },
        mergedAt: new Date(link.at).toISOString(),
        // How many, not which: they are names of people.
        identifiers: link.identifiers.length,
      });
    },
  );
}
