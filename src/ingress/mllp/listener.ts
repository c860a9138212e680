import net from 'node:net';
import type { Hl7Adt } from '../../../schemas/generated/hl7-adt.ts';
import { topics } from '../../../schemas/topics.ts';
import type { Clock, Random } from '../../clock/clock.ts';
import { error } from '../../errors/index.ts';
import { charsetOf, checkZone, type IdentifierSystems, type Sources } from '../../hl7/index.ts';
import type { Quarantine } from '../../quarantine/port.ts';
import type { Serde } from '../../schema/port.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { Admission } from '../admission.ts';
import { adtRoute } from './adt.ts';
import { type BatchAnswers, withBatches } from './batch.ts';
import { Connection, type ConnectionParts } from './connection.ts';
import { createExchange } from './exchange.ts';
import { defaultLimits, type MllpLimits } from './limits.ts';
import { refusePlaintext } from './loopback.ts';
import { mllpMetrics } from './metrics.ts';
import { refusals } from './refusal.ts';
import { type Resubmitted, resubmit } from './resubmit.ts';
import type { Route } from './route.ts';
import { createSenders, type Senders } from './senders.ts';
import { type MllpTls, tlsServer } from './tls.ts';

export interface MllpOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly limits?: Partial<MllpLimits>;
  /** Started already. */
  readonly admission: Admission;
  readonly serde: Serde<Hl7Adt>;
  readonly quarantine: Quarantine;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly random: Random;
  readonly defaults?: {
    /** Charset of messages without MSH-18. @default ISO-8859-1 */
    readonly charset?: string;
    /** Zone of times without an offset. @default UTC */
    readonly zone?: string;
    /** Namespace of an assigning authority → FHIR system. */
    readonly identifierSystems?: IdentifierSystems;
  };
  /** Source profiles. @default none: every message is read by the defaults */
  readonly sources?: Sources;
  /** Topic of ADT messages. @default hl7.adt */
  readonly adtTopic?: string;
  /** How a batch (FHS, BHS) is answered. @default 'batch' */
  readonly batchAnswers?: BatchAnswers;
  /** Message types beside ADT. */
  readonly routes?: readonly Route[];
  /** Speaks TLS, and mutual TLS where the material has a CA of the senders. @default plaintext */
  readonly tls?: MllpTls;
  /** Where plaintext may be spoken. @default 'loopback' */
  readonly plaintext?: 'loopback' | 'anywhere';
  /** Who was heard of when; to be shared by listeners of one site. @default one of its own */
  readonly senders?: Senders;
}

