import type { FastifyInstance, FastifyRequest } from 'fastify';
import { error } from '../errors/index.ts';
import type { EdgeOptions } from './options.ts';

export type Role = 'viewer' | 'operator' | 'clinician' | 'auditor' | 'admin' | 'service' | 'partner';

/** What a route declares; every route must, or it is not served. */
export interface Access {
  /** Who may; `public`: no identity needed, nothing of a patient is shown. */
  readonly roles: readonly Role[] | 'public';
  /** Audited before it is answered; the action's name. PHI routes and everything that changes something. */
  readonly audit?: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    actor: { readonly id: string; readonly roles: readonly Role[] };
  }
}

const loopback = new Set(['127.0.0.1', '::1', 'localhost']);
export const isLoopback = (host: string): boolean => loopback.has(host.replace(/^\[|\]$/g, ''));

const nobody = { id: 'anonymous', roles: [] } as const;
const developer = { id: 'local-developer', roles: ['viewer', 'operator', 'clinician', 'auditor', 'admin'] } as const;

/**
 * The one authorise-and-audit hook around every route. On loopback the caller is the local developer; any other bind
 * address was refused at start. The Host header must name this machine (a page elsewhere that resolves its own name to
 * 127.0.0.1 must not read from here), and so must the Origin of anything that changes something.
 */
export function guardRoutes(app: FastifyInstance, options: EdgeOptions): void {
  app.decorateRequest('actor', null as never);
  app.addHook('onRoute', (route) => {
    if (!route.config?.access) throw new Error(`route ${route.url} declares no access`);
  });
  app.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config;
    request.actor = nobody;
    if (access?.roles === 'public') return;
    const { host } = hostOf(request.headers.host);
    if (!isLoopback(host)) throw error('AORTA_EDGE_003', { host: host.slice(0, 100) });
    const { origin } = request.headers;
    if (origin !== undefined && request.method !== 'GET' && !isLoopback(hostOf(origin.replace(/^[a-z]+:\/\//, '')).host)) {
      throw error('AORTA_EDGE_003', { host: origin.slice(0, 100) });
    }
    if (request.headers.authorization !== undefined) {
      await record(options, request, 'denied');
      throw error('AORTA_EDGE_002');
    }
    request.actor = developer;
    const needed = access?.roles ?? [];
    if (!needed.some((role) => request.actor.roles.includes(role))) {
      await record(options, request, 'denied');
      throw error('AORTA_EDGE_006', { role: request.actor.roles.join(','), needed: needed.join(', ') });
    }
  });
  // Before the handler: data that was shown has a record even if the answer is lost.
  app.addHook('preHandler', async (request) => {
    if (request.routeOptions.config.access?.audit) await record(options, request, 'success');
  });
}

function hostOf(header: string | undefined): { host: string } {
  return { host: (header ?? '').replace(/:\d+$/, '') };
}

async function record(options: EdgeOptions, request: FastifyRequest, outcome: 'success' | 'denied'): Promise<void> {
  const { id, patientId } = (request.params ?? {}) as { id?: string; patientId?: string };
  const route = request.routeOptions.url ?? '';
  const patient = patientId ?? (route.startsWith('/api/patients/') || request.url.startsWith('/fhir/Patient/') ? id : undefined);
  await options.audit.append({
    at: options.clock.now(),
    actor: request.actor.id,
    action: outcome === 'denied' ? 'denied' : (request.routeOptions.config.access?.audit ?? 'read'),
    target: `${request.method} ${route}`,
    outcome,
    ...(patient && /^[\w-]{1,64}$/.test(patient) ? { patientId: patient } : {}),
  });
}
