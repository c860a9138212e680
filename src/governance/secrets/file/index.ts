import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../clock/clock.ts';
import { systemClock } from '../../../clock/system.ts';
import { AortaError, error } from '../../../errors/index.ts';
import { silentTelemetry, type Telemetry } from '../../../telemetry/port.ts';
import type { Secrets } from '../port.ts';

export interface FileSecretsOptions {
  /** One file a secret, named as the secret, mode 0600. */
  readonly dir: string;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
}

const freshMs = 5 * 60_000;
const largest = 64 * 1024;
const reference = /^secret:([a-z0-9][a-z0-9._-]{0,126})$/;

interface Cached {
  value: string;
  readAt: number;
  refreshing: Promise<void> | undefined;
}

/**
 * Port Secrets on files: `secret:ehr-client-key` is the text of `<dir>/ehr-client-key`, without a final line break.
 *
 * A value is read again after 5 minutes, in the background: callers never wait for a provider that they have used
 * before, a rotated secret is in use by the second call after that time, and the old one stays in use while the file
 * is missing or unreadable (counted by aorta_secret_refresh_failures_total). Values are in no error and no log line.
 */
export function createFileSecrets({ dir, clock = systemClock, telemetry = silentTelemetry }: FileSecretsOptions): Secrets {
  const cache = new Map<string, Cached>();
  const reading = new Map<string, Promise<string>>();
  const failures = telemetry.counter(
    'aorta_secret_refresh_failures_total',
    'Secrets that could not be read again; the old value stays in use.',
  );

  const read = (name: string): Promise<string> => {
    let running = reading.get(name);
    if (!running) {
      running = readSecret(dir, name)
        .then((value) => {
          cache.set(name, { value, readAt: clock.now(), refreshing: undefined });
          return value;
        })
        .finally(() => reading.delete(name));
      reading.set(name, running);
    }
    return running;
  };

  return {
    async get(given) {
      const name = reference.exec(given)?.[1];
      // Not repeated in the error: someone may have given the secret itself.
      if (name === undefined) throw error('AORTA_SEC_003');
      const cached = cache.get(name);
      if (!cached) return read(name);
      if (clock.now() - cached.readAt >= freshMs) {
        cached.refreshing ??= read(name).then(
          () => {},
          () => {
            failures.inc();
            cached.refreshing = undefined;
          },
        );
      }
      return cached.value;
    },
    async close() {
      await Promise.allSettled([...reading.values()]);
      cache.clear();
    },
  };
}

async function readSecret(dir: string, name: string): Promise<string> {
  try {
    const file = await open(join(dir, name), 'r');
    try {
      // Of the open file: a path could be exchanged between the look and the reading.
      const { mode, size } = await file.stat();
      if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw error('AORTA_SEC_002', { name });
      if (size > largest) throw error('AORTA_SEC_005', { name, problem: 'it is larger than 64 KiB' });
      const value = (await file.readFile('utf8')).replace(/\r?\n$/, '');
      if (value === '') throw error('AORTA_SEC_005', { name, problem: 'it is empty' });
      return value;
    } finally {
      await file.close();
    }
  } catch (thrown) {
    if (thrown instanceof AortaError) throw thrown;
    const code = (thrown as NodeJS.ErrnoException).code ?? 'unknown';
    throw code === 'ENOENT' ? error('AORTA_SEC_001', { name }) : error('AORTA_SEC_004', { name, problem: code });
  }
}
