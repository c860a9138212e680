import type { AdviceStore } from '../advice/port.ts';
import type { Blob } from '../blob/port.ts';
import type { Clock } from '../clock/clock.ts';
import type { Audit } from '../governance/audit/port.ts';
import type { Secrets } from '../governance/secrets/port.ts';
import type { Identity } from '../identity/port.ts';
import type { Jobs } from '../jobs/port.ts';
import type { Keyed } from '../keyed/port.ts';
import type { Log } from '../log/port.ts';
import type { PrometheusTelemetry } from '../ops/telemetry.ts';
import type { Quarantine } from '../quarantine/port.ts';
import type { Registry } from '../schema/port.ts';
import type { State } from '../state/port.ts';

/** Everything a worker stands on, opened and migrated. The same flows run on either. */
export interface Profile {
  readonly kind: 'embedded' | 'kafka';
  /** The time that all workers of these stores have in common. */
  readonly clock: Clock;
  readonly log: Log;
  readonly state: State;
  readonly registry: Registry;
  readonly identity: Identity;
  readonly blob: Blob;
  readonly quarantine: Quarantine;
  readonly audit: Audit;
  readonly advice: AdviceStore;
  readonly jobs: Jobs;
  /** Claims and quotas: shared by all workers where Redis is there, else of this process. */
  readonly keyed: Keyed;
  /** Name of this worker among those that share the stores; kept over restarts. */
  readonly instance: string;
  /** Closes in the reverse order of opening. */
  close(): Promise<void>;
}

export interface ProfileOptions {
  /** Data directory: everything of the embedded profile; caches, audit and instance name of the other. */
  readonly data: string;
  readonly clock: Clock;
  readonly telemetry: PrometheusTelemetry;
  /** Where passwords of the stores are. */
  readonly secrets: Pick<Secrets, 'get'>;
}

/** Opens resources one after the other; whatever was opened is closed if a later one fails. */
export class Opened {
  readonly #closers: (() => unknown)[] = [];

  add<T extends { close(): unknown }>(resource: T): T {
    this.#closers.push(() => resource.close());
    return resource;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}
