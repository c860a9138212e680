import type { Jwk } from '../../src/smart/index.ts';

/** Of the EHR's process, over IPC. */
export interface FromEhr {
  readonly kind: 'ready';
  readonly url: string;
  readonly patients: readonly string[];
}

/** To the process of its front. */
export type ToFront =
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'hang' }
  /** Every read since the last time. */
  | { readonly kind: 'reads' };

export type FromFront =
  | { readonly kind: 'ready'; readonly fhirBase: string }
  | { readonly kind: 'set' }
  | { readonly kind: 'reads'; readonly reads: readonly Read[]; readonly cpuSeconds: number; readonly lateness: Lateness };

/** Of an event loop since the last time. A read that came meanwhile is counted from where it was over. */
export interface Lateness {
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** One request at the EHR: which bearer token, when it was there, and when its answer had been handed over. Milliseconds since 1970. */
export type Read = readonly [token: string, from: number, to: number];

export interface EhrTask {
  readonly client: string;
  readonly scopes: readonly string[];
  readonly key: Jwk;
}