export interface MllpListener {
  readonly address: { readonly host: string; readonly port: number };
  connections(): number;
  /** Topics whose flows are told of merged patients. */
  readonly mergeTopics: readonly string[];
  /** Takes in again what was quarantined. Rejects with AORTA_INGRESS_002 when it cannot be stored. */
  resubmit(content: Buffer, peer: string): Promise<Resubmitted>;
  /** Accepts no more, answers what came whole (for at most `drainMs`, default 10 000), closes. Idempotent. */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

const checkMs = 1_000;
const expiry = ['aorta_mllp_tls_certificate_not_after_timestamp_seconds', 'When the certificate in use ends, Unix time.'] as const;

/** Topics whose flows are told of merged patients: of all messages that the listener takes. */
const mergeTopicsOf = ({ adtTopic = topics.adt.name, routes = [] }: MllpOptions): readonly string[] => [
  ...new Set([adtTopic, ...routes.flatMap(({ topic }) => topic ?? [])]),
];

/**
 * The MLLP entry point. Each connection's frames become answers in order (connection.ts); each frame one exchange
 * (exchange.ts), which ends in the durable append (../admission.ts).
 *
 * Limits (limits.ts) and what happens at them: too large or never-ending frame, too many bytes outside of frames, stalled
 * frame, memory of all open frames: quarantined, connection closed. Too many connections, in all or from one address:
 * refused at once. Unread answers, idle connections: closed. Nothing of this touches other connections.
 *
 * Throws AORTA_CFG_001 for an unknown charset or zone, AORTA_MLLP_009 for plaintext that others than this machine could
 * read, AORTA_MLLP_010 for certificates that are not usable; a port that is taken rejects as node:net does.
 */
export async function startMllp(options: MllpOptions): Promise<MllpListener> {
  const { host, admission, serde, quarantine, telemetry, clock, random, defaults = {} } = options;
  const limits: MllpLimits = { ...defaultLimits, ...options.limits };
  const charset = charsetOf(defaults.charset ?? 'ISO-8859-1');
  if (!charset) throw error('AORTA_CFG_001', { problem: `charset ${defaults.charset} is not known` });
  const zone = defaults.zone ?? 'UTC';
  checkZone(zone);
  if (!options.tls && options.plaintext !== 'anywhere') refusePlaintext(host);

  const metrics = mllpMetrics(telemetry);
  const refuse = refusals({ quarantine, telemetry, metrics, limits, clock, random });
  const mergeTopics = mergeTopicsOf(options);
  const adt = adtRoute({
    serde,
    mergeTopics,
    zone,
    ...(options.adtTopic ? { topic: options.adtTopic } : {}),
    ...(defaults.identifierSystems ? { identifierSystems: defaults.identifierSystems } : {}),
  });
  const routes = [adt, ...(options.routes ?? [])];
  const senders = options.senders ?? createSenders({ telemetry, clock });
  const { sources } = options;
  const taking = { routes, admission, metrics, telemetry, clock, random, charset, senders, ...(sources ? { sources } : {}) };
  const one = createExchange({ ...taking, refuse });
  const answers = options.batchAnswers ?? 'batch';
  const exchange = withBatches({ exchange: one, refuse, metrics, telemetry, limits, clock, random, answers });
  const parts: ConnectionParts = { limits, exchange, refuse, metrics, telemetry, clock, held: { bytes: 0 } };

  const connections = new Set<Connection>();
  const perPeer = new Map<string, number>();
  let stopping: Promise<void> | undefined;

  const accept = (socket: net.Socket, subject?: string): void => {
    const peer = socket.remoteAddress ?? 'unknown';
    const fromPeer = perPeer.get(peer) ?? 0;
    const over = stopping
      ? 'shutdown'
      : connections.size >= limits.connections
        ? 'total'
        : fromPeer >= limits.connectionsPerPeer
          ? 'peer'
          : undefined;
    if (over) {
      metrics.connectionRefused(over);
      telemetry.log('warn', 'mllp.connection.refused', { peer, reason: over });
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    metrics.opened.inc();
    perPeer.set(peer, fromPeer + 1);
    const connection = new Connection(socket, parts, subject);
    connections.add(connection);
    void connection.closed.then(() => {
      connections.delete(connection);
      const left = (perPeer.get(peer) ?? 1) - 1;
      if (left === 0) perPeer.delete(peer);
      else perPeer.set(peer, left);
    });
  };

  // Half-open: a sender may end its side right after the message and still wants the answer.
  const secure = options.tls ? await tlsServer(options.tls, { limits, metrics, telemetry, clock }, accept) : undefined;
  const server = secure?.server ?? net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => accept(socket));
  try {
    await listening(server, host, options.port);
  } catch (thrown) {
    secure?.stop();
    throw thrown;
  }
  server.on('error', (cause) => telemetry.log('error', 'mllp.listener.failed', { error: cause }));
  const address = server.address() as net.AddressInfo;
  telemetry.log('info', 'mllp.listening', { host: address.address, port: address.port, tls: secure !== undefined });

  const transport = { transport: secure ? 'tls' : 'tcp' };
  const stopSampling = [
    ...(secure ? [telemetry.sampled(...expiry, {}, () => secure.notAfter() / 1000)] : []),
    telemetry.sampled('aorta_mllp_connections', 'Open connections.', transport, () => connections.size),
    telemetry.sampled('aorta_mllp_held_bytes', 'Bytes that open frames hold.', transport, () => parts.held.bytes),
  ];
  let cancelCheck: () => void = () => {};
  const checkAll = (): void => {
    const now = clock.monotonic();
    for (const connection of connections) connection.check(now);
    cancelCheck = clock.after(checkMs, checkAll);
  };
  cancelCheck = clock.after(checkMs, checkAll);

  const stop = async (drainMs: number): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    secure?.stop();
    const open = [...connections];
    let cancel: () => void = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(drainMs, () => {
        for (const connection of open) connection.destroy();
        resolve(Promise.all(open.map((connection) => connection.closed)).then(() => {}));
      });
    });
    for (const connection of open) connection.drain();
    await Promise.race([Promise.all(open.map((connection) => connection.settled)), late]);
    await closed;
    cancel();
    cancelCheck();
    if (!options.senders) senders.stop();
    for (const end of stopSampling) end();
  };

  return {
    address: { host: address.address, port: address.port },
    connections: () => connections.size,
    mergeTopics,
    resubmit: (content, peer) => resubmit(taking, content, peer),
    stop({ drainMs = 10_000 } = {}) {
      stopping ??= stop(drainMs);
      return stopping;
    },
  };
}

function listening(server: net.Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 511 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
