/** Connections to the brokers: one kafkajs Cluster per producer, per consumer and for questions, all built the same way. */
import type { Socket } from 'node:net';
import type { Clock, Random } from '../../clock/clock.ts';
import { error } from '../../errors/index.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import { type Broker, Cluster, InstrumentationEventEmitter, type OpenSocket } from './internals.ts';
import { isUnknown, metadataRequest, type TopicMetadata } from './metadata.ts';
import { typeOf, within } from './problems.ts';
import { code, isPassingCode, nameOfCode } from './protocol.ts';
import { openInPlace } from './reading.ts';

/** Passed to `tls.connect` as it is; `true` for the defaults. */
export type Tls = boolean | Readonly<Record<string, unknown>>;

export interface Sasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface Connect {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls?: Tls;
  readonly sasl?: Sasl;
  readonly openSocket?: OpenSocket;
  /** Milliseconds until a request without an answer counts as failed. */
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

const levels = { 1: 'error', 2: 'warn', 4: 'info', 5: 'debug' } as const;

interface KafkaLogger {
  namespace(name: string): KafkaLogger;
  debug(message: string, extra?: object): void;
  info(message: string, extra?: object): void;
  warn(message: string, extra?: object): void;
  error(message: string, extra?: object): void;
}

/**
 * kafkajs's log lines as ours: the area and the broker, never the message, which may quote data. Its errors are mostly
 * retries on their way; what matters reaches us as a rejected promise too, so they are debug lines here.
 */
function loggerFor(telemetry: Telemetry): KafkaLogger {
  const nothing = () => {};
  const named = (area: string): KafkaLogger => {
    const write = (level: 1 | 2) => (_message: string, extra?: object) =>
      telemetry.log('debug', `kafkajs_${levels[level]}`, { service: area, peer: (extra as { broker?: string } | undefined)?.broker });
    return { namespace: named, debug: nothing, info: nothing, warn: write(2), error: write(1) };
  };
  return named('kafkajs');
}

/** Our own loops decide how long to try; kafkajs's inner retries only bridge a reconnect. */
const shortRetry = { retries: 2, initialRetryTime: 50, maxRetryTime: 500, factor: 0.2, multiplier: 2 };

/**
 * kafkajs waits for ever for a connection that is closed before it stands (a TLS handshake refused, a proxy without a
 * target): its `end` handler stops the connect timer and settles nothing. Such a close becomes an error here.
 */
function failing(open: OpenSocket, sockets: Set<Socket>): OpenSocket {
  return (to) => {
    let settled = false;
    const socket = open({
      ...to,
      onConnect() {
        settled = true;
        to.onConnect();
      },
    });
    sockets.add(socket);
    socket.once('error', () => {
      settled = true;
    });
    socket.once('close', () => {
      sockets.delete(socket);
      // kafkajs disconnects dead sockets again and again, and each `unref` of a dead socket leaves a listener behind.
      socket.unref = () => socket;
      if (!settled) socket.emit('error', new Error('closed before the connection stood'));
    });
    return socket;
  };
}

export interface ClusterOptions {
  /** A consumer's joins are repeated more often: every rebalance of a busy group costs one. */
  readonly retries?: number;
  /** 1 for producers: one request at a time on a connection keeps a partition's order through retries (K9). */
  readonly maxInFlight?: number;
}

export function openCluster(connect: Connect, telemetry: Telemetry, options: ClusterOptions = {}): Cluster {
  const logger = loggerFor(telemetry);
  const sockets = new Set<Socket>();
  const cluster = new Cluster({
    logger,
    retry: { ...shortRetry, retries: options.retries ?? shortRetry.retries },
    offsets: new Map(),
    socketFactory: failing(connect.openSocket ?? openInPlace, sockets),
    brokers: connect.brokers,
    ssl: connect.tls === false ? undefined : connect.tls,
    sasl: connect.sasl,
    clientId: connect.clientId,
    connectionTimeout: connect.connectTimeoutMs,
    authenticationTimeout: connect.connectTimeoutMs,
    requestTimeout: connect.requestTimeoutMs,
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    instrumentationEmitter: new InstrumentationEventEmitter(),
    allowAutoTopicCreation: false,
    maxInFlightRequests: options.maxInFlight ?? null,
    isolationLevel: 1,
  });
  socketsOf.set(cluster, sockets);
  return cluster;
}

/** Every socket that a cluster opened and that is not closed yet. */
const socketsOf = new WeakMap<Cluster, Set<Socket>>();

export const kafkaLogger = loggerFor;
export const shortRetries = shortRetry;

/** What one broker knows of these topics, each by itself. */
export async function askTopics(cluster: Cluster, topics: readonly string[]): Promise<readonly TopicMetadata[]> {
  if (topics.length === 0) return [];
  await cluster.connect();
  const broker = await cluster.brokerPool.findConnectedBroker();
  return broker.connectionPool.send(metadataRequest(topics));
}

/**
 * Fresh metadata. kafkajs refuses the whole answer when one topic of its list is gone (deleted), for every other topic
 * too; here the gone ones are found and dropped from its list.
 */
export async function refreshMetadata(cluster: Cluster): Promise<void> {
  try {
    await cluster.refreshMetadata();
  } catch (thrown) {
    if (typeOf(thrown) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw thrown;
    for (const found of await askTopics(cluster, [...cluster.targetTopics])) if (isUnknown(found)) cluster.targetTopics.delete(found.topic);
    await cluster.refreshMetadata();
  }
}

/**
 * Adds those topics that exist to the list whose metadata is kept; resolves with the others. An unknown one never enters
 * the list: it is shared by all callers, and the refreshes of all would fail for it.
 */
export async function followTopics(cluster: Cluster, topics: readonly string[]): Promise<readonly string[]> {
  const found = await askTopics(cluster, topics);
  const unknown = new Set(found.filter(isUnknown).map(({ topic }) => topic));
  // Nor one that may not be seen or cannot be: refreshes would fail for it as well.
  for (const { topic, errorCode } of found)
    if (errorCode !== code.none && !unknown.has(topic) && !isPassingCode(errorCode))
      throw error('AORTA_LOG_008', { operation: `metadata of ${topic}`, problem: nameOfCode(errorCode) });
  const wanted = topics.filter((topic) => !unknown.has(topic));
  for (const topic of wanted) cluster.targetTopics.add(topic);
  // A refresh that is under way is shared by kafkajs, and does not ask for what was added since; and the broker that it
  // asks may not know a topic yet that another one knows. So what counts is whether its partitions are known.
  const missing = () => wanted.filter((topic) => cluster.findTopicPartitionMetadata(topic).length === 0);
  for (let tries = 0; tries < 3 && wanted.length > 0; tries++) {
    await refreshMetadata(cluster);
    // What is gone was dropped from the list; what is still on it and unknown was not asked for.
    if (missing().every((topic) => !cluster.targetTopics.has(topic))) break;
  }
  return [...unknown, ...missing()];
}

/** Disconnects; when the broker does not let go within `ms` (requests still in flight), the sockets are cut. */
export async function closeCluster(cluster: Cluster, clock: Clock, ms: number): Promise<void> {
  const brokers: Broker[] = [...Object.values(cluster.brokerPool.brokers)];
  if (cluster.brokerPool.seedBroker) brokers.push(cluster.brokerPool.seedBroker);
  try {
    await within(clock, ms, 'disconnect', cluster.disconnect());
  } catch {
    for (const broker of brokers) {
      for (const { socket, requestQueue } of broker.connectionPool.pool) {
        // Without this the queue's timer would hold the process until the last request times out.
        requestQueue.rejectAll(new Error('closed'));
        requestQueue.destroy();
        socket?.destroy();
      }
    }
  }
  // Its brokers may have been replaced meanwhile, or have connected again: what is still open belongs to nobody.
  for (const socket of socketsOf.get(cluster) ?? []) if (!socket.writableEnded) socket.destroy(new Error('closed'));
}
