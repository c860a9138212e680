import type { FastifyRequest } from 'fastify';
import type { TrustedClient } from '../../cds/index.ts';
import { error } from '../../errors/index.ts';
import { type Caller, developer } from '../access.ts';
import { isLoopback } from '../origin.ts';

export interface CallerOptions {
  /** Verifies a token for these URLs. */
  readonly trust: (token: string, audiences: readonly string[]) => Promise<TrustedClient>;
  /** Whose token this says that it is, nothing verified. */
  readonly claimed?: (token: string) => string | undefined;
  /** Base URL under which clients know us. Without one this is a development server on loopback. */
  readonly publicUrl?: string;
}

/** Name of the caller that needs no token: whoever sits at the machine of a development server. */
export const localClient = 'local';

/**
 * Who calls a CDS route. A token is verified wherever it is sent. Without one only the local developer gets in, and only
 * where no public URL is configured: as soon as clients know us by one, every request needs its token (CDS Hooks 2.0,
 * "Trusting CDS Clients": every single call, discovery too).
 */
export function createCaller({ trust, publicUrl }: CallerOptions): (request: FastifyRequest) => Promise<Caller> {
  const base = publicUrl?.replace(/\/+$/, '');
  return async (request) => {
    const { authorization, host = '' } = request.headers;
    if (authorization === undefined) {
      if (base !== undefined) throw error('AORTA_CDS_002', { problem: 'there is no token' });
      return { ...developer, client: localClient };
    }
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (token === undefined) throw error('AORTA_CDS_002', { problem: 'there is no bearer token' });
    const path = request.url.split('?')[0] ?? '';
    // The Host header was checked: it is loopback, or the public one. Only loopback may name itself.
    const own = isLoopback(host.replace(/:\d+$/, '')) ? [`http://${host}${path}`] : [];
    const client = await trust(token, base === undefined ? own : [`${base}${path}`]);
    return { id: `cds:${client.id}`, roles: ['service'], client: client.id };
  };
}
