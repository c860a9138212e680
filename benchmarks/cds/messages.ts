import type { Jwk } from '../../src/smart/index.ts';

/** To the process of the EHR, over IPC. */
export type ToEhr =
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'hang' }
  /** Every read since the last time. */
  | { readonly kind: 'reads' };

export type FromEhr =
  | { readonly kind: 'ready'; readonly url: string; readonly fhirBase: string; readonly patients: readonly string[] }
  | { readonly kind: 'set' }
  | { readonly kind: 'reads'; readonly reads: readonly Read[]; readonly cpuSeconds: number };

/** One request at the EHR: which bearer token, when it was there, and when its answer had been handed over. Milliseconds since 1970. */
export type Read = readonly [token: string, from: number, to: number];

export interface EhrTask {
  readonly client: string;
  readonly scopes: readonly string[];
  readonly key: Jwk;
}
