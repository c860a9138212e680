import type { FastifyInstance } from 'fastify';
import { AortaError } from '../../errors/index.ts';
import { assertionType, decode, memoryReplay, missingScopes, parseScope } from '../../smart/index.ts';
import type { Ehr } from './options.ts';

/** RFC 6749, 5.2. */
class Refusal extends Error {
  readonly code: string;
  constructor(code: string, description: string) {
    super(description);
    this.code = code;
  }
}

/** The SMART 2.2 rules of a token endpoint for backend services (rows 239 to 263 and 335 to 343). */
export function tokenRoute(app: FastifyInstance, ehr: Ehr): void {
  const replay = memoryReplay({ clock: ehr.clock });

  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, new URLSearchParams(String(body)));
  });

  app.post('/token', async (request, reply) => {
    reply.header('Cache-Control', 'no-store').header('Pragma', 'no-cache');
    try {
      const form = request.body instanceof URLSearchParams ? request.body : undefined;
      if (!form) throw new Refusal('invalid_request', 'the form is missing');
      if (form.get('grant_type') !== 'client_credentials') throw new Refusal('unsupported_grant_type', 'client_credentials only');
      if (form.get('client_assertion_type') !== assertionType)
        throw new Refusal('invalid_request', 'client_assertion_type is not jwt-bearer');
      const client = await authenticated(form.get('client_assertion') ?? '');
      const asked = (form.get('scope') ?? '').split(' ').filter(Boolean);
      if (asked.length === 0) throw new Refusal('invalid_scope', 'scope is required');
      // Narrowed: what is registered for this client, of what it asks for.
      const granted = asked.filter((scope) => parseScope(scope) && missingScopes([scope], client.scopes).length === 0);
      if (granted.length === 0) throw new Refusal('invalid_scope', 'nothing of it is registered for this client');
      const value = Buffer.from(ehr.random.bytes(24)).toString('base64url');
      const now = ehr.clock.now();
      for (const [old, { expiresAt }] of ehr.tokens) if (expiresAt <= now) ehr.tokens.delete(old);
      ehr.tokens.set(value, { clientId: client.id, scopes: granted, expiresAt: now + ehr.tokenLifetime * 1000 });
      return { access_token: value, token_type: 'bearer', expires_in: ehr.tokenLifetime, scope: granted.join(' ') };
    } catch (thrown) {
      const known =
        thrown instanceof Refusal ? thrown : new Refusal('invalid_client', thrown instanceof AortaError ? thrown.message : 'it failed');
      return reply.code(known.code === 'invalid_client' ? 401 : 400).send({ error: known.code, error_description: known.message });
    }
  });

  async function authenticated(assertion: string) {
    const invalid = (problem: string) => new Refusal('invalid_client', problem);
    const { header, claims } = decode(assertion);
    const { iss, sub, aud, exp, jti } = claims;
    const client = typeof iss === 'string' ? ehr.clients.get(iss) : undefined;
    if (!client || sub !== iss) throw invalid('iss and sub are not a client here');
    if (header.jku !== undefined && !('jku' in client.keys && client.keys.jku === header.jku))
      throw invalid('jku is not the registered one');
    await ehr.keySets.verify(assertion, client.keys);
    const now = ehr.clock.now() / 1000;
    if (aud !== `${ehr.url}/token`) throw invalid('aud is not this endpoint');
    if (typeof exp !== 'number' || exp <= now) throw invalid('it has expired');
    if (exp > now + 300) throw invalid('exp is more than five minutes ahead');
    if (typeof jti !== 'string' || jti === '') throw invalid('jti is missing');
    if (!(await replay.claim(`${iss} ${jti}`, exp * 1000))) throw invalid('its jti was used before');
    return client;
  }
}
