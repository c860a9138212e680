import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import type { Clock } from '../../clock/clock.ts';
import { AortaError, error } from '../../errors/index.ts';
import type { Telemetry } from '../../telemetry/port.ts';

/** PEM texts. */
export interface TlsMaterial {
  /** With its chain. */
  readonly certificate: string;
  readonly key: string;
  /** CAs of the senders. With it, a sender must present a certificate of one of them (mutual TLS). */
  readonly clientCa?: string;
}

const soonMs = 14 * 24 * 3_600_000;

export interface Material {
  readonly context: tls.SecureContextOptions;
  /** When the certificate ends, milliseconds since 1970. */
  notAfter(): number;
  /** Stops looking for new material. */
  stop(): void;
}

/**
 * Reads the material, and again every `everyMs`: what was rotated is given to `renewed`, and used for connections from
 * then on. What cannot be read or used then is logged and counted, and the old stays in use. Throws AORTA_MLLP_010 (and
 * what `read` throws) for the first one.
 */
export async function watchMaterial(options: {
  readonly read: () => Promise<TlsMaterial>;
  readonly everyMs: number;
  readonly renewed: (context: tls.SecureContextOptions) => void;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}): Promise<Material> {
  const { read, everyMs, renewed, clock, telemetry } = options;
  const failures = telemetry.counter('aorta_mllp_tls_reload_failures_total', 'Rotated certificates that could not be used; the old stays.');
  const reloads = telemetry.counter('aorta_mllp_tls_reloads_total', 'Rotated certificates taken into use.');
  let current = await read();
  const context = usable(current);
  let notAfter = endOf(current);
  const warn = (): void => {
    if (notAfter - clock.now() < soonMs) telemetry.log('warn', 'mllp.tls.certificate-ends', { notAfter: new Date(notAfter).toISOString() });
  };
  warn();
  let stopped = false;
  let cancel = (): void => {};
  const look = async (): Promise<void> => {
    try {
      const next = await read();
      if (stopped || same(next, current)) return;
      renewed(usable(next));
      current = next;
      notAfter = endOf(next);
      reloads.inc();
      telemetry.log('info', 'mllp.tls.reloaded', { notAfter: new Date(notAfter).toISOString() });
      warn();
    } catch (thrown) {
      failures.inc();
      telemetry.log('error', 'mllp.tls.reload-failed', { code: thrown instanceof AortaError ? thrown.code : 'unknown' });
    }
  };
  const again = (): void => {
    cancel = clock.after(everyMs, () => void look().then(() => stopped || again()));
  };
  again();
  return {
    context,
    notAfter: () => notAfter,
    stop() {
      stopped = true;
      cancel();
    },
  };
}

const same = (a: TlsMaterial, b: TlsMaterial): boolean => a.certificate === b.certificate && a.key === b.key && a.clientCa === b.clientCa;

/** Throws AORTA_MLLP_010. What OpenSSL says about a key stays out of it. */
function usable({ certificate, key, clientCa }: TlsMaterial): tls.SecureContextOptions {
  const context = { cert: certificate, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
  try {
    new X509Certificate(certificate);
    if (clientCa !== undefined) new X509Certificate(clientCa);
    tls.createSecureContext(context);
  } catch (thrown) {
    throw error('AORTA_MLLP_010', { problem: (thrown as NodeJS.ErrnoException).code ?? 'not PEM' });
  }
  return context;
}

const endOf = ({ certificate }: TlsMaterial): number => Date.parse(new X509Certificate(certificate).validTo);
