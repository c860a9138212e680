import type { FastifyRequest } from 'fastify';
import type { Ehr, Issued } from './options.ts';

/** The request's access token while it is good. A fault `expired-token` drops it. */
export function tokenOf(request: FastifyRequest, { tokens, clock }: Ehr): Issued | undefined {
  const value = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (value === undefined) return undefined;
  if (request.fault?.kind === 'expired-token') tokens.delete(value);
  const token = tokens.get(value);
  return token && token.expiresAt > clock.now() ? token : undefined;
}
