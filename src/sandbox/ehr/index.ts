import Fastify from 'fastify';
import type { Clock, Random } from '../../clock/clock.ts';
import { systemClock, systemRandom } from '../../clock/system.ts';
import { ulid } from '../../clock/ulid.ts';
import { createHttp } from '../../fhir/client/index.ts';
import type { Resource } from '../../fhir/r4.ts';
import { createKeySets, type Jwk, makeKey, publicJwk } from '../../smart/index.ts';
import { type CdsClient, createCdsClient } from './cds-client.ts';
import { cdsRoutes, patientList } from './cds-routes.ts';
import { exportRoutes } from './export-routes.ts';
import { faultRoutes } from './fault-routes.ts';
import { createFaults, type Faults } from './faults.ts';
import { fhirRoutes } from './fhir-routes.ts';
import type { Ehr, RegisteredClient } from './options.ts';
import { samplePatients } from './sample.ts';
import { memoryStore, type Store } from './store.ts';
import { tokenRoute } from './token-route.ts';

export type { CdsAnswer, CdsCall, CdsClient } from './cds-client.ts';
export type { Fault, FaultKind } from './faults.ts';
export type { RegisteredClient } from './options.ts';

export interface SandboxEhrOptions {
  /** 0 picks a free one. */
  readonly port: number;
  /** @default 127.0.0.1 */
  readonly host?: string;
  readonly clients?: readonly RegisteredClient[];
  /** @default ten patients made by Synthea */
  readonly resources?: readonly Resource[];
  /** Seconds. @default 300 */
  readonly tokenLifetime?: number;
  /** @default both */
  readonly permission?: Ehr['permission'];
  /** Algorithm of the key that signs CDS Hooks requests. @default ES384 */
  readonly alg?: 'RS384' | 'ES384';
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface SandboxEhr {
  readonly url: string;
  readonly fhirBase: string;
  readonly store: Store;
  readonly faults: Faults;
  readonly cds: CdsClient;
  patients(): ReturnType<typeof patientList>;
  /** The public keys that CDS Hooks requests are signed with. */
  readonly keys: readonly Jwk[];
  register(client: RegisteredClient): void;
  /** Drops every access token: the next request with one is answered with 401. */
  revoke(): void;
  stop(): Promise<void>;
}

/**
 * An EHR to try things on: FHIR R4 (`/fhir`), SMART backend services (`/token`, `/.well-known/smart-configuration`, also
 * below `/fhir`), Bulk Data export, a CDS Hooks client, and faults to order (`/_sandbox/faults`). Its people are made up; it keeps nothing.
 */
export async function startSandboxEhr(options: SandboxEhrOptions): Promise<SandboxEhr> {
  const { clock = systemClock, random = systemRandom, host = '127.0.0.1', permission = 'both' } = options;
  const http = createHttp({ timeoutMs: 5_000 });
  const resources = options.resources ?? samplePatients(clock.now());
  const ehr: Ehr = {
    url: '',
    store: memoryStore(resources, { now: () => clock.now(), id: () => ulid(clock, random).toLowerCase() }),
    faults: createFaults(random),
    clients: new Map((options.clients ?? []).map((client) => [client.id, client])),
    tokens: new Map(),
    keySets: createKeySets({ http: (request) => http.send(request), clock }),
    clock,
    random,
    tokenLifetime: options.tokenLifetime ?? 300,
    permission,
  };
  const key = (await makeKey(options.alg ?? 'ES384', 'sandbox-ehr-1')) as Jwk & { kid: string };
  const app = Fastify({ logger: false, bodyLimit: 4 * 1024 * 1024, forceCloseConnections: true });
  faultRoutes(app, ehr);
  const configuration = async () => smartConfiguration(ehr);
  app.get('/.well-known/smart-configuration', configuration);
  app.get('/fhir/.well-known/smart-configuration', configuration);
  app.get('/.well-known/jwks.json', async (_request, reply) => {
    reply.header('Cache-Control', 'max-age=300');
    return { keys: [publicJwk(key)] };
  });
  await app.register(async (scope) => tokenRoute(scope, ehr));
  await app.register(async (scope) => fhirRoutes(scope, ehr));
  await app.register(async (scope) => exportRoutes(scope, ehr));
  const cds = createCdsClient(ehr, key);
  await app.register(async (scope) => cdsRoutes(scope, ehr, cds));
  ehr.url = await app.listen({ host, port: options.port });
  return {
    url: ehr.url,
    fhirBase: `${ehr.url}/fhir`,
    store: ehr.store,
    faults: ehr.faults,
    cds,
    patients: () => patientList(ehr),
    keys: [publicJwk(key)],
    register: (client) => void ehr.clients.set(client.id, client),
    revoke: () => ehr.tokens.clear(),
    async stop() {
      await app.close();
      await http.close();
    },
  };
}

/** A new private key as the secrets provider would hold it: for who is registered here. */
export const createKeyText = async (): Promise<string> => JSON.stringify(await makeKey('ES384', 'aorta-dev-1'));

/** SMART 2.2, "Conformance": what this server can do. */
function smartConfiguration({ url, permission }: Ehr) {
  const permissions = permission === 'both' ? ['permission-v1', 'permission-v2'] : [`permission-${permission}`];
  return {
    token_endpoint: `${url}/token`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    scopes_supported: ['system/*.rs', 'system/*.cruds'],
    capabilities: ['client-confidential-asymmetric', ...permissions],
  };
}
