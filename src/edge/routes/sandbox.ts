import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import { reads } from '../access.ts';
import type { EdgeOptions, SandboxCall } from '../options.ts';

const text = { type: 'string', pattern: '^[A-Za-z0-9.-]{1,64}$' } as const;
const body = {
  type: 'object',
  required: ['service', 'patientId'],
  additionalProperties: false,
  properties: { service: text, patientId: text, encounterId: text, prefetch: { type: 'boolean' } },
} as const;

/** "Call as EHR": the sandbox EHR beside a development server opens a chart, on behalf of the dashboard. */
export function sandboxRoutes(app: FastifyInstance, { sandbox }: EdgeOptions): void {
  const roles = ['clinician', 'admin'] as const;
  const running = () => {
    if (!sandbox) throw error('AORTA_EDGE_004', { what: 'sandbox EHR beside this Aorta' });
    return sandbox;
  };
  app.get('/api/sandbox/patients', { config: { access: { roles, audit: reads() } } }, async () => ({
    patients: await running().patients(),
  }));

  const audit = reads(({ body: asked }) => (asked as SandboxCall).patientId);
  app.post<{ Body: SandboxCall }>('/api/sandbox/cds', { schema: { body }, config: { access: { roles, audit } } }, async (request) =>
    running().call(request.body, ownAddress(app)),
  );
}

/** Where this server listens. A Host header is the caller's to choose, and what it names would be sent signed requests. */
function ownAddress(app: FastifyInstance): string {
  const { address, port } = app.server.address() as AddressInfo;
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address] ?? address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
