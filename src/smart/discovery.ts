import { AortaError, error } from '../errors/index.ts';
import { type Algorithm, algorithms } from './jwt.ts';
import type { Clock, Http } from './ports.ts';
import { isV1, parseScope } from './scope.ts';
import { secure } from './secure.ts';

export interface SmartConfiguration {
  readonly tokenEndpoint: string;
  /** What the server verifies; both where it does not say. */
  readonly algorithms: readonly Algorithm[];
  /** The scope syntax to ask in: v2 unless the server knows v1 only. */
  readonly scopes: 'v1' | 'v2';
}

/** Of a configuration. */
const maxBytes = 256 * 1024;
/** Milliseconds that a configuration is used before it is asked for again. */
const freshMs = 60 * 60_000;

/**
 * `{fhirBase}/.well-known/smart-configuration` (SMART 2.2, "Conformance"), asked for once an hour, by one caller at a
 * time; while the server does not answer, the last one stays in use.
 */
export function createDiscovery({ fhirBase, http, clock }: { readonly fhirBase: string; readonly http: Http; readonly clock: Clock }): {
  get(): Promise<SmartConfiguration>;
} {
  let known: { readonly at: number; readonly configuration: SmartConfiguration } | undefined;
  let asking: Promise<SmartConfiguration> | undefined;
  const ask = async () => {
    const configuration = await discover(fhirBase, http);
    known = { at: clock.now(), configuration };
    return configuration;
  };
  return {
    async get() {
      if (known && clock.now() - known.at < freshMs) return known.configuration;
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return known ? asking.catch(() => known?.configuration as SmartConfiguration) : asking;
    },
  };
}

/** @throws AORTA_SMART_004, AORTA_SMART_005, AORTA_SMART_011 */
export async function discover(fhirBase: string, http: Http): Promise<SmartConfiguration> {
  const base = `${secure(fhirBase, 'the FHIR server').href.replace(/\/+$/, '')}/`;
  const answer = await http({
    method: 'GET',
    url: `${base}.well-known/smart-configuration`,
    headers: { accept: 'application/json' },
    maxBytes,
  }).catch((thrown: unknown) => {
    throw error('AORTA_SMART_004', { problem: thrown instanceof AortaError ? thrown.message : 'no answer' }, { cause: thrown });
  });
  if (answer.status !== 200) throw error('AORTA_SMART_004', { problem: `status ${answer.status}` });
  let document: Record<string, unknown>;
  try {
    document = JSON.parse(answer.text) as Record<string, unknown>;
  } catch (thrown) {
    throw error('AORTA_SMART_004', { problem: 'it is no JSON' }, { cause: thrown });
  }
  return configurationOf(document ?? {}, base);
}

function configurationOf(document: Record<string, unknown>, base: string): SmartConfiguration {
  const list = (name: string) => (Array.isArray(document[name]) ? (document[name] as unknown[]) : undefined);
  const { token_endpoint: endpoint } = document;
  if (typeof endpoint !== 'string' || endpoint === '') throw error('AORTA_SMART_005', { problem: 'there is no token_endpoint' });
  const grants = list('grant_types_supported');
  if (grants && !grants.includes('client_credentials')) throw error('AORTA_SMART_005', { problem: 'no client_credentials grant' });
  const methods = list('token_endpoint_auth_methods_supported');
  if (methods && !methods.includes('private_key_jwt')) throw error('AORTA_SMART_005', { problem: 'no private_key_jwt' });
  const offered = list('token_endpoint_auth_signing_alg_values_supported');
  const usable = algorithms.filter((alg) => offered?.includes(alg) ?? true);
  if (usable.length === 0) throw error('AORTA_SMART_005', { problem: 'neither RS384 nor ES384' });
  const capabilities = list('capabilities') ?? [];
  // SMART 1 had no name for its version: then its scopes say it.
  const known = (list('scopes_supported') ?? []).filter((scope): scope is string => typeof scope === 'string' && !!parseScope(scope));
  const old = capabilities.includes('permission-v1') || (known.length > 0 && known.every(isV1));
  // Relative addresses of servers that do not conform are below the FHIR base (SMART 2.2, "Using well-known").
  const tokenEndpoint = URL.parse(endpoint, base);
  if (!tokenEndpoint) throw error('AORTA_SMART_005', { problem: 'its token_endpoint is no URL' });
  return {
    tokenEndpoint: secure(tokenEndpoint, 'the token endpoint').href,
    algorithms: usable,
    scopes: old && !capabilities.includes('permission-v2') ? 'v1' : 'v2',
  };
}
