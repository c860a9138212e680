import net from 'node:net';
import tls from 'node:tls';
import type { Clock } from '../../clock/clock.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { MllpLimits } from './limits.ts';
import type { MllpMetrics } from './metrics.ts';
import { type TlsMaterial, watchMaterial } from './tls-material.ts';
import { certificateReason, handshakeReason, subjectOf } from './tls-refusal.ts';

export interface MllpTls {
  /** Called at the start, and again to find rotated material. */
  readonly material: () => Promise<TlsMaterial>;
  /** Common names of client certificates that may send; with mutual TLS only. @default all that the CA vouches for */
  readonly subjects?: readonly string[];
  /** @default 'TLSv1.2' */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Milliseconds for a handshake. @default 10_000 */
  readonly handshakeMs?: number;
  /** Milliseconds between looks for rotated material. @default 60_000 */
  readonly reloadMs?: number;
}

/** A server whose connections are handed over when their handshake is done. */
export interface TlsServer {
  readonly server: net.Server;
  /** When the certificate in use ends, milliseconds since 1970. */
  notAfter(): number;
  /** Ends handshakes under way; connections are their owner's. */
  stop(): void;
}

/**
 * TLS in front of a listener. Connections count from their first byte, or half-open handshakes would be free: at most
 * `limits.connections` handshakes at a time, `limits.connectionsPerPeer` from one address, each for `handshakeMs`.
 * What is refused is counted (aorta_mllp_tls_refused_total) and logged (mllp.tls.refused) by reason. Throws AORTA_MLLP_010.
 */
export async function tlsServer(
  options: MllpTls,
  parts: { readonly limits: MllpLimits; readonly metrics: MllpMetrics; readonly telemetry: Telemetry; readonly clock: Clock },
  onConnection: (socket: net.Socket, subject: string | undefined) => void,
): Promise<TlsServer> {
  const { limits, metrics, telemetry, clock } = parts;
  const { subjects, minVersion = 'TLSv1.2', handshakeMs = 10_000, reloadMs = 60_000 } = options;
  const watched = { read: options.material, everyMs: reloadMs, clock, telemetry };
  const material = await watchMaterial({ ...watched, renewed: (context) => secure.setSecureContext({ ...context, minVersion }) });
  const mutual = material.context.ca !== undefined;
  const refuse = (peer: string, reason: string, code = ''): void => {
    metrics.tlsRefused(reason);
    telemetry.log('warn', 'mllp.tls.refused', { peer, reason, code });
  };

  /** Handshakes under way, by address and port. */
  const shaking = new Map<string, { readonly peer: string; readonly raw: net.Socket; readonly done: () => void }>();
  const end = (socket: net.Socket): string => {
    const found = shaking.get(`${socket.remoteAddress} ${socket.remotePort}`);
    found?.done();
    return found?.peer ?? socket.remoteAddress ?? 'unknown';
  };

  const secure = tls.createServer({
    ...material.context,
    minVersion,
    requestCert: mutual,
    // Checked below, where the address is still known: Node only says of such a connection that it was reset.
    rejectUnauthorized: false,
    handshakeTimeout: handshakeMs,
    // Half-open: a sender may end its side right after the message and still wants the answer.
    allowHalfOpen: true,
    noDelay: true,
  });
  secure.on('tlsClientError', (cause, socket) => {
    refuse(end(socket), handshakeReason(cause), (cause as NodeJS.ErrnoException).code);
    socket.destroy();
  });
  secure.on('secureConnection', (socket) => {
    const peer = end(socket);
    const subject = mutual ? subjectOf(socket) : undefined;
    const reason = mutual ? certificateReason(socket, subjects) : undefined;
    if (reason !== undefined) {
      refuse(peer, reason, String(socket.authorizationError ?? ''));
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    onConnection(socket, subject);
  });

  const perPeer = new Map<string, number>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (raw) => {
    const peer = raw.remoteAddress ?? 'unknown';
    const key = `${peer} ${raw.remotePort}`;
    const fromPeer = perPeer.get(peer) ?? 0;
    if (shaking.size >= limits.connections || fromPeer >= limits.connectionsPerPeer) {
      metrics.connectionRefused('handshakes');
      raw.on('error', () => {});
      raw.destroy();
      return;
    }
    perPeer.set(peer, fromPeer + 1);
    const done = (): void => {
      if (!shaking.delete(key)) return;
      const left = (perPeer.get(peer) ?? 1) - 1;
      if (left === 0) perPeer.delete(peer);
      else perPeer.set(peer, left);
    };
    shaking.set(key, { peer, raw, done });
    raw.once('close', done);
    secure.emit('connection', raw);
  });
  const stop = (): void => {
    material.stop();
    for (const { raw } of [...shaking.values()]) raw.destroy();
  };
  return { server, stop, notAfter: material.notAfter };
}
