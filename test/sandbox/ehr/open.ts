import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { createFhirClient, createHttp, type FhirClient, type HttpClient } from '../../../src/fhir/client/index.ts';
import { deadlineGuard } from '../../../src/runtime/ehr-deadline.ts';
import { type SandboxEhr, type SandboxEhrOptions, startSandboxEhr } from '../../../src/sandbox/ehr/index.ts';
import {
  type Backend,
  type BackendOptions,
  createBackend,
  type Jwk,
  makeKey,
  publicJwk,
  type SigningKey,
} from '../../../src/smart/index.ts';

export interface Scope {
  after(end: () => Promise<void>): void;
}

/** The six that CDS services need. */
export const sixScopes = ['AllergyIntolerance', 'Condition', 'Encounter', 'MedicationRequest', 'Observation', 'Patient'].map(
  (type) => `system/${type}.rs`,
);

const made = new Map<string, Promise<Jwk>>();
/** RSA keys take a while: one of each for a test file. */
export async function signingKey(alg: 'RS384' | 'ES384' = 'ES384', kid = `test-${alg}`): Promise<SigningKey> {
  const key = made.get(kid) ?? makeKey(alg, kid);
  made.set(kid, key);
  return { key: await key, kid, alg };
}

export interface TestEhr {
  readonly ehr: SandboxEhr;
  readonly http: HttpClient;
  /** Requests that went out, as `METHOD path`. */
  readonly sent: string[];
  backend(options?: Partial<BackendOptions>): Promise<Backend>;
  /** A client with backend tokens. */
  client(options?: { scopes?: readonly string[] }): Promise<FhirClient>;
}

/** A sandbox EHR that knows one client, `aorta-cds`, with an ES384 and an RS384 key. */
export async function openEhr(scope: Scope, options: Partial<SandboxEhrOptions> & { scopes?: readonly string[] } = {}): Promise<TestEhr> {
  const keys = [await signingKey('ES384'), await signingKey('RS384')];
  const registered = { id: 'aorta-cds', scopes: options.scopes ?? sixScopes, keys: { keys: keys.map(({ key }) => publicJwk(key)) } };
  const ehr = await startSandboxEhr({ port: 0, clients: [registered], ...options });
  const inner = createHttp({ timeoutMs: 5_000 });
  const sent: string[] = [];
  const http: HttpClient = {
    send(request) {
      sent.push(`${request.method} ${new URL(request.url).pathname}`);
      return inner.send(request);
    },
    close: () => inner.close(),
  };
  scope.after(async () => {
    await ehr.stop();
    await inner.close();
  });
  const backend = async (more: Partial<BackendOptions> = {}) =>
    createBackend({
      fhirBase: ehr.fhirBase,
      clientId: 'aorta-cds',
      keys: { keys: async () => keys },
      http: (request) => http.send(request),
      clock: systemClock,
      random: systemRandom,
      ...more,
    });
  return {
    ehr,
    http,
    sent,
    backend,
    async client({ scopes = sixScopes } = {}) {
      const tokens = await backend();
      return createFhirClient({
        base: ehr.fhirBase,
        http,
        guard: deadlineGuard(systemClock),
        clock: systemClock,
        tokens: {
          get: async () => (await tokens.token(scopes)).value,
          refused: (value) => tokens.refused({ value, scopes: [], expiresAt: 0 }),
        },
      });
    },
  };
}

export const patientsOf = (ehr: SandboxEhr): readonly string[] => ehr.store.search('Patient', new URLSearchParams()).map(({ id }) => id);
