import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AortaError, error } from '../errors/index.ts';
import type { Secrets } from '../governance/secrets/port.ts';
import { createSenders, type MllpListener, type MllpOptions, type MllpTls, startMllp, type TlsMaterial } from '../ingress/index.ts';
import type { MllpConfig, MllpTlsConfig } from './mllp-config.ts';

export interface MllpListeners {
  /** Of plaintext, or of TLS where that takes its place. */
  readonly address: MllpListener['address'];
  /** Of TLS on a port of its own. */
  readonly secure: MllpListener['address'] | undefined;
  readonly mergeTopics: readonly string[];
  /** Takes in what was quarantined, as if it were sent again. */
  readonly resubmit: MllpListener['resubmit'];
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

/**
 * The MLLP listeners of a worker: one, in plaintext or TLS, or both, as `mllp` of the configuration says. Throws what
 * `startMllp` throws, and AORTA_MLLP_010 and AORTA_SEC_* for certificates that cannot be read.
 */
export async function startMllpListeners(options: MllpOptions, config: MllpConfig, secrets: Secrets): Promise<MllpListeners> {
  const { tls, plaintext, batchAnswers, limits, silentAfterMinutes = {} } = config;
  const silentAfterMs = Object.fromEntries(Object.entries(silentAfterMinutes).map(([sender, minutes]) => [sender, minutes * 60_000]));
  const senders = createSenders({ telemetry: options.telemetry, clock: options.clock, silentAfterMs });
  const base: MllpOptions = { ...options, senders, ...(batchAnswers ? { batchAnswers } : {}), ...(limits ? { limits } : {}) };
  const open: MllpListener[] = [];
  const stop = async (how?: { readonly drainMs?: number }): Promise<void> => {
    await Promise.all(open.map((listener) => listener.stop(how)));
    senders.stop();
  };
  try {
    const secured = tls && { ...base, tls: tlsOf(tls, secrets) };
    const beside = tls?.port !== undefined;
    const plain = { ...base, ...(plaintext ? { plaintext } : {}) };
    const first = await startMllp(secured && !beside ? secured : plain);
    open.push(first);
    const second = secured && beside ? await startMllp({ ...secured, host: tls.host ?? options.host, port: tls.port }) : undefined;
    if (second) open.push(second);
    return { address: first.address, secure: second?.address, mergeTopics: first.mergeTopics, resubmit: first.resubmit, stop };
  } catch (thrown) {
    await stop({ drainMs: 0 });
    throw thrown;
  }
}

function tlsOf({ certificate, key, clientCa, subjects, minVersion }: MllpTlsConfig, secrets: Secrets): MllpTls {
  const material = async (): Promise<TlsMaterial> => ({
    certificate: await pem('certificate', certificate, secrets),
    key: await pem('key', key, secrets),
    ...(clientCa === undefined ? {} : { clientCa: await pem('clientCa', clientCa, secrets) }),
  });
  return { material, ...(subjects ? { subjects } : {}), ...(minVersion ? { minVersion } : {}) };
}

async function pem(name: string, source: string, secrets: Secrets): Promise<string> {
  if (source.startsWith('secret:')) return secrets.get(source);
  try {
    return await readFile(resolve(source), 'utf8');
  } catch (thrown) {
    if (thrown instanceof AortaError) throw thrown;
    throw error('AORTA_MLLP_010', { problem: `${name}: ${(thrown as NodeJS.ErrnoException).code ?? 'not readable'}` });
  }
}
