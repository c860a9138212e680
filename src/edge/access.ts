import type { FastifyInstance, FastifyRequest } from 'fastify';
import { error } from '../errors/index.ts';
import { auditTrail } from './audit.ts';
import type { EdgeOptions } from './options.ts';
import { checkHost, checkOrigin } from './origin.ts';

export type Role = 'viewer' | 'operator' | 'clinician' | 'auditor' | 'admin' | 'service' | 'partner';

/** What the audit chain says about a request, besides who, when and which route. Never a name or a value. */
export interface AuditNote {
  /** `read`, `redrive`, `discard`, … */
  readonly action: string;
  readonly patientId?: string | undefined;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** Who sent a request. */
export interface Caller {
  readonly id: string;
  readonly roles: readonly Role[];
  /** Configured name of a machine that calls; its quota goes by it. */
  readonly client?: string;
}

/** What a route declares; every route must, or the server does not start. */
export interface Access {
  /** Who may; `public`: no identity needed, nothing of a patient is shown. */
  readonly roles: readonly Role[] | 'public';
  /** Recorded before the answer is made. PHI routes and everything that changes something. */
  readonly audit?: (request: FastifyRequest) => AuditNote;
  /**
   * The record is written while the handler works, which waits for it (`request.recorded`) before it answers: where the
   * handler takes its time, a disk's does not come on top. It may wait some milliseconds for others; a handler that is done
   * with everything else says so (`options.audit.hurry`).
   */
  readonly alongside?: boolean;
  /** A page asks again whenever something moved: one record a minute says that somebody was watching. */
  readonly watched?: boolean;
  /** For callers with tokens of their own kind (CDS Hooks): verifies the request, in place of rule 3. */
  readonly verify?: (request: FastifyRequest) => Promise<Caller>;
  /**
   * The client that `verify` will find, where that can be said at once and beyond doubt (by a signature, with a key that is
   * here); it is let in by its share then while the event loop is late (`shed.ts`). Undefined says nothing.
   */
  readonly recognise?: (request: FastifyRequest) => string | undefined;
  /** Host names other than loopback, and origins other than ours, that this route may be called with. */
  readonly elsewhere?: { readonly hosts: readonly string[]; readonly origins: readonly string[] };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    actor: Caller;
    /** Durable when resolved; of routes that are recorded `alongside`. */
    recorded: Promise<void>;
  }
}

/** The note of a route that only shows. */
export const reads = (patientOf?: (request: FastifyRequest) => string | undefined) => (request: FastifyRequest) => ({
  action: 'read',
  patientId: patientOf?.(request),
});

/** Milliseconds: a commit for each record costs more than the record, and the reads of a call take longer than this. */
const alongsideMs = 10;
const nobody = { id: 'anonymous', roles: [] } as const;
export const developer = { id: 'local-developer', roles: ['viewer', 'operator', 'clinician', 'auditor', 'admin'] } as const;

/**
 * The one authorise-and-audit hook around every route.
 *
 * 1. A route without `config.access` is refused when it is added.
 * 2. Host and Origin (AORTA_EDGE_003, _007), see `origin.ts`.
 * 3. Credentials are verified wherever they are sent; none are configured yet, so they are refused (AORTA_EDGE_002). On
 *    loopback a caller without any is the local developer: any other bind address was refused at start. A route with
 *    `verify` knows its own kind of credentials, and verifies every request by it.
 * 4. Roles (AORTA_EDGE_006).
 * 5. The audit record is durable before the handler runs, or before it answers (`alongside`): what was shown has a record
 *    even if the answer is lost, and when it cannot be written nothing is shown. A CDS answer that is
 *    due before its record is durable goes without anything in it. Refusals of 2 to 4 are recorded as `denied`.
 */
export function guardRoutes(app: FastifyInstance, options: EdgeOptions): void {
  const trail = auditTrail(options);
  app.decorateRequest('actor', null as never);
  app.decorateRequest('recorded', null as never);
  app.addHook('onRoute', (route) => {
    // Preflights of browsers (CORS): they carry no credentials and are shown nothing.
    if (route.method === 'OPTIONS') route.config = { access: { roles: 'public' }, ...route.config };
    if (!route.config?.access) throw new Error(`route ${route.url} declares no access`);
  });
  app.addHook('onRequest', async (request) => {
    request.actor = nobody;
    const { access } = request.routeOptions.config;
    if (!access) return; // No such route: the handler of 404 shows nothing.
    try {
      if (access.roles !== 'public') {
        checkHost(request, access.elsewhere?.hosts);
        checkOrigin(request, access.elsewhere?.origins);
      }
      if (access.verify) request.actor = await access.verify(request);
      else if (request.headers.authorization !== undefined) throw error('AORTA_EDGE_002');
      if (access.roles === 'public') return;
      if (!access.verify) request.actor = developer;
      if (!access.roles.some((role) => request.actor.roles.includes(role))) {
        throw error('AORTA_EDGE_006', { role: request.actor.roles.join(', '), needed: access.roles.join(', ') });
      }
    } catch (refusal) {
      await trail.denied(request);
      throw refusal;
    }
    // A NUL is legal in a URL, in no id, and PostgreSQL refuses it in text.
    if (/%00/.test(request.url)) throw error('AORTA_EDGE_005', { problem: 'it holds a NUL character' });
  });
  app.addHook('preHandler', async (request) => {
    const { access } = request.routeOptions.config;
    if (!access?.audit) return;
    const recorded = trail.used(request, access.audit(request), access.watched ?? false, access.alongside ? alongsideMs : undefined);
    if (!access.alongside) return recorded;
    // Thrown where it is waited for.
    recorded.catch(() => {});
    request.recorded = recorded;
  });
}
