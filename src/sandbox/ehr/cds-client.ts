import { type AortaError, error } from '../../errors/index.ts';
import { fill } from '../../fhir/client/index.ts';
import { type Jwk, sign } from '../../smart/index.ts';
import type { Ehr } from './options.ts';
import { searchPage } from './page.ts';
import { UnknownSearch } from './search.ts';

export interface CdsCall {
  /** Base URL of the CDS services: `http://127.0.0.1:4100`. */
  readonly base: string;
  readonly service: string;
  readonly patientId: string;
  readonly encounterId?: string;
  /** More of the hook's context: `draftOrders`. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Which prefetch templates are satisfied. @default all */
  readonly prefetch?: 'all' | 'none' | readonly string[];
  /** Whether the service may read for itself. @default true */
  readonly access?: boolean;
  /** Claims that replace those of a correct token: for tests of what is refused. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly hookInstance?: string;
}

export interface CdsAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  /** What was sent. */
  readonly request: Readonly<Record<string, unknown>>;
}

interface Described {
  readonly id: string;
  readonly hook: string;
  readonly prefetch?: Readonly<Record<string, string>>;
}

const scopes = ['Patient', 'Encounter', 'Condition', 'MedicationRequest', 'Observation', 'AllergyIntolerance'].map(
  (type) => `user/${type}.rs`,
);

/**
 * Calls CDS services as an EHR does (CDS Hooks 2.0): looks at discovery, runs the prefetch templates, gives a short-lived
 * access token for what else is needed, and signs every request with a new JWT.
 */
export function createCdsClient(ehr: Ehr, key: Jwk & { readonly kid: string }) {
  const alg = key.kty === 'RSA' ? 'RS384' : 'ES384';

  const authorization = async (audience: string, claims: CdsCall['claims'] = {}) => {
    const now = Math.floor(ehr.clock.now() / 1000);
    const jti = Buffer.from(ehr.random.bytes(16)).toString('hex');
    const standard = { iss: ehr.url, aud: audience, iat: now, exp: now + 120, jti };
    return `Bearer ${await sign({ ...standard, ...claims }, { key, alg, kid: key.kid, jku: `${ehr.url}/.well-known/jwks.json` })}`;
  };

  const discover = async (base: string): Promise<readonly Described[]> => {
    const url = `${base}/cds-services`;
    const headers = { authorization: await authorization(url) };
    const { status, text } = await answered('discovery', () => fetch(url, { headers, signal: AbortSignal.timeout(10_000) }));
    if (status !== 200) throw unfit('discovery', `it answered ${status}`);
    const { services } = (parsed('discovery', text) ?? {}) as { services?: unknown };
    if (!Array.isArray(services)) throw unfit('discovery', 'it lists no services');
    return services.filter((each): each is Described => typeof each?.id === 'string' && typeof each.hook === 'string');
  };

  /** Undefined: a search that this EHR does not know. CDS Hooks 2.0 has a client leave the key out then. */
  const data = (template: string, context: Readonly<Record<string, unknown>>): unknown => {
    const query = fill(template, context, ehr.clock.now());
    if (query === undefined) return null;
    const [path = '', search] = query.split('?');
    const [type = '', id] = path.split('/');
    if (search === undefined) return ehr.store.read(type, id ?? '') ?? null;
    try {
      return searchPage(ehr, type, new URLSearchParams(search));
    } catch (thrown) {
      if (thrown instanceof UnknownSearch) return undefined;
      throw thrown;
    }
  };

  return {
    authorization,
    /** @throws AORTA_SANDBOX_001 */
    discover,
    /** @throws AORTA_EDGE_004 (no such service), AORTA_SANDBOX_001 */
    async call({
      base,
      service,
      patientId,
      encounterId,
      prefetch = 'all',
      access = true,
      claims,
      hookInstance,
      ...more
    }: CdsCall): Promise<CdsAnswer> {
      const described = (await discover(base)).find(({ id }) => id === service);
      if (!described) throw error('AORTA_EDGE_004', { what: `CDS service ${service}` });
      const context = { userId: 'Practitioner/sandbox', patientId, ...(encounterId === undefined ? {} : { encounterId }), ...more.context };
      const templates = Object.entries(described.prefetch ?? {}).filter(([, template]) => typeof template === 'string');
      const satisfied = prefetch === 'none' ? [] : templates.filter(([name]) => prefetch === 'all' || prefetch.includes(name));
      const token = Buffer.from(ehr.random.bytes(24)).toString('base64url');
      if (access) ehr.tokens.set(token, { clientId: 'cds', scopes, expiresAt: ehr.clock.now() + 60_000 });
      const request = {
        hook: described.hook,
        hookInstance: hookInstance ?? uuid(ehr.random.bytes(16)),
        context,
        ...(satisfied.length === 0
          ? {}
          : { prefetch: Object.fromEntries(satisfied.map(([name, template]) => [name, data(template, context)])) }),
        ...(access
          ? {
              fhirServer: `${ehr.url}/fhir`,
              fhirAuthorization: {
                access_token: token,
                token_type: 'Bearer',
                expires_in: 60,
                scope: scopes.join(' '),
                subject: 'aorta-cds',
              },
            }
          : {}),
      };
      const url = `${base}/cds-services/${service}`;
      const headers = { 'content-type': 'application/json', authorization: await authorization(url, claims) };
      const body = JSON.stringify(request);
      try {
        const answer = await answered(service, () => fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(30_000) }));
        return { ...answer, body: parsed(service, answer.text), request };
      } finally {
        // Revoked when the hook is answered, as an EHR should.
        ehr.tokens.delete(token);
      }
    },
  };
}

export type CdsClient = ReturnType<typeof createCdsClient>;

const unfit = (what: string, problem: string, cause?: unknown): AortaError =>
  error('AORTA_SANDBOX_001', { what, problem }, cause === undefined ? {} : { cause });

/** A whole answer: the body can break off too. */
async function answered(what: string, ask: () => Promise<Response>) {
  try {
    const answer = await ask();
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  } catch (thrown) {
    throw unfit(what, (thrown as Error).name === 'TimeoutError' ? 'it did not answer in time' : 'the connection failed', thrown);
  }
}

function parsed(what: string, text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // The parser quotes the text, which may be about a patient.
    throw unfit(what, 'it did not answer with JSON');
  }
}

/** Version 4 of RFC 9562. */
function uuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
