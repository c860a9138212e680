import type { FastifyRequest } from 'fastify';
import type { TrustedClient } from '../../cds/index.ts';
import { error } from '../../errors/index.ts';
import { type Caller, developer } from '../access.ts';
import { isLoopback } from '../origin.ts';

export interface CallerOptions {
  /** Verifies a token for these URLs. */
  readonly trust: (token: string, audiences: readonly string[]) => Promise<TrustedClient>;
  /** The same at once, by a key that is here, but for whether the token is new; undefined where that cannot be said. */
  readonly recognise?: (token: string, audiences: readonly string[]) => TrustedClient | undefined;
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
  return async (request) => {
    const { authorization } = request.headers;
    if (authorization === undefined) {
      if (publicUrl !== undefined) throw error('AORTA_CDS_002', { problem: 'there is no token' });
      return { ...developer, client: localClient };
    }
    const token = bearer(authorization);
    if (token === undefined) throw error('AORTA_CDS_002', { problem: 'there is no bearer token' });
    const client = await trust(token, audiencesOf(request, publicUrl));
    return { id: `cds:${client.id}`, roles: ['service'], client: client.id };
  };
}

/** The client of a request, where that can be said at once: for `Access.recognise`. */
export function createRecogniser({ recognise, publicUrl }: CallerOptions): (request: FastifyRequest) => string | undefined {
  return (request) => {
    const token = bearer(request.headers.authorization ?? '');
    return token === undefined ? undefined : recognise?.(token, audiencesOf(request, publicUrl))?.id;
  };
}

const bearer = (authorization: string): string | undefined => /^Bearer +(\S+)$/i.exec(authorization)?.[1];

/** URLs that a token for this request may name. */
function audiencesOf({ url, headers: { host = '' } }: FastifyRequest, publicUrl: string | undefined): readonly string[] {
  const path = url.split('?')[0] ?? '';
  if (publicUrl !== undefined) return [`${publicUrl.replace(/\/+$/, '')}${path}`];
  // Only loopback may name itself.
  return isLoopback(host.replace(/:\d+$/, '')) ? [`http://${host}${path}`] : [];
}
