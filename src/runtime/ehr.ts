import type { Clock, Random } from '../clock/clock.ts';
import type { EhrAccess } from '../edge/cds/index.ts';
import { createFhirClient, createHttp, type FhirClient, type Guard, type HttpClient } from '../fhir/client/index.ts';
import type { Secrets } from '../governance/secrets/port.ts';
import { type Backend, createBackend, type KeySource, keysFromSecret, missingScopes } from '../smart/index.ts';
import type { EhrConfig } from './ehr-config.ts';
import { deadlineGuard } from './ehr-deadline.ts';
import { bulkhead, type EhrGuard } from './ehr-guard.ts';

export interface EhrOptions {
  readonly secrets: Pick<Secrets, 'get'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Scopes that a component's reads and writes need, v2 syntax. */
  readonly needed: (component: string) => readonly string[];
  /** Breaker, quota and bulkhead of an EHR (ehr-guard.ts). @default deadlines only */
  readonly guard?: ((ehr: string) => EhrGuard) | undefined;
}

export interface OpenEhr extends EhrAccess {
  /**
   * Access as a component that creates resources of a type and nothing else; undefined where its client is not registered
   * for that. With tokens of its own: what else the component does goes on when this is not granted after all.
   */
  creating(component: string, type: string): FhirClient | undefined;
  /** The keys of all components. */
  readonly keys: readonly KeySource[];
  close(): Promise<void>;
}

/** Waiting for a place counts too: who asked has a budget, and does not care what it was spent on. */
function guardOf(ehr: string, { clock, guard }: EhrOptions): Guard {
  const deadline = deadlineGuard(clock);
  const inner = guard?.(ehr);
  if (!inner) return deadline;
  return {
    run: (work, options) =>
      // One timer and one signal less for each read where nobody waits, which is nearly always.
      inner.bounds(options.deadlineMs)
        ? inner.run(work, options)
        : deadline.run((signal) => inner.run(work, { ...options, signal }), options),
  };
}

/** An EHR of the configuration: connections, tokens for each component, clients. */
export async function openEhr(id: string, config: EhrConfig, options: EhrOptions): Promise<OpenEhr> {
  const { secrets, clock, random } = options;
  const pem = async (reference: string | undefined) => (reference === undefined ? undefined : secrets.get(reference));
  const [cert, key, ca] = await Promise.all([pem(config.tls?.cert), pem(config.tls?.key), pem(config.tls?.ca)]);
  const tls = { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }), ...(ca === undefined ? {} : { ca }) };
  // One for each place: a request that waits for a connection would be taken for a slow EHR. The rest is for tokens.
  const http: HttpClient = createHttp({ tls, connections: bulkhead, inFlight: bulkhead + 128 });
  const guard = guardOf(id, options);
  const base = config.fhirBase.replace(/\/+$/, '');
  const clients = Object.entries(config.clients ?? {});
  const keys = new Map(clients.map(([component, client]) => [component, keysFromSecret(secrets, client.key)]));
  const backends = new Map<string, Backend>();
  for (const [component, client] of clients) {
    const source = keys.get(component);
    if (!source) continue;
    const identity = { clientId: client.id, keys: source, ...(client.jku === undefined ? {} : { jku: client.jku }) };
    backends.set(component, createBackend({ fhirBase: base, http: (request) => http.send(request), clock, random, ...identity }));
  }
  const under = (backend: Backend, scopes: readonly string[]): FhirClient => {
    const tokens = {
      get: async () => (await backend.token(scopes)).value,
      refused: (value: string) => backend.refused({ value, scopes: [], expiresAt: 0 }),
    };
    return createFhirClient({ base, http, guard, clock, tokens });
  };
  return {
    id,
    fhirBase: base,
    withToken: (token) => createFhirClient({ base, http, guard, clock, tokens: { get: async () => token, refused: () => false } }),
    as(component) {
      const backend = backends.get(component);
      return backend && under(backend, options.needed(component));
    },
    creating(component, type) {
      const [backend, wanted] = [backends.get(component), [`system/${type}.c`]];
      const registered = clients.find(([name]) => name === component)?.[1].scopes ?? [];
      return backend && missingScopes(wanted, registered).length === 0 ? under(backend, wanted) : undefined;
    },
    keys: [...keys.values()],
    close: () => http.close(),
  };
}
