import { join } from 'node:path';
import type { Clock } from '../clock/clock.ts';
import { createFileSecrets } from '../governance/secrets/file/index.ts';
import type { Secrets } from '../governance/secrets/port.ts';
import type { Telemetry } from '../telemetry/port.ts';

export interface SecretsOptions {
  /** Data directory. */
  readonly data: string;
  readonly clock: Clock;
  readonly telemetry?: Telemetry;
  /** Secrets that this process made for itself, by reference: they come before those in files. */
  readonly own?: ReadonlyMap<string, string>;
}

/** The secrets of an instance: files in AORTA_SECRETS_DIR, else in `secrets` of the data directory. */
export function openSecrets({ data, clock, telemetry, own = new Map() }: SecretsOptions): Secrets {
  const dir = process.env['AORTA_SECRETS_DIR'] ?? join(data, 'secrets');
  const files = createFileSecrets({ dir, clock, ...(telemetry ? { telemetry } : {}) });
  return {
    async get(reference) {
      return own.get(reference) ?? files.get(reference);
    },
    close: () => files.close(),
  };
}
