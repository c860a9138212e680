export { type CallerOptions, createCaller, createRecogniser, localClient } from './caller.ts';
export type { EhrAccess } from './ehr.ts';
export { type CdsAnswer, type CdsCaller, type CdsHost, type CdsHostOptions, createCdsHost } from './host.ts';
export { createQuotas, type Quota, type QuotaOptions, type Quotas, standardQuota } from './quota.ts';
export { type SharedReplay, type SharedReplayOptions, sharedReplay } from './replay.ts';

import type { CallerOptions } from './caller.ts';
import type { CdsHost } from './host.ts';
import type { Quotas } from './quota.ts';

/** What the CDS routes are given. */
export interface EdgeCds extends CallerOptions {
  readonly host: CdsHost;
  readonly quotas: Quotas;
  /** Origins of browser clients (CORS). */
  readonly corsOrigins: readonly string[];
  /** Our own public keys, for EHRs that verify what we sign. */
  readonly keySet: () => Promise<{ readonly keys: readonly object[] }>;
}
