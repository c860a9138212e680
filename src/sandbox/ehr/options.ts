import type { Clock, Random } from '../../clock/clock.ts';
import type { Jwk, KeySets } from '../../smart/index.ts';
import type { Faults } from './faults.ts';
import type { Store } from './store.ts';

/** A backend service as it is registered at the EHR. */
export interface RegisteredClient {
  readonly id: string;
  /** What it may be granted, v1 or v2 syntax. */
  readonly scopes: readonly string[];
  /** Its public keys, or where they are. */
  readonly keys: { readonly jku: string } | { readonly keys: readonly Jwk[] };
}

export interface Issued {
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What the routes of the sandbox share. */
export interface Ehr {
  /** Without a slash at the end. */
  url: string;
  readonly store: Store;
  readonly faults: Faults;
  readonly clients: Map<string, RegisteredClient>;
  readonly tokens: Map<string, Issued>;
  readonly keySets: KeySets;
  readonly clock: Clock;
  readonly random: Random;
  /** Seconds that tokens are good for. */
  readonly tokenLifetime: number;
  /** What the SMART configuration says of scopes. */
  readonly permission: 'v1' | 'v2' | 'both';
}
