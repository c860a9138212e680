import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import { describe } from '../../flow/describe.ts';
import { graphOf } from '../../flow/graph.ts';
import { mermaid } from '../../flow/mermaid.ts';
import type { EdgeOptions } from '../options.ts';

/** The running flows: totals, partitions and their graphs; and where senders connect. */
export function flowRoutes(app: FastifyInstance, { flows, profile, entrances = {} }: EdgeOptions): void {
  const config = { access: { roles: ['viewer', 'operator', 'admin'] as const } };

  app.get('/api/ops/flows', { config }, async () => ({
    profile,
    entrances,
    flows: flows.map((flow) => ({
      name: flow.name,
      hash: flow.hash,
      totals: flow.totals(),
      partitions: flow.partitions(),
      targets: flow.targets(),
    })),
  }));

  app.get<{ Params: { flow: string } }>('/api/ops/flows/:flow/graph', { config }, async (request) => {
    const running = flows.find(({ name }) => name === request.params.flow);
    if (!running) throw error('AORTA_EDGE_004', { what: 'such flow' });
    const { flow, hash } = running;
    return { hash, graph: graphOf(flow), description: describe(flow), mermaid: mermaid(flow) };
  });
}
