import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import type { EdgeOptions } from '../options.ts';

/** Why a patient or a partition waits: `aorta why`. */
export function whyRoutes(app: FastifyInstance, { flows }: EdgeOptions): void {
  const config = { access: { roles: ['operator', 'admin'] as const, audit: 'read' } };

  app.get<{ Querystring: { patient?: string; partition?: string; flow?: string } }>('/api/ops/why', { config }, async (request) => {
    const { patient, partition, flow: name } = request.query;
    if ((patient === undefined) === (partition === undefined)) throw error('AORTA_EDGE_005', { problem: 'give either patient or partition' });
    const asked = flows.filter((flow) => name === undefined || flow.name === name);
    if (asked.length === 0) throw error('AORTA_EDGE_004', { what: 'such flow' });
    if (patient !== undefined) {
      return { waits: asked.flatMap((flow) => flow.whyPatient(patient).map((wait) => ({ flow: flow.name, ...wait }))) };
    }
    const number = Number(partition?.split('/').at(-1));
    if (!Number.isInteger(number) || number < 0) throw error('AORTA_EDGE_005', { problem: 'partition is a number' });
    return { waits: asked.flatMap((flow) => flow.whyPartition(number).map((wait) => ({ flow: flow.name, ...wait }))) };
  });
}
