import { error } from '../errors/index.ts';
import { contextProblem, type Hook } from './hooks.ts';
import type { CdsService } from './service.ts';

export interface FhirAuthorization {
  readonly accessToken: string;
  readonly scopes: readonly string[];
  /** Seconds. */
  readonly expiresIn: number;
}

export interface CdsRequest {
  readonly hook: Hook;
  readonly hookInstance: string;
  readonly context: Readonly<Record<string, unknown>> & { readonly patientId: string };
  readonly prefetch: Readonly<Record<string, unknown>>;
  readonly fhirServer?: string;
  readonly fhirAuthorization?: FhirAuthorization;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const invalid = (problem: string) => error('AORTA_CDS_001', { problem });
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A call of a service (CDS Hooks 2.0, "Calling a CDS Service"). Elements that nobody knows are left alone: they may be
 * extensions. No value of the request is repeated in an error.
 *
 * @throws AORTA_CDS_001
 */
export function parseRequest(
  body: unknown,
  services: readonly CdsService[],
): { readonly request: CdsRequest; readonly service: CdsService } {
  if (!isObject(body)) throw invalid('the body is no JSON object');
  const { hook, hookInstance, context, prefetch = {}, fhirServer, fhirAuthorization } = body;
  const service = services.find((each) => each.hook === hook);
  if (!service) throw invalid(`hook is not ${services.map((each) => each.hook).join(' or ')}`);
  if (typeof hookInstance !== 'string' || !uuid.test(hookInstance)) throw invalid('hookInstance is no UUID');
  if (context === undefined) throw invalid('context is missing');
  const problem = contextProblem(service.hook, context);
  if (problem !== undefined) throw invalid(problem);
  if (!isObject(prefetch)) throw invalid('prefetch is no object');
  if (fhirServer !== undefined && !(typeof fhirServer === 'string' && /^https?:$/.test(URL.parse(fhirServer)?.protocol ?? ''))) {
    throw invalid('fhirServer is no URL');
  }
  if (fhirAuthorization !== undefined && fhirServer === undefined) throw invalid('fhirServer is missing beside fhirAuthorization');
  return {
    service,
    request: {
      ...{ hook: service.hook, hookInstance, context: context as CdsRequest['context'], prefetch },
      ...(fhirServer === undefined ? {} : { fhirServer }),
      ...(fhirAuthorization === undefined ? {} : { fhirAuthorization: authorizationOf(fhirAuthorization) }),
    },
  };
}

function authorizationOf(value: unknown): FhirAuthorization {
  if (!isObject(value)) throw invalid('fhirAuthorization is no object');
  const { access_token: accessToken, token_type: type, expires_in: expiresIn, scope, subject } = value;
  if (typeof accessToken !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(accessToken))
    throw invalid('fhirAuthorization.access_token is no token');
  if (type !== 'Bearer') throw invalid('fhirAuthorization.token_type is not Bearer');
  if (typeof expiresIn !== 'number' || !Number.isInteger(expiresIn) || expiresIn < 0)
    throw invalid('fhirAuthorization.expires_in is no number of seconds');
  if (typeof scope !== 'string' || scope === '') throw invalid('fhirAuthorization.scope is missing');
  if (typeof subject !== 'string' || subject === '') throw invalid('fhirAuthorization.subject is missing');
  return { accessToken, expiresIn, scopes: scope.split(' ').filter(Boolean) };
}
